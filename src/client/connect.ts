import type { NatsOptions } from "../brokers/jetstream/index.ts";
import type { LocalOptions } from "../brokers/local/index.ts";
import type { Broker } from "../core/index.ts";
import { Connection } from "./connection.ts";
import { environmentLogin } from "./credentials.ts";
import { HeldLeases } from "./leases.ts";
import { environmentLogger, type Logger } from "./log.ts";
import { placeOf } from "./place.ts";
import type { Place } from "./place.ts";

export interface ConnectOptions {
  /**
   * `file:PATH` or a path, `nats://HOST` or `tls://HOST` (`nats:` alone: what the nats CLI has selected); default:
   * QUEUESCOPE_URL, else the workspace's file, found by walking up from the current folder.
   */
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
  /** Of NATS: logins, TLS, contexts, your own connection, and how many copies a queue's streams have. */
  readonly nats?: Omit<NatsOptions, "url" | "cwd"> | undefined;
  /** Where relative paths start and the walk up begins; default: the current folder. */
  readonly cwd?: string | undefined;
}

interface Shared {
  readonly broker: Promise<Broker>;
  readonly held: HeldLeases;
  handles: number;
}

/** One broker per place and process, however many handles: they share its wake-ups, and its file or connection. */
const shared = new Map<string, Shared>();
/** A caller's own connection isn't compared with another. */
let callers = 0;

/**
 * Opens queues: the workspace's own file, or a URL. Close what you get, or hold it with `await using`.
 * @throws unsupported for a kind of URL this version doesn't speak, and whatever opening the broker throws
 */
export async function connect(target: string | ConnectOptions = {}): Promise<Connection> {
  const given = typeof target === "string" ? { url: target } : target;
  const place: Place = given.nats?.connection === undefined ? placeOf(given) : { kind: "nats", url: "nats:" };
  const options = withLogin(given, place);
  const logger = options.logger ?? environmentLogger();
  const key = keyOf(place, options);
  const entry = shared.get(key) ?? { broker: open(place, options, logger), held: new HeldLeases(), handles: 0 };
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

/** A login that is given comes before the environment's. */
function withLogin(options: ConnectOptions, place: Place): ConnectOptions {
  const { nats = {} } = options;
  const given = nats.connection !== undefined || [nats.user, nats.password, nats.token, nats.creds, nats.nkey, nats.jwt, nats.context].some((login) => login !== undefined);
  const login = place.kind === "file" || given ? {} : environmentLogin(place.url);
  return Object.keys(login).length === 0 ? options : { ...options, nats: { ...nats, ...login } };
}

/** The driver is loaded on first use: who works on a file needs no NATS. */
async function open(place: Place, options: ConnectOptions, logger: Logger): Promise<Broker> {
  const { readOnly = false, encryptionKey, durability = "normal", housekeeping = "inline", nats = {}, cwd } = options;
  const common = { readOnly, onBackgroundError: (error: unknown) => { logger.warn("background work failed", { error: String(error) }); }, ...(encryptionKey === undefined ? {} : { encryptionKey }) };
  if (place.kind === "file") {
    const { openLocal } = await import("../brokers/local/index.ts");
    return openLocal(place.path, { ...common, durability, housekeeping });
  }
  const { openJetStream } = await import("../brokers/jetstream/index.ts");
  return openJetStream({ ...nats, ...common, cwd, ...(nats.connection === undefined ? { url: place.url } : {}) });
}

function keyOf(place: Place, { readOnly = false, encryptionKey, durability = "normal", housekeeping = "inline", nats, cwd }: ConnectOptions): string {
  if (nats?.connection !== undefined) return `caller's ${++callers}`;
  return JSON.stringify(place.kind === "file" ? [place.path, readOnly, encryptionKey ?? null, durability, housekeeping] : [place.url, readOnly, encryptionKey ?? null, nats ?? null, cwd ?? null]);
}

async function release(key: string, entry: Shared): Promise<void> {
  entry.handles -= 1;
  if (entry.handles > 0) return;
  // Before the close ends: who connects from now on opens it anew.
  if (shared.get(key) === entry) shared.delete(key);
  await (await entry.broker).close();
}
