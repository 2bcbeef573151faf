import type { Headers, Message, MessageState } from "../message.ts";
import type { Payload } from "../encoding.ts";
import type { Instant } from "../time.ts";
import type { GroupStart } from "./messages.ts";
import type { DeadLetterFilter } from "./inspect.ts";

/** The facet that puts things right: every method changes something. */
export interface Repair {
  /** Same id, place and attempts. @throws message-not-found, leased */
  edit(id: string, change: { readonly payload?: Payload; readonly headers?: Headers }): Promise<Message>;
  /** A leased one's receipt goes stale. One result an id: whether it existed. */
  remove(ids: readonly string[]): Promise<{ readonly id: string; readonly removed: boolean }[]>;
  /** Removes at most `limit` (default 1000) matching messages a call; call again while `more`. Leased ones only with state `leased`. */
  purge(queue: string, filter?: PurgeFilter & { readonly limit?: number }): Promise<{ readonly removed: number; readonly more: boolean; readonly next: string | null }>;
  redrive(queue: string, request: RedriveRequest): Promise<RedriveResult>;
  /**
   * Takes back what these dead letters were last redriven to, where no group was ever given it: its message is removed, and the
   * dead letter's mark, so that it can be redriven as if nothing had been. A result an id, in order. Whoever pops at the same time
   * has had the message, and then it isn't undone, or never gets it. What a group forgot by a seek isn't known any more.
   */
  undoRedrive(queue: string, deadLetterIds: readonly string[]): Promise<UndoneRedrive[]>;
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

export interface UndoneRedrive {
  readonly deadLetterId: string;
  readonly undone: boolean;
  /** A sentence, where it isn't undone. */
  readonly reason: string | null;
}

export interface RedriveResult {
  readonly redriven: readonly { readonly deadLetterId: string; readonly messageId: string; readonly status: "redriven" | "already-redriven" }[];
  readonly more: boolean;
  readonly next: string | null;
}
