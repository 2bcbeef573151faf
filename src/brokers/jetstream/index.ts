import { Crypt, isQueuescopeError, readKeys } from "../../core/index.ts";
import type { Broker, Capabilities } from "../../core/index.ts";
import { Api } from "./api.ts";
import { Catalog } from "./catalog.ts";
import { openConnection } from "./connection/index.ts";
import type { AccountInfo, NatsHandle } from "./connection/index.ts";
import type { ConnectionOptions } from "./connection/options.ts";
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

export { listContexts, type ContextSummary } from "./connection/contexts.ts";

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
 * @throws unavailable, permission-denied when the login is refused or answers may not be heard. JetStream being off refuses its facets only.
 */
export async function openJetStream(options: JetStreamOptions = {}): Promise<Broker> {
  const crypt = new Crypt(readKeys(options.encryptionKey ?? process.env["QUEUESCOPE_ENCRYPTION_KEY"]));
  const handle = await openConnection(options);
  try {
    return brokerOn(handle, crypt, options, await jetStreamOf(handle));
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** What the server says of JetStream. Without it, or the permission to ask, taps work, and whatever else is allowed. */
async function jetStreamOf(handle: NatsHandle): Promise<AccountInfo | null> {
  // Who may hear no answers can do nothing here.
  let deaf = false;
  const watching = handle.onViolation(({ operation }) => { deaf ||= operation === "subscription"; });
  try {
    return await handle.accountInfo();
  } catch (error) {
    const goesOn = isQueuescopeError(error, "unsupported") || (isQueuescopeError(error, "permission-denied") && !deaf);
    if (goesOn) return null;
    throw error;
  } finally {
    watching.close();
  }
}

function brokerOn(handle: NatsHandle, crypt: Crypt, options: JetStreamOptions, account: AccountInfo | null): Broker {
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
    await engine.ownership.close();
    await engine.history.close();
    await engine.housekeeping.close();
    engine.close();
    await subjects.close();
    await handle.close();
  };
  const changing = { queues: queuesFacet(engine), messages: messagesFacet(engine), repair: repairFacet(engine), workers: workersFacet(engine) };
  const own = readOnly ? readOnlyFacets(handle.url, changing) : changing;
  return {
    url: handle.url,
    readOnly,
    capabilities: capabilities(handle, engine, account),
    ...foreign.compose({ ...own, inspect: inspectFacet(engine) }),
    subjects,
    streams: foreign.streams,
    link: {
      get status() {
        return handle.status;
      },
      watch: (onChange) => handle.onStatus(onChange),
    },
    watch: (onChange) => {
      const stop = engine.notices.listen(onChange);
      return { close: stop, [Symbol.dispose]: stop };
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function capabilities({ nc }: NatsHandle, engine: Engine, account: AccountInfo | null): Capabilities {
  return {
    broker: "jetstream",
    version: `nats-server ${nc.info?.version ?? "unknown"}`,
    atomicBatch: false,
    atomicTransactions: false,
    maxPayload: engine.maxPayload,
    encryption: true,
    limits: [
      ...(account === null ? ["JetStream is off here, or this user may not use it: there are no queues, only subjects to listen to and publish on."] : []),
      "A push of several messages may be stored in part: its error names what was stored.",
      "A transaction's pushes, and its settlements in other groups than the first, follow at once, also after a crash, but aren't visible in the same moment. Its pushes have to fit into one message of the server, three quarters of max_payload together.",
      `A group holds some ${Math.floor(engine.recordBytes / 200)} partitions and messages that are leased, wait for a retry, or wait behind those; beyond it nothing new is delivered until some are settled.`,
      `A payload has at most ${engine.maxPayload} bytes with its headers: the server's max_payload less what a dead letter needs besides.`,
    ],
  };
}
