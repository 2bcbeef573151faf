import { Crypt, readKeys } from "../../core/index.ts";
import type { Broker, Capabilities } from "../../core/index.ts";
import { Api } from "./api.ts";
import { Catalog } from "./catalog.ts";
import { openConnection } from "./connection/index.ts";
import type { ConnectionOptions, NatsHandle } from "./connection/index.ts";
import { Engine } from "./engine.ts";
import { openForeign } from "./foreign/index.ts";
import { inspectFacet } from "./inspect/index.ts";
import { messagesFacet } from "./messages.ts";
import { Notices } from "./notices.ts";
import { Publisher } from "./publisher.ts";
import { queuesFacet } from "./queues.ts";
import { readOnlyFacets } from "./read-only.ts";
import { repairFacet } from "./repair/index.ts";
import { Streams } from "./streams.ts";
import { openSubjects } from "./taps/index.ts";
import { workersFacet } from "./workers.ts";

/** How to reach NATS, and what to make there. */
export interface NatsOptions extends ConnectionOptions {
  /** Copies of each queue's streams. Default: 3 in a cluster, else 1. */
  readonly replicas?: number | undefined;
}

export interface JetStreamOptions extends NatsOptions {
  readonly readOnly?: boolean;
  /** 64 hexadecimal digits; several separated by commas, the current one first. Default: QUEUESCOPE_ENCRYPTION_KEY. */
  readonly encryptionKey?: string;
  /** Told what went wrong in the background, where there is no caller to tell. */
  readonly onBackgroundError?: (error: unknown) => void;
  /** The clock; for tests. */
  readonly now?: () => number;
}

/**
 * Opens queues on NATS JetStream.
 * @throws unavailable, permission-denied, unsupported when JetStream is off
 */
export async function openJetStream(options: JetStreamOptions = {}): Promise<Broker> {
  const crypt = new Crypt(readKeys(options.encryptionKey ?? process.env["QUEUESCOPE_ENCRYPTION_KEY"]));
  const handle = await openConnection(options);
  try {
    await handle.accountInfo();
    return brokerOn(handle, crypt, options);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

function brokerOn(handle: NatsHandle, crypt: Crypt, options: JetStreamOptions): Broker {
  const readOnly = options.readOnly ?? false;
  const onError = options.onBackgroundError ?? ((): void => undefined);
  const now = options.now ?? Date.now;
  const api = new Api(handle);
  const publisher = new Publisher(handle);
  const replicas = options.replicas ?? (handle.nc.info?.cluster === undefined ? 1 : 3);
  const streams = new Streams(api, replicas);
  const catalog = new Catalog(api, publisher, streams, now);
  const engine = new Engine({ api, publisher, catalog, streams, notices: new Notices(handle), crypt, readOnly, now, stamps: options.now !== undefined, onError });
  const subjects = openSubjects(handle, { readOnly });
  const status = handle.onStatus(({ state }) => { if (state === "restored") engine.restored(); });
  const foreign = openForeign(api, publisher, { readOnly, replicas });
  const close = async (): Promise<void> => {
    status.close();
    foreign.close();
    engine.close();
    await subjects.close();
    await handle.close();
  };
  const changing = { queues: queuesFacet(engine), messages: messagesFacet(engine), repair: repairFacet(engine), workers: workersFacet(engine) };
  const own = readOnly ? readOnlyFacets(handle.url, changing) : changing;
  return {
    url: handle.url,
    readOnly,
    capabilities: capabilities(handle, engine),
    ...foreign.compose({ ...own, inspect: inspectFacet(engine) }),
    subjects,
    streams: foreign.streams,
    watch: (onChange) => {
      const stop = engine.notices.listen(onChange);
      return { close: stop, [Symbol.dispose]: stop };
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function capabilities({ nc }: NatsHandle, engine: Engine): Capabilities {
  return {
    broker: "jetstream",
    version: `nats-server ${nc.info?.version ?? "unknown"}`,
    atomicBatch: false,
    atomicTransactions: false,
    maxPayload: engine.maxPayload,
    encryption: true,
    limits: [],
  };
}
