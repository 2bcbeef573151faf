import type { Payload } from "./encoding.ts";
import type { Instant } from "./time.ts";

export type MessageState = "ready" | "scheduled" | "leased" | "retrying" | "completed" | "dead";
export const MESSAGE_STATES: readonly MessageState[] = ["ready", "scheduled", "leased", "retrying", "completed", "dead"];

export type Headers = Readonly<Record<string, string>>;

/** What was pushed, and where it stands: a message's, and a dead letter's of it. */
export interface Pushed {
  readonly queue: string;
  /** `null`: pushed without a key, so no order to keep. */
  readonly partition: string | null;
  readonly payload: Payload;
  readonly headers: Headers;
  /** The caller's own id; the message's id when none was given. */
  readonly transactionId: string;
  /** 0 to 9, 9 first; always 0 with a partition. */
  readonly priority: number;
  /** When it entered the queue; for a scheduled message, when it was pushed. */
  readonly createdAt: Instant;
}

/** What every view of a message shares. */
export interface MessageBase extends Pushed {
  /** Given by the broker, unique within it, never used again. */
  readonly id: string;
  /** When it expires, or `null`. */
  readonly expiresAt: Instant | null;
  /** The dead letter that this message was redriven from, or `null`. */
  readonly redrivenFrom: { readonly queue: string; readonly deadLetterId: string; readonly messageId: string } | null;
  readonly editedAt: Instant | null;
}

/** A message as inspection shows it: its state is that of one group. */
export interface Message extends MessageBase {
  readonly state: MessageState;
  /** The group whose view this is. */
  readonly group: string;
  /** Charges so far in this group. */
  readonly charges: number;
  readonly deliveryCount: number;
  /** Scheduled: when it is due. Retrying: when it is retried. Leased: when the lease ends. Otherwise `null`. */
  readonly until: Instant | null;
  /** Who leases it, when the leaser gave a worker id. */
  readonly worker: string | null;
  readonly lastError: string | null;
}

/** A popped message with its lease. */
export interface Delivery extends MessageBase {
  readonly group: string;
  /** Self-contained, random, usable from any process until the lease ends. `null` after an at-most-once pop. */
  readonly receipt: string | null;
  /** 1 + charges of this message in this group. */
  readonly attempt: number;
  /** Counts every delivery, this one included. */
  readonly deliveryCount: number;
  readonly leaseExpiresAt: Instant | null;
}

/** Why a message died. */
export type DeadReason = "retries-exhausted" | "rejected" | "lease-expired";

export interface DeadLetter extends Pushed {
  /** The dead letter's own id; a message that dies in two groups makes two. */
  readonly id: string;
  readonly messageId: string;
  readonly group: string;
  readonly deadAt: Instant;
  readonly reason: DeadReason;
  readonly attempts: number;
  readonly deliveryCount: number;
  readonly error: string | null;
  readonly stack: string | null;
  /** What it was redriven to, latest last; empty until then. */
  readonly redriven: readonly { readonly queue: string; readonly messageId: string; readonly at: Instant }[];
}

/** A line of a message's timeline. */
export interface TraceEvent {
  readonly id: string;
  readonly messageId: string;
  readonly queue: string;
  readonly at: Instant;
  /** Built in: pushed, leased, acked, nacked, released, expired, dead, redriven, undone (a redrive), edited, dropped, removed. Handlers add their own. */
  readonly type: string;
  readonly group: string | null;
  readonly worker: string | null;
  readonly attempt: number | null;
  readonly names: readonly string[];
  /** JSON text; what a handler recorded, or the error and links of a built-in event. `null` when there is none. */
  readonly data: string | null;
}
