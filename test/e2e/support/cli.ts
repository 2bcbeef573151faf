import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { CLI } from "./project.ts";

const run = promisify(execFile);

/** Runs the real CLI as another process, in a folder, and gives what it printed with --json. */
export function queuescope(folder: string, ...args: readonly string[]): Promise<unknown[]> {
  return queuescopeWith({}, folder, ...args);
}

/** The same with more in its environment. */
export async function queuescopeWith(env: NodeJS.ProcessEnv, folder: string, ...args: readonly string[]): Promise<unknown[]> {
  const { stdout } = await run(process.execPath, [CLI, "--json", ...args], { cwd: folder, env: { ...process.env, ...env } });
  return stdout.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as unknown);
}
