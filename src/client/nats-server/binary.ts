import { execFile } from "node:child_process";
import { access, constants, stat } from "node:fs/promises";
import { homedir, platform } from "node:os";
import { delimiter, isAbsolute, join } from "node:path";
import { promisify } from "node:util";
import { QueuescopeError } from "../../core/index.ts";
import { archiveUrl, BINARY, downloadRelease, RELEASE, type DownloadOptions } from "./release.ts";

const run = promisify(execFile);

/** The oldest nats-server whose JetStream Queuescope speaks to. */
const OLDEST: readonly [number, number] = [2, 9];

export interface NatsBinary {
  readonly path: string;
  /** Such as "2.12.1". */
  readonly version: string;
}

export interface Download {
  readonly version: string;
  readonly url: string;
  readonly folder: string;
}

export interface BinaryOptions extends Pick<DownloadOptions, "mirror" | "signal" | "onProgress"> {
  /** Asked before anything is downloaded; without it nothing is. */
  readonly confirmDownload?: ((download: Download) => boolean | Promise<boolean>) | undefined;
  /** Default: a folder of this user, outside of any workspace: what a workspace brings along is never run. */
  readonly cache?: string | undefined;
}

/**
 * The nats-server to use: QUEUESCOPE_NATS_SERVER, else the one on PATH, else the one downloaded before,
 * else, if that is confirmed, the official release.
 * @throws unavailable when there is none, and whatever a download throws
 */
export async function obtainBinary(options: BinaryOptions = {}): Promise<NatsBinary> {
  const folder = options.cache ?? join(cacheFolder(), `v${RELEASE}`);
  const named = process.env["QUEUESCOPE_NATS_SERVER"];
  if (named !== undefined && named !== "") return await usable(named, "QUEUESCOPE_NATS_SERVER names");
  const found = await firstUsable([...onPath(), join(folder, BINARY)]);
  if (found.binary !== undefined) return found.binary;
  const download = { version: RELEASE, url: archiveUrl(options), folder };
  if (await options.confirmDownload?.(download) !== true) throw notFound(found.refused, download);
  const { mirror, signal, onProgress } = options;
  return await usable(await downloadRelease({ folder, mirror, signal, onProgress }), "The release that was downloaded is");
}

function notFound(refused: readonly string[], { version, url }: Download): QueuescopeError {
  const why = refused.length === 0 ? "There is no nats-server on PATH." : refused.join(" ");
  return new QueuescopeError("unavailable", `${why} Install one (https://nats.io/download), name one with QUEUESCOPE_NATS_SERVER, or allow the download of the official release ${version}: queuescope nats start --yes gets ${url} and verifies its checksum.`);
}

/** The first that runs and isn't too old, and why the others aren't taken. */
async function firstUsable(paths: readonly string[]): Promise<{ binary?: NatsBinary; refused: readonly string[] }> {
  const refused: string[] = [];
  for (const path of paths) {
    if (!await isExecutable(path)) continue;
    try {
      return { binary: await usable(path, "This is"), refused };
    } catch (error) {
      refused.push((error as Error).message);
    }
  }
  return { refused };
}

/** @param what begins the sentence that says what is wrong with it */
async function usable(path: string, what: string): Promise<NatsBinary> {
  let output: string;
  try {
    ({ stdout: output } = await run(path, ["--version"], { timeout: 10_000, windowsHide: true }));
  } catch (cause) {
    throw new QueuescopeError("unavailable", `${what} ${path}, which can't be run: ${(cause as Error).message.split("\n")[0] ?? ""}.`, { cause });
  }
  const [, version, major, minor] = /v((\d+)\.(\d+)\.\d+\S*)/.exec(output) ?? [];
  if (version === undefined) throw new QueuescopeError("unavailable", `${what} ${path}, which isn't a nats-server: it calls itself ${JSON.stringify(output.trim().slice(0, 100))}.`);
  if (Number(major) < OLDEST[0] || (Number(major) === OLDEST[0] && Number(minor) < OLDEST[1])) throw new QueuescopeError("version-unsupported", `${what} ${path}, version ${version}; Queuescope needs ${OLDEST.join(".")} or newer.`);
  return { path, version };
}

/** Empty and relative entries mean the current folder, and what a workspace brings along isn't run. */
function onPath(): string[] {
  return (process.env["PATH"] ?? "").split(delimiter).filter(isAbsolute).map((folder) => join(folder, BINARY));
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

function cacheFolder(): string {
  const base = platform() === "win32" ? process.env["LOCALAPPDATA"] || join(homedir(), "AppData", "Local")
    : platform() === "darwin" ? join(homedir(), "Library", "Caches")
    : process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache");
  return join(base, "queuescope", "nats-server");
}
