import type { DeadLetter, Message, MessageState, TraceEvent } from "../message.ts";
import type { Instant } from "../time.ts";
import type { StateCounts } from "./queues.ts";
import type { GroupStart } from "./messages.ts";
import type { Page, PageRequest } from "./page.ts";

/** The facet that looks: it changes nothing, ever. */
export interface Inspect {
  /** The next messages that a pop of this group would give, in its order. */
  peek(queue: string, request?: PeekRequest): Promise<Message[]>;
  /**
   * Any messages, in order of entry (scheduled ones after them, by due time), or in exactly the reverse order. Reads at most
   * 2000 a call.
   */
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
  /** What `repair.seek` would do, without doing it. Reads a bounded number of messages. */
  seekPreview(queue: string, group: string, to: GroupStart): Promise<SeekPreview>;
  /** Queues with dead letters that wait: that weren't redriven. Each page reads a bounded number of counts, and no data. */
  deadQueues(request?: PageRequest): Promise<Page<DeadQueue>>;
  /** By dead letter id. @throws message-not-found */
  deadLetter(id: string): Promise<DeadLetter>;
  /** Oldest first. By message: its whole timeline, the derived `pushed` included, after its removal too while a dead letter remains. */
  traces(request: PageRequest & TraceFilter): Promise<Page<TraceEvent>>;
  traceNames(request?: PageRequest & { readonly match?: string | undefined }): Promise<Page<TraceNameInfo>>;
  /** Counters by the minute, from <= minute < to; minutes without a change are left out. */
  metrics(queue: string, request: { readonly group?: string; readonly from: Instant; readonly to: Instant }): Promise<MetricPoint[]>;
  /** How many messages entered in each of `buckets` equal spans of [from, to). */
  histogram(queue: string, request: { readonly from: Instant; readonly to: Instant; readonly buckets: number }): Promise<number[]>;
  health(): Promise<Health>;
}

export interface PeekRequest {
  readonly group?: string | undefined;
  readonly partition?: string | undefined;
  /** Default 10, at most 1000. */
  readonly limit?: number | undefined;
}

export interface BrowseRequest extends PageRequest {
  /** Default `oldest`: the oldest first. `newest`: in the reverse order, and `next` goes on to older ones. */
  readonly order?: BrowseOrder | undefined;
  readonly group?: string | undefined;
  readonly partition?: string | undefined;
  readonly state?: MessageState | undefined;
  /** Text in the payload, the headers, or the transaction id; any case. */
  readonly match?: string | undefined;
  /** Entered at or after. */
  readonly from?: Instant | undefined;
  /** Entered before. */
  readonly to?: Instant | undefined;
  /** Default true. False: only what entered, without those whose time hasn't come, so that behind the last one is what enters next. */
  readonly scheduled?: boolean | undefined;
}

export type BrowseOrder = "oldest" | "newest";

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
  readonly group?: string | undefined;
  /** Part of the name, any case. */
  readonly match?: string | undefined;
  /** Default `lag`: the most messages behind first, then by name. */
  readonly sort?: "lag" | "name" | undefined;
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

/** What a group would get after a seek, and what not. */
export interface SeekPreview {
  /** Messages that it would get; those whose time hasn't come aren't among them. */
  readonly messages: number;
  /** Of these, those that it has settled already (the dead ones too), and would get again. */
  readonly again: number;
  /** Messages that it hasn't settled, and would never get. */
  readonly skipped: number;
  /** False: they are too many to be looked at, and the numbers are as if the group had settled them in order. */
  readonly exact: boolean;
}

export interface LeasedMessage extends Message {
  readonly state: "leased";
  readonly leasedAt: Instant;
  readonly leaseExpiresAt: Instant;
}

export interface DeadLetterFilter {
  readonly ids?: readonly string[] | undefined;
  readonly group?: string | undefined;
  /** Text in the payload, the headers, the transaction id or the error; any case. */
  readonly match?: string | undefined;
  /** Died at or after / before. */
  readonly from?: Instant | undefined;
  readonly to?: Instant | undefined;
  /** Only those that were (true) or weren't (false) redriven. */
  readonly redriven?: boolean | undefined;
}

export interface DeadQueue {
  readonly queue: string;
  /** Of all groups; at most 10000. */
  readonly waiting: number;
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
  /** The same by state. */
  readonly states: DepthByState;
  readonly waitP50: number | null;
  readonly waitP95: number | null;
  readonly runP50: number | null;
  readonly runP95: number | null;
}

/**
 * How a group stood at the end of a minute; without a group, the one that was furthest behind, but for the dead letters, which
 * are those of all groups. `null` is what isn't known of a minute that is over: brokers keep it with a minute's counters, when
 * the next change comes after its end.
 */
export interface DepthByState {
  /** Ready or retrying: with `leased` it is the depth. */
  readonly waiting: number | null;
  /** In minutes in which the group settled nothing: as it was when it had last settled something, or as it is. */
  readonly leased: number | null;
  /** Of the whole queue. */
  readonly scheduled: number | null;
  /** Dead letters, redriven or not. */
  readonly dead: number | null;
}

export interface Health {
  readonly ok: boolean;
  readonly broker: string;
  readonly version: string;
  /** Sentences; empty when ok. */
  readonly problems: readonly string[];
}
