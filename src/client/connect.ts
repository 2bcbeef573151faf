import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { openLocal, type LocalOptions } from "../brokers/local/index.ts";
import { invalidInput, QueuescopeError } from "../core/index.ts";
import type { Broker } from "../core/index.ts";
import { Connection } from "./connection.ts";
import { HeldLeases } from "./leases.ts";
import { environmentLogger, type Logger } from "./log.ts";
import { workspaceDatabase } from "./workspace.ts";

export interface ConnectOptions {
  /** `file:PATH` or a path; default: QUEUESCOPE_URL, else the workspace's file, found by walking up from the current folder. */
  readonly url?: string | undefined;
  /** Refuse everything that changes something, pop too. */
  readonly readOnly?: boolean | undefined;
  /** Default: lines on stderr when QUEUESCOPE_LOG names a level. Never gets payloads or secrets. */
  readonly logger?: Logger | undefined;
  /** 64 hexadecimal digits; several separated by commas, the current one first. Default: QUEUESCOPE_ENCRYPTION_KEY. */
  readonly encryptionKey?: string | undefined;
  /** Of a file. `normal` (default) survives a crash of the process, a power loss can take the last commits; `full` survives both and is slower. */
  readonly durability?: "normal" | "full" | undefined;
  /** Of a file: where retention and checkpoints are done. Default `inline`; `thread` keeps them off an event loop that must not wait. */
  readonly housekeeping?: LocalOptions["housekeeping"] | undefined;
  /** Where relative paths start and the walk up begins; default: the current folder. */
  readonly cwd?: string | undefined;
}

interface Shared {
  readonly broker: Promise<Broker>;
  readonly held: HeldLeases;
  handles: number;
}

/** One broker per database and process, however many handles: they share its wake-ups and its file. */
const shared = new Map<string, Shared>();

/**
 * Opens queues: the workspace's own file, or a URL. Close what you get, or hold it with `await using`.
 * @throws unsupported for a kind of URL this version doesn't speak, and whatever opening the broker throws
 */
export async function connect(target: string | ConnectOptions = {}): Promise<Connection> {
  const options = typeof target === "string" ? { url: target } : target;
  const path = databasePath(options);
  const { readOnly = false, encryptionKey, durability = "normal", housekeeping = "inline" } = options;
  const logger = options.logger ?? environmentLogger();
  const key = JSON.stringify([path, readOnly, encryptionKey ?? null, durability, housekeeping]);
  const entry = shared.get(key) ?? {
    broker: openLocal(path, { readOnly, durability, housekeeping, onBackgroundError: (error) => { logger.warn("background work failed", { error: String(error) }); }, ...(encryptionKey === undefined ? {} : { encryptionKey }) }),
    held: new HeldLeases(),
    handles: 0,
  };
  shared.set(key, entry);
  entry.handles += 1;
  try {
    const broker = await entry.broker;
    logger.debug("connected", { url: broker.url, readOnly: broker.readOnly });
    return new Connection({ broker, held: entry.held, logger, release: () => release(key, entry) });
  } catch (error) {
    shared.delete(key);
    throw error;
  }
}

async function release(key: string, entry: Shared): Promise<void> {
  entry.handles -= 1;
  if (entry.handles > 0) return;
  // Before the close ends: who connects from now on opens it anew.
  if (shared.get(key) === entry) shared.delete(key);
  await (await entry.broker).close();
}

const LATER: Readonly<Record<string, string>> = {
  nats: "NATS JetStream",
  tls: "NATS JetStream",
  ws: "NATS JetStream",
  wss: "NATS JetStream",
  http: "A Queuescope server over HTTP",
  https: "A Queuescope server over HTTP",
  pyqueue: "A PyQueue file",
};

/** The database file that the options mean. @throws unsupported, invalid-input */
export function databasePath(options: ConnectOptions = {}): string {
  const cwd = options.cwd ?? process.cwd();
  const url = options.url ?? (process.env["QUEUESCOPE_URL"] || undefined);
  if (url === undefined) return workspaceDatabase(cwd);
  if (typeof url !== "string" || url.trim() === "") throw invalidInput("url", "The URL is empty. Write file:PATH, or leave it out to use the workspace's own queues.");
  // A single letter before the colon is a Windows drive.
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(url)?.[1]?.toLowerCase();
  if (scheme === undefined) return resolve(cwd, atHome(url));
  if (scheme === "file") return url.startsWith("file://") ? fromFileUrl(url) : resolve(cwd, atHome(url.slice("file:".length)));
  const later = LATER[scheme];
  if (later !== undefined) throw new QueuescopeError("unsupported", `${later} (${scheme}:) can't be used by this version of Queuescope yet. Use a local file: file:PATH, or leave the URL out for the workspace's own queues.`, { field: "url" });
  throw invalidInput("url", `${scheme}: is not a kind of URL that Queuescope knows. Write file:PATH, or a path.`);
}

function fromFileUrl(url: string): string {
  try {
    return fileURLToPath(url);
  } catch (cause) {
    throw new QueuescopeError("invalid-input", `${url} is not a file URL (${(cause as Error).message}). Write file:/absolute/path or file:relative/path.`, { field: "url", cause });
  }
}

function atHome(path: string): string {
  return path === "~" || path.startsWith("~/") ? join(homedir(), path.slice(1)) : path;
}
