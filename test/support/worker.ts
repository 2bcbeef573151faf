/** A process that runs a worker: options as JSON in its argument, each log entry as a JSON line on stdout. */
import { runWorker, type WorkerOptions } from "../../src/jobs/index.ts";

const print = (level: string) => (message: string, fields: object = {}): void => {
  process.stdout.write(`${JSON.stringify({ level, message, ...fields })}\n`);
};

try {
  const summary = await runWorker({ ...(JSON.parse(process.argv[2] ?? "{}") as WorkerOptions), log: { debug: print("debug"), info: print("info"), warn: print("warn"), error: print("error") } });
  print("summary")("summary", summary);
  process.exit(0);
} catch (error) {
  print("failed")(String(error));
  process.exit(1);
}
