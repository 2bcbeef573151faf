/**
 * What a worker's process runs: the CLI, with the secrets that the editor keeps. In a terminal, after a
 * failure, it waits: the terminal has no shell around it, so it would close with the process, and the
 * error would go with it.
 */
import { once } from "node:events";
import { url as debuggerUrl } from "node:inspector";
import { HANDOVER, takeSecrets } from "./handover.ts";

interface Cli {
  readonly run: (argv: readonly string[]) => Promise<number>;
}

async function runWorker(): Promise<number> {
  const address = process.env[HANDOVER];
  if (address !== undefined) {
    Reflect.deleteProperty(process.env, HANDOVER);
    // For handlers and programs, too, which push to the same queues themselves.
    const { encryptionKey, url, credentials } = await takeSecrets(address);
    const given = { QUEUESCOPE_ENCRYPTION_KEY: encryptionKey, QUEUESCOPE_URL: url, QUEUESCOPE_CREDENTIALS: credentials };
    for (const [name, value] of Object.entries(given)) if (value !== undefined) process.env[name] = value;
  }
  const { run } = (await import(new URL("./cli-program.js", import.meta.url).href)) as Cli;
  return run(process.argv.slice(2));
}

const exitCode = await runWorker().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  return 1;
});

if (exitCode !== 0 && process.stdin.isTTY && debuggerUrl() === undefined) {
  process.stdout.write(`\nThe worker ended with exit code ${exitCode}. Press Enter to close this terminal.\n`);
  await Promise.race([once(process.stdin, "data"), once(process.stdin, "end"), once(process, "SIGINT"), once(process, "SIGHUP")]).catch(() => undefined);
  // Whoever is here has seen it: the editor needn't tell them a second time.
  process.exit(0);
}
process.exit(exitCode);
