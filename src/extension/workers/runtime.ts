import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** How a worker is run: a Node.js, and what has to be in its environment. */
export interface Runtime {
  readonly executable: string;
  readonly env: Readonly<Record<string, string>>;
  /** For the log. */
  readonly version: string;
}

const run = promisify(execFile);

/** First versions of each line with a SQLite that is safe for many writers; the same as `engines` in package.json. */
const FLOORS: readonly (readonly [major: number, minor: number, patch: number])[] = [
  [22, 22, 3],
  [24, 15, 0],
  [25, 9, 0],
];

export function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.replace(/^v/, "").split(".").map(Number);
  if (major > 25) return true;
  const floor = FLOORS.find(([line]) => line === major);
  return floor !== undefined && (minor > floor[1] || (minor === floor[1] && patch >= floor[2]));
}

/**
 * The Node.js of the settings; else the one that the folder's programs get, when it is new enough;
 * else the editor's own, so that nothing has to be installed.
 */
export async function findRuntime(folder: string, configured: string): Promise<Runtime> {
  if (configured !== "") {
    const version = await nodeVersion(configured, folder);
    if (version === undefined) throw new Error(`${configured}, which the setting queuescope.nodePath names, doesn't run as Node.js. Correct the setting or empty it.`);
    if (!isNewEnough(version)) throw new Error(`${configured}, which the setting queuescope.nodePath names, is Node.js ${version}. Workers need 22.22.3, 24.15 or later.`);
    return { executable: configured, env: {}, version };
  }
  const version = await nodeVersion("node", folder);
  if (version !== undefined && isNewEnough(version)) return { executable: "node", env: {}, version };
  // In the desktop editor this is Electron; elsewhere it is a Node.js, to which the variable means nothing.
  return { executable: process.execPath, env: { ELECTRON_RUN_AS_NODE: "1" }, version: process.version };
}

/** `undefined` where it isn't installed or doesn't answer. */
async function nodeVersion(executable: string, folder: string): Promise<string | undefined> {
  try {
    const { stdout } = await run(executable, ["--version"], { cwd: folder, timeout: 10_000 });
    return stdout.trim();
  } catch {
    // Not there, which is an answer.
    return undefined;
  }
}
