/**
 * What a worker's terminal runs: the CLI, and after a failure a pause. The terminal has no shell
 * around it, so it would close with the process, and the error would go with it.
 */
import { once } from "node:events";

interface Cli {
  readonly run: (argv: readonly string[]) => Promise<number>;
}

const { run } = (await import(new URL("./cli-program.js", import.meta.url).href)) as Cli;
const exitCode = await run(process.argv.slice(2));

if (exitCode !== 0 && process.stdin.isTTY) {
  process.stdout.write(`\nThe worker ended with exit code ${exitCode}. Press Enter to close this terminal.\n`);
  await Promise.race([once(process.stdin, "data"), once(process.stdin, "end"), once(process, "SIGINT"), once(process, "SIGHUP")]).catch(() => undefined);
  // Whoever is here has seen it: the editor needn't tell them a second time.
  process.exit(0);
}
process.exit(exitCode);
