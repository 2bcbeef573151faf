import type { SubjectHeaders } from "../subjects.ts";
import type { Instant } from "../time.ts";
import type { Watch } from "../broker.ts";

/** The facet for what flows by on subjects (core NATS) and is stored nowhere. */
export interface Subjects {
  /**
   * Listens to subjects, `*` and `>` included; a message that several of them match arrives once. Resolves when the server
   * listens for us. (changes) with a group: it takes messages from the others in the group.
   * @throws invalid-input, permission-denied, unavailable
   */
  tap(subjects: readonly string[], request?: TapRequest): Promise<SubjectTap>;
  /**
   * (changes) In order. Resolves when the server has them all; whether anybody listens it doesn't say.
   * @throws invalid-input, payload-too-large, permission-denied; unavailable when it wasn't confirmed, and then some may have been sent
   */
  publish(messages: readonly SubjectMessage[], options?: { /** Milliseconds; default 10000. */ readonly timeout?: number }): Promise<void>;
  /** (changes) Publishes, and waits for the first answer. @throws unavailable when nobody listens or answers in time */
  request(message: SubjectMessage, options?: { /** Milliseconds; default 5000. */ readonly timeout?: number; readonly signal?: AbortSignal }): Promise<ArrivedMessage>;
}

export interface SubjectMessage {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly headers?: SubjectHeaders | undefined;
  /** Where an answer is to go. */
  readonly reply?: string | undefined;
}

export interface ArrivedMessage extends SubjectMessage {
  readonly headers: SubjectHeaders;
  readonly receivedAt: Instant;
}

export type TapOverflow = "drop-oldest" | "drop-newest";

export interface TapRequest {
  /** Queue group: the server gives each message to one of its members. */
  readonly group?: string | undefined;
  /** Most messages that wait to be taken; default 10000. */
  readonly buffer?: number | undefined;
  /** Most bytes of them; default 64 MiB. */
  readonly bufferBytes?: number | undefined;
  /**
   * What is lost when the buffer is full: the oldest waiting message (default) or the one that arrives. Core NATS
   * can't be told to wait: a client that doesn't read is disconnected.
   */
  readonly overflow?: TapOverflow | undefined;
  /**
   * Whether to take what clients and servers say among themselves: inboxes, JetStream's requests and events, Queuescope's
   * own streams. Default: only on subjects that name them, so that `>` shows messages of people. `false`, for what is
   * passed on: besides, nothing that would make more of itself without end.
   */
  readonly internal?: boolean | undefined;
}

export interface TapStats {
  readonly since: Instant;
  readonly received: number;
  /** Waiting to be taken. */
  readonly buffered: number;
  readonly bufferedBytes: number;
  /** Lost because the buffer was full. */
  readonly dropped: number;
  /** How often the connection was lost: what was published meanwhile didn't arrive. */
  readonly interruptions: number;
}

export interface SubjectTap {
  readonly subjects: readonly string[];
  readonly group: string | null;
  /** As of now. */
  readonly stats: TapStats;
  /** Resolves when nothing arrives any more: `null` after `stop`, else why. */
  readonly ended: Promise<Error | null>;
  /**
   * The oldest waiting messages, at most `max`. Waits for the first of them: up to `wait` milliseconds, by default without
   * end. Empty when time is up, the signal is aborted, or the tap was stopped and is empty.
   * @throws why the tap ended, once it is empty
   */
  take(max: number, options?: { readonly wait?: number; readonly signal?: AbortSignal | undefined }): Promise<ArrivedMessage[]>;
  /** What waits, oldest first; takes nothing. */
  buffered(): readonly ArrivedMessage[];
  /** Throws away what waits. Answers how many. */
  clear(): number;
  /** Calls back soon after anything changed; bursts are merged. */
  watch(onChange: () => void): Watch;
  /** What the server sent before still arrives; what waits can still be taken. Idempotent. */
  stop(): Promise<void>;
}
