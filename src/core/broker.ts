import type { DeadLetter, Delivery, Headers, Message, MessageState, TraceEvent } from "./message.ts";
import type { QueueOptions, QueueOptionsInput } from "./options.ts";
import type { Payload } from "./payload.ts";
import type { QueuescopeError } from "./errors.ts";
import type { Instant } from "./time.ts";

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
  /** Calls back soon after anything changed, in whichever process; bursts are merged. Closing is the only way to end it. */
  watch(onChange: () => void): Watch;
  /** Idempotent. Live leases stay as they are. */
  close(): Promise<void>;
}

export interface Watch extends Disposable {
  close(): void;
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

/** A page of something, in a stable order. */
export interface Page<T> {
  readonly items: readonly T[];
  /** Give it as `after` to continue; `null` at the end. A page may be short, even empty, and still have a next one. */
  readonly next: string | null;
}

export interface PageRequest {
  readonly after?: string | undefined;
  /** Default 100, at most 1000. */
  readonly limit?: number | undefined;
}

// ---------------------------------------------------------------- queues

export interface Queues {
  /** (changes) @throws queue-exists */
  create(name: string, options?: QueueOptionsInput): Promise<QueueInfo>;
  /** (changes) Merges: absent keeps, null resets. @throws queue-not-found, invalid-input */
  configure(name: string, options: QueueOptionsInput): Promise<QueueInfo>;
  /** In name order. `match` is a part of the name, any case. */
  list(request?: PageRequest & { readonly match?: string; readonly namespace?: string; readonly task?: string }): Promise<Page<QueueInfo>>;
  /** @throws queue-not-found */
  get(name: string): Promise<QueueInfo>;
  /** (changes) With its messages, dead letters, groups and traces. @throws queue-not-found */
  delete(name: string): Promise<void>;
  /** (changes) Pops give nothing while paused; pushes and settlements go on. */
  pause(name: string): Promise<void>;
  /** (changes) */
  resume(name: string): Promise<void>;
}

export interface QueueInfo {
  readonly name: string;
  readonly options: QueueOptions;
  readonly paused: boolean;
  readonly createdAt: Instant;
  /** Of group `default`, whether or not it was ever popped. */
  readonly counts: StateCounts;
}

export type StateCounts = Readonly<Record<MessageState, number>>;

// ---------------------------------------------------------------- messages

export interface Messages {
  /**
   * (changes) One result an item, in order. Creates a missing queue with default options unless `create` is false.
   * Input is checked whole before the first item is stored.
   * @throws invalid-input, payload-too-large, queue-not-found (create: false), queue-full, partial-push, encryption-key-missing
   */
  push(queue: string, items: readonly PushItem[], options?: { readonly create?: boolean }): Promise<PushResult[]>;
  /** (changes) Empty when nothing came within `wait`. @throws queue-not-found */
  pop(queue: string, request?: PopRequest): Promise<Delivery[]>;
  /** (changes) One result a settlement, in order; a stale receipt is its own `lease-lost`, never thrown. Acks are applied first. */
  settle(settlements: readonly Settlement[]): Promise<SettleResult[]>;
  /** (changes) Settles, then pops in the same commit (without waiting in it): what a worker's loop uses. */
  settleAndPop(settlements: readonly Settlement[], queue: string, request?: PopRequest): Promise<{ settled: SettleResult[]; deliveries: Delivery[] }>;
  /** (changes) Makes the lease of each receipt end `lease` ms from now (default: the queue's leaseTime). */
  renew(receipts: readonly string[], lease?: number): Promise<RenewResult[]>;
  /** (changes) All or nothing. @throws lease-lost and whatever push throws; then nothing was changed */
  transact(transaction: Transaction): Promise<TransactionResult>;
  /** (changes) Adds handlers' events to timelines. @throws message-not-found */
  trace(events: readonly TraceInput[]): Promise<void>;
}

export interface PushItem {
  readonly payload: Payload;
  readonly headers?: Headers | undefined;
  /** Key of strict order; absent: none. */
  readonly partition?: string | undefined;
  readonly transactionId?: string | undefined;
  /** When it is to enter the queue; in the past or absent: now. */
  readonly deliverAt?: Instant | undefined;
  /** 0 to 9; not with a partition. Default: the queue's. */
  readonly priority?: number | undefined;
  /** Milliseconds from its entry until it expires. Default: the queue's. */
  readonly ttl?: number | undefined;
}

export interface PushResult {
  readonly id: string;
  readonly status: "queued" | "scheduled" | "duplicate";
  /** For a duplicate: those of the original, and `id` is the original's. */
  readonly transactionId: string;
  readonly partition: string | null;
}

/** Where a group that doesn't exist yet starts: the oldest, what comes from now on, or what entered at or after a time. */
export type GroupStart = "all" | "new" | Instant;

export interface PopRequest {
  /** At most this many; default 1, at most 10000. */
  readonly batch?: number;
  /** Milliseconds to wait for the first message; default 0. */
  readonly wait?: number;
  /** Milliseconds; default: the queue's leaseTime. */
  readonly lease?: number;
  /** Default `default`. */
  readonly group?: string;
  /** Only this partition. */
  readonly partition?: string;
  /** Only at the group's first pop; ignored later. Default `all`. Group `default` always starts at the oldest. */
  readonly start?: GroupStart;
  /** Only this message, if it is at the head of its partition or has none (debug this message). */
  readonly messageId?: string;
  /** Never delivered before to this group. */
  readonly onlyNew?: boolean;
  /** Completed on delivery, no lease. */
  readonly atMostOnce?: boolean;
  /** Shown as the lease's holder; see Workers. */
  readonly worker?: string;
  /** Ends the wait; what was already leased is returned. */
  readonly signal?: AbortSignal;
}

export interface Failure {
  readonly message: string;
  readonly stack?: string | undefined;
}

export type Settlement =
  | { readonly action: "ack"; readonly receipt: string; /** All before it in a partition's lease too. */ readonly cumulative?: boolean }
  | { readonly action: "nack"; readonly receipt: string; readonly error?: Failure; /** Milliseconds instead of the backoff. */ readonly delay?: number }
  | { readonly action: "release"; readonly receipt: string }
  | { readonly action: "dead"; readonly receipt: string; readonly error?: Failure };

export type SettleOutcome = "completed" | "retrying" | "released" | "dead" | "dropped";

export type SettleResult =
  | { readonly ok: true; readonly receipt: string; readonly messageId: string; readonly outcome: SettleOutcome; readonly retryAt: Instant | null; readonly deadLetterId: string | null }
  | { readonly ok: false; readonly receipt: string; readonly error: QueuescopeError };

export type RenewResult =
  | { readonly ok: true; readonly receipt: string; readonly leaseExpiresAt: Instant }
  | { readonly ok: false; readonly receipt: string; readonly error: QueuescopeError };

export interface Transaction {
  readonly settle: readonly Settlement[];
  readonly push: readonly { readonly queue: string; readonly items: readonly PushItem[]; readonly create?: boolean }[];
}

export interface TransactionResult {
  readonly settled: SettleResult[];
  /** Per entry of `push`, its results. */
  readonly pushed: PushResult[][];
}

export interface TraceInput {
  readonly messageId: string;
  readonly type: string;
  readonly names?: readonly string[];
  /** JSON text. */
  readonly data?: string;
  readonly group?: string;
  readonly worker?: string;
  readonly attempt?: number;
}

// ---------------------------------------------------------------- inspect (changes nothing, ever)

export interface Inspect {
  /** The next messages that a pop of this group would give, in its order. */
  peek(queue: string, request?: PeekRequest): Promise<Message[]>;
  /** Any messages, in order of entry (scheduled ones after them, by due time). Reads at most 2000 a call. */
  browse(queue: string, request?: BrowseRequest): Promise<Page<Message>>;
  /** @throws message-not-found */
  read(id: string, group?: string): Promise<Message>;
  /** Those of the ids that exist, completed ones too while they are retained. */
  exists(ids: readonly string[]): Promise<string[]>;
  /** @throws queue-not-found */
  stats(queue: string): Promise<QueueStats>;
  partitions(queue: string, request?: PartitionsRequest): Promise<Page<PartitionInfo>>;
  groups(queue: string): Promise<GroupInfo[]>;
  leases(queue: string, request?: PageRequest & { readonly group?: string; readonly worker?: string }): Promise<Page<LeasedMessage>>;
  deadLetters(queue: string, request?: PageRequest & DeadLetterFilter): Promise<Page<DeadLetter>>;
  /** How many match, at most `limit` (default 10000): what a confirmation shows. */
  countDeadLetters(queue: string, filter?: DeadLetterFilter): Promise<number>;
  /** By dead letter id. @throws message-not-found */
  deadLetter(id: string): Promise<DeadLetter>;
  /** Oldest first. By message: its whole timeline, the derived `pushed` included, after its removal too while a dead letter remains. */
  traces(request: PageRequest & TraceFilter): Promise<Page<TraceEvent>>;
  traceNames(request?: PageRequest & { readonly match?: string }): Promise<Page<TraceNameInfo>>;
  /** Counters by the minute, from <= minute < to; minutes without a change are left out. */
  metrics(queue: string, request: { readonly group?: string; readonly from: Instant; readonly to: Instant }): Promise<MetricPoint[]>;
  /** How many messages entered in each of `buckets` equal spans of [from, to). */
  histogram(queue: string, request: { readonly from: Instant; readonly to: Instant; readonly buckets: number }): Promise<number[]>;
  health(): Promise<Health>;
}

export interface PeekRequest {
  readonly group?: string;
  readonly partition?: string;
  /** Default 10, at most 1000. */
  readonly limit?: number;
}

export interface BrowseRequest extends PageRequest {
  readonly group?: string;
  readonly partition?: string;
  readonly state?: MessageState;
  /** Text in the payload, the headers, or the transaction id; any case. */
  readonly match?: string;
  /** Entered at or after. */
  readonly from?: Instant;
  /** Entered before. */
  readonly to?: Instant;
}

export interface QueueStats {
  readonly queue: string;
  /** Stored, in whichever state; scheduled ones too. */
  readonly messages: number;
  /** Of group `default`. */
  readonly counts: StateCounts;
  /** Never delivered to group `default`. */
  readonly neverDelivered: number;
  readonly totalDeliveries: number;
  /** Of the payloads and headers stored. */
  readonly bytes: number;
  /** Milliseconds; `null` when nothing is ready for group `default`. */
  readonly oldestReadyAge: number | null;
  readonly firstId: string | null;
  readonly lastId: string | null;
  readonly partitions: number;
  readonly groups: readonly GroupInfo[];
  /** Bytes of the file, where there is one. */
  readonly fileSize: number | null;
}

export interface PartitionsRequest extends PageRequest {
  /** Default `default`. */
  readonly group?: string;
  /** Part of the name, any case. */
  readonly match?: string;
  /** Default `lag`: the most messages behind first, then by name. */
  readonly sort?: "lag" | "name";
}

export interface PartitionInfo {
  readonly name: string;
  /** Messages in it. */
  readonly messages: number;
  /** Not completed by the group. */
  readonly lag: number;
  readonly leased: boolean;
  /** When its head may be delivered: in the future while it is leased or retrying; `null` when nothing waits. */
  readonly readyAt: Instant | null;
  readonly lastPushedAt: Instant | null;
}

export interface GroupInfo {
  readonly name: string;
  readonly start: GroupStart;
  readonly paused: boolean;
  /** `null`: delivers freely. A number: held, and that many more may be delivered. */
  readonly held: number | null;
  readonly counts: StateCounts;
  /** Messages it hasn't completed: ready + leased + retrying. */
  readonly lag: number;
  /** Milliseconds since the oldest of them that waits entered; `null` when none does. */
  readonly oldestReadyAge: number | null;
  /** Ids of live workers. */
  readonly workers: readonly string[];
}

export interface LeasedMessage extends Message {
  readonly state: "leased";
  readonly leasedAt: Instant;
  readonly leaseExpiresAt: Instant;
}

export interface DeadLetterFilter {
  readonly ids?: readonly string[];
  readonly group?: string;
  /** Text in the payload, the headers, the transaction id or the error; any case. */
  readonly match?: string;
  /** Died at or after / before. */
  readonly from?: Instant;
  readonly to?: Instant;
  /** Only those that were (true) or weren't (false) redriven. */
  readonly redriven?: boolean;
}

export type TraceFilter =
  | { readonly messageId: string }
  | { readonly name: string }
  | { readonly match: string; readonly queue?: string };

export interface TraceNameInfo {
  readonly name: string;
  readonly events: number;
  readonly messages: number;
  readonly lastAt: Instant;
}

/** What happened in one minute; percentiles in milliseconds, `null` without samples. */
export interface MetricPoint {
  readonly minute: Instant;
  readonly pushed: number;
  readonly delivered: number;
  readonly completed: number;
  readonly failed: number;
  readonly expired: number;
  readonly dead: number;
  readonly redriven: number;
  /** At the end of the minute. */
  readonly depth: number;
  readonly waitP50: number | null;
  readonly waitP95: number | null;
  readonly runP50: number | null;
  readonly runP95: number | null;
}

export interface Health {
  readonly ok: boolean;
  readonly broker: string;
  readonly version: string;
  /** Sentences; empty when ok. */
  readonly problems: readonly string[];
}

// ---------------------------------------------------------------- repair (changes)

export interface Repair {
  /** Same id, place and attempts. @throws message-not-found, leased */
  edit(id: string, change: { readonly payload?: Payload; readonly headers?: Headers }): Promise<Message>;
  /** A leased one's receipt goes stale. One result an id: whether it existed. */
  remove(ids: readonly string[]): Promise<{ readonly id: string; readonly removed: boolean }[]>;
  /** Removes at most `limit` (default 1000) matching messages a call; call again while `more`. Leased ones only with state `leased`. */
  purge(queue: string, filter?: PurgeFilter & { readonly limit?: number }): Promise<{ readonly removed: number; readonly more: boolean; readonly next: string | null }>;
  redrive(queue: string, request: RedriveRequest): Promise<RedriveResult>;
  /** Deletes at most `limit` (default 1000) dead letters a call; call again while `more`. */
  discard(queue: string, filter: DeadLetterFilter & { readonly limit?: number }): Promise<{ readonly discarded: number; readonly more: boolean }>;
  /** Ends the group's leases, forgets its retries and attempts; dead letters stay. Creates the group if needed. */
  seek(queue: string, group: string, to: GroupStart): Promise<void>;
  /** Scheduled messages that hadn't come due. One result an id. */
  cancel(ids: readonly string[]): Promise<{ readonly id: string; readonly cancelled: boolean }[]>;
  pauseGroup(queue: string, group: string): Promise<void>;
  resumeGroup(queue: string, group: string): Promise<void>;
  /** With its position; its dead letters stay. The next pop makes it anew. */
  deleteGroup(queue: string, group: string): Promise<void>;
  /** Deliver nothing until stepped or let go. */
  hold(queue: string, group: string): Promise<void>;
  /** Lets the next `count` messages of a held group go. */
  step(queue: string, group: string, count: number): Promise<void>;
  letGo(queue: string, group: string): Promise<void>;
}

export interface PurgeFilter {
  readonly partition?: string;
  readonly group?: string;
  readonly state?: Exclude<MessageState, "dead">;
  readonly match?: string;
  readonly from?: Instant;
  readonly to?: Instant;
  /** `next` of the call before. */
  readonly after?: string;
}

export interface RedriveRequest {
  readonly filter: DeadLetterFilter;
  /** Default: the queue it died in. */
  readonly to?: string;
  /** Default: its own partition; `null`: none. */
  readonly partition?: string | null;
  /** Edited first. Only with one dead letter. */
  readonly payload?: Payload;
  readonly headers?: Headers;
  /** In the same queue it goes only to the group it died in, unless true. */
  readonly allGroups?: boolean;
  /** Also those that were redriven before. */
  readonly again?: boolean;
  /** Leaves encryption: needed when the source is encrypted and the target is not. */
  readonly plaintext?: boolean;
  /** At most this many a call, default 200; call again while `more`. */
  readonly limit?: number;
  /** `next` of the call before; needed with `again` only, since what was redriven is passed over otherwise. */
  readonly after?: string;
}

export interface RedriveResult {
  readonly redriven: readonly { readonly deadLetterId: string; readonly messageId: string; readonly status: "redriven" | "already-redriven" }[];
  readonly more: boolean;
  readonly next: string | null;
}

// ---------------------------------------------------------------- workers

export interface Workers {
  /** (changes) Adds or refreshes; a worker is live for 3 intervals after its last heartbeat. */
  heartbeat(worker: WorkerState): Promise<void>;
  /** Live ones first, then those that stopped without a word, for an hour. */
  list(): Promise<WorkerInfo[]>;
  /** (changes) Signed off. */
  remove(id: string): Promise<void>;
  /** (changes) Renews all its live leases; answers how many. */
  renewLeases(id: string, lease?: number): Promise<number>;
  /** (changes) Releases all its live leases, uncharged; answers how many messages. */
  releaseLeases(id: string): Promise<number>;
}

export interface WorkerState {
  readonly id: string;
  readonly name: string;
  readonly queues: readonly string[];
  readonly group: string;
  readonly host: string;
  readonly pid: number;
  readonly startedAt: Instant;
  readonly concurrency: number;
  readonly status: "starting" | "idle" | "busy" | "stopping" | "debugging";
  /** Ids of the messages it works on. */
  readonly current: readonly string[];
  readonly processed: number;
  readonly failed: number;
  /** Milliseconds between heartbeats. */
  readonly interval: number;
}

export interface WorkerInfo extends WorkerState {
  readonly lastHeartbeatAt: Instant;
  readonly live: boolean;
}
