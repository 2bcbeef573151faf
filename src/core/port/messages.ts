import type { Delivery, Headers } from "../message.ts";
import type { Payload } from "../encoding.ts";
import type { QueuescopeError } from "../errors.ts";
import type { Instant } from "../time.ts";

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
  /**
   * (changes) Settles, then pops in the same commit (without waiting in it): what a worker's loop uses. When that fails, nothing
   * was settled. A wait that fails after it gives no deliveries; the next pop says why.
   */
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
