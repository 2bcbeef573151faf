import { createHash, randomUUID } from "node:crypto";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { arch, platform } from "node:os";
import { join } from "node:path";
import { unzipSync } from "fflate";
import { QueuescopeError } from "../../core/index.ts";

/** The release that is downloaded: one that Queuescope is tested with. */
export const RELEASE = "2.15.2";

const OFFICIAL = "https://github.com/nats-io/nats-server/releases/download";
const CHECKSUMS = "SHA256SUMS";
/** An archive has about 7 MB; more than this is something else. */
const MAX_BYTES = 200 * 1024 * 1024;
/** A server that sends nothing for so long won't. */
const STALL_MS = 30_000;

export const BINARY = platform() === "win32" ? "nats-server.exe" : "nats-server";

export interface DownloadOptions {
  /** Where the binary goes. */
  readonly folder: string;
  readonly version?: string | undefined;
  /** Default: QUEUESCOPE_NATS_MIRROR, else GitHub. Holds `v2.x.y/` with the archives and SHA256SUMS of that release. */
  readonly mirror?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Bytes of the archive so far, and all of them where the server says how many. */
  readonly onProgress?: ((received: number, total: number | undefined) => void) | undefined;
}

/** Address of a release's archive for this machine. @throws unsupported where there is none */
export function archiveUrl({ version = RELEASE, mirror }: Pick<DownloadOptions, "version" | "mirror"> = {}): string {
  const base = (mirror ?? (process.env["QUEUESCOPE_NATS_MIRROR"] || OFFICIAL)).replace(/\/+$/, "");
  return `${base}/v${version}/${archiveName(version, platform(), arch())}`;
}

const SYSTEMS: Readonly<Record<string, string>> = { linux: "linux", darwin: "darwin", win32: "windows" };
const MACHINES: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64", arm: "arm7", ia32: "386" };

/** What the project calls its archive for a platform and architecture (in Node's words). @throws unsupported */
export function archiveName(version: string, system: string, machine: string): string {
  const [os, cpu] = [SYSTEMS[system], MACHINES[machine]];
  if (os === undefined || cpu === undefined) throw new QueuescopeError("unsupported", `There is no release of nats-server for ${system} on ${machine}. Install or build one yourself, and put it on PATH or name it with QUEUESCOPE_NATS_SERVER.`);
  return `nats-server-v${version}-${os}-${cpu}.zip`;
}

/** Gets a release's binary, checks it against the release's checksums, and puts it into the folder. Nothing is left behind that wasn't checked. @returns its path */
export async function downloadRelease(options: DownloadOptions): Promise<string> {
  const url = archiveUrl(options);
  const name = url.slice(url.lastIndexOf("/") + 1);
  const expected = checksumOf(name, await fetchBytes(new URL(CHECKSUMS, url).href, options.signal), url);
  const archive = await fetchBytes(url, options.signal, options.onProgress);
  const found = createHash("sha256").update(archive).digest("hex");
  if (found !== expected) throw new QueuescopeError("corrupt", `${url} isn't what the release says it is: its SHA-256 is ${found}, and ${CHECKSUMS} has ${expected}. It was thrown away. Try again; if it stays so, install nats-server yourself.`);
  return await place(unpack(archive, url), options.folder);
}

function checksumOf(name: string, checksums: Uint8Array, url: string): string {
  for (const line of Buffer.from(checksums).toString("utf8").split("\n")) {
    const [, digest, file] = /^([0-9a-f]{64})\s+\*?(.+?)\s*$/i.exec(line) ?? [];
    if (digest !== undefined && file === name) return digest.toLowerCase();
  }
  throw new QueuescopeError("corrupt", `${new URL(CHECKSUMS, url).href} names no checksum of ${name}, so it can't be verified and wasn't downloaded. Install nats-server yourself.`);
}

function unpack(archive: Uint8Array, url: string): Uint8Array {
  let files: Record<string, Uint8Array>;
  try {
    files = unzipSync(archive, { filter: ({ name }) => name === BINARY || name.endsWith(`/${BINARY}`) });
  } catch (cause) {
    throw new QueuescopeError("corrupt", `${url} can't be unpacked: ${(cause as Error).message}. Install nats-server yourself.`, { cause });
  }
  const [binary] = Object.values(files);
  if (binary === undefined) throw new QueuescopeError("corrupt", `${url} holds no ${BINARY}. Install nats-server yourself.`);
  return binary;
}

/** Under its name only when it is whole: two processes may download at once. */
async function place(binary: Uint8Array, folder: string): Promise<string> {
  const path = join(folder, BINARY);
  const unfinished = `${path}.${randomUUID()}`;
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(unfinished, binary, { mode: 0o755 });
    await rename(unfinished, path);
  } catch (cause) {
    await rm(unfinished, { force: true });
    throw new QueuescopeError("unavailable", `nats-server can't be stored in ${folder}: ${(cause as Error).message}.`, { cause });
  }
  return path;
}

async function fetchBytes(url: string, signal: AbortSignal | undefined, onProgress?: DownloadOptions["onProgress"]): Promise<Buffer> {
  const stalled = new AbortController();
  const timer = setTimeout(() => { stalled.abort(); }, STALL_MS);
  try {
    const response = await fetch(url, { signal: AbortSignal.any(signal === undefined ? [stalled.signal] : [stalled.signal, signal]) });
    if (!response.ok) throw new QueuescopeError("unavailable", `${url} can't be downloaded: the server answers ${response.status} ${response.statusText}. Try again later, or install nats-server yourself.`);
    const total = Number(response.headers.get("content-length") ?? Number.NaN);
    const chunks: Uint8Array[] = [];
    let received = 0;
    for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
      timer.refresh();
      chunks.push(chunk);
      received += chunk.byteLength;
      if (received > MAX_BYTES) throw new QueuescopeError("corrupt", `${url} has more than ${MAX_BYTES / 1024 / 1024} MB, which no release of nats-server has. It was thrown away.`);
      onProgress?.(received, Number.isNaN(total) ? undefined : total);
    }
    return Buffer.concat(chunks);
  } catch (cause) {
    if (cause instanceof QueuescopeError) throw cause;
    if (signal?.aborted === true) throw new QueuescopeError("unavailable", "The download of nats-server was stopped.", { cause });
    const why = stalled.signal.aborted ? `nothing came for ${STALL_MS / 1000} s` : reason(cause);
    throw new QueuescopeError("unavailable", `${url} can't be downloaded: ${why}. Check the network (QUEUESCOPE_NATS_MIRROR names another place), or install nats-server yourself and put it on PATH.`, { cause });
  } finally {
    clearTimeout(timer);
  }
}

/** `fetch` hides what went wrong in its cause. */
function reason(error: unknown): string {
  const { cause, message } = error as Error;
  return cause instanceof Error && cause.message !== "" ? cause.message : message;
}
