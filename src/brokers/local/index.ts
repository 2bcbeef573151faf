import { resolve } from "node:path";
import type { Broker, Capabilities } from "../../core/index.ts";
import { MAX_PAYLOAD_BYTES } from "../../core/index.ts";
import type { Local } from "./context.ts";
import { Crypt, readKeys } from "../../core/index.ts";
import { Housekeeper } from "./housekeeping.ts";
import type { Housekeeping } from "./housekeeping.ts";
import { inspectFacet } from "./inspect.ts";
import { messagesFacet } from "./messages.ts";
import { queuesFacet } from "./queues.ts";
import { repairFacet } from "./repair.ts";
import { Store } from "./store.ts";
import { Timings } from "./timings.ts";
import { watchChanges } from "./watch.ts";
import { workersFacet } from "./workers.ts";

export interface LocalOptions {
  readonly readOnly?: boolean;
  /** Default `normal`: survives a crash of the process; a power loss can take the last commits. `full` survives both and is slower. */
  readonly durability?: "normal" | "full";
  /** 64 hexadecimal digits; several separated by commas, the current one first. Default: QUEUESCOPE_ENCRYPTION_KEY. */
  readonly encryptionKey?: string;
  /** Where retention and checkpoints are done. Default `inline`; an editor takes `thread`. */
  readonly housekeeping?: Housekeeping;
  /** Told what went wrong in the background, where there is no caller to tell. */
  readonly onBackgroundError?: (error: unknown) => void;
  /** The clock; for tests. */
  readonly now?: () => number;
}

/**
 * Opens the SQLite file at `path`; makes it, and its folder, when it isn't there.
 * @throws permission-denied, unsupported, version-unsupported, corrupt, unavailable, busy
 */
export async function openLocal(path: string, options: LocalOptions = {}): Promise<Broker> {
  const crypt = new Crypt(readKeys(options.encryptionKey ?? process.env["QUEUESCOPE_ENCRYPTION_KEY"]));
  const readOnly = options.readOnly ?? false;
  const store = await Store.open(resolve(path), { readOnly, durability: options.durability ?? "normal", now: options.now ?? Date.now });
  const local: Local = { store, crypt, timings: new Timings() };
  const onError = options.onBackgroundError ?? ((): void => undefined);
  const keeper = new Housekeeper(local, readOnly ? "none" : (options.housekeeping ?? "inline"), onError);
  const close = async (): Promise<void> => {
    await keeper.stop();
    store.close();
  };
  return {
    url: `file:${store.path}`,
    readOnly,
    capabilities: capabilities(store),
    queues: queuesFacet(local),
    messages: messagesFacet(local),
    inspect: inspectFacet(local),
    repair: repairFacet(local),
    workers: workersFacet(local),
    subjects: null,
    streams: null,
    link: null,
    watch: (onChange) => watchChanges(store, onChange, onError),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function capabilities(store: Store): Capabilities {
  return {
    broker: "local",
    version: `SQLite ${store.sqlite}`,
    atomicBatch: true,
    atomicTransactions: true,
    maxPayload: MAX_PAYLOAD_BYTES,
    encryption: true,
    limits: ["All processes must be on one machine: the file can't be on a network file system."],
  };
}
