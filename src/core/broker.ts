import type { Inspect } from "./port/inspect.ts";
import type { Messages } from "./port/messages.ts";
import type { Queues } from "./port/queues.ts";
import type { Repair } from "./port/repair.ts";
import type { Streams } from "./port/streams.ts";
import type { Subjects } from "./port/subjects.ts";
import type { Workers } from "./port/workers.ts";

/**
 * The port: what a broker is to everybody else. Plain data goes in and comes out; every method
 * rejects with a QueuescopeError only. Names, ids and options are checked inside, so that every
 * broker refuses the same input in the same words. A read-only broker refuses each method marked
 * (changes) with `read-only`.
 */
export interface Broker extends AsyncDisposable {
  /** Where it is, without secrets. */
  readonly url: string;
  readonly readOnly: boolean;
  readonly capabilities: Capabilities;
  readonly queues: Queues;
  readonly messages: Messages;
  readonly inspect: Inspect;
  readonly repair: Repair;
  readonly workers: Workers;
  /** `null` where there are none: they are NATS's. */
  readonly subjects: Subjects | null;
  /** `null` where there are none: they are JetStream's. */
  readonly streams: Streams | null;
  /** How the way to it is; `null` for a file, which can't be out of reach. */
  readonly link: Link | null;
  /** Calls back soon after anything changed, in whichever process; bursts are merged. Closing is the only way to end it. */
  watch(onChange: () => void): Watch;
  /** Idempotent. Live leases stay as they are. */
  close(): Promise<void>;
}

export interface Watch extends Disposable {
  close(): void;
}

/** The connection to a server. Lost ones are tried again in the background, and nothing has to be opened anew. */
export interface Link {
  /** As of now. */
  readonly status: LinkStatus;
  /** Calls back with each change. */
  watch(onChange: (status: LinkStatus) => void): Watch;
}

/** `connecting` for the first time, then `connected`; `lost` while it is tried again, then `restored`; `closed` for good. */
export interface LinkStatus {
  readonly state: "connecting" | "connected" | "lost" | "restored" | "closed";
  /** Host and port of the server it is or was about. */
  readonly server: string;
  /** For people: why it was lost or closed, where known. */
  readonly reason?: string;
}

/** What this broker can do, truthfully. */
export interface Capabilities {
  readonly broker: "local" | "jetstream" | "http";
  /** For people: product and version, for example `SQLite 3.53.4`. */
  readonly version: string;
  /** A push of several messages is stored whole or not at all. */
  readonly atomicBatch: boolean;
  /** A transaction's pushes are visible at the same moment as its settlements. */
  readonly atomicTransactions: boolean;
  /** Largest payload, in bytes. */
  readonly maxPayload: number;
  readonly encryption: boolean;
  /** Sentences for people about what is missing or limited; empty when nothing is. */
  readonly limits: readonly string[];
}
