/**
 * What a worker's terminal runs: the CLI, and after a failure a pause. The terminal has no shell
 * around it, so it would close with the process, and the error would go with it.
 */
const cli = new URL("./cli-main.js", import.meta.url).href;
await import(cli);

if (process.exitCode !== undefined && process.exitCode !== 0 && process.stdin.isTTY) {
  process.stdout.write(`\nThe worker ended with exit code ${process.exitCode}. Press Enter to close this terminal.\n`);
  // Whoever is here has seen it: the editor needn't tell them a second time.
  process.exitCode = 0;
  process.once("SIGINT", () => process.exit());
  process.stdin.once("data", () => process.exit());
}
