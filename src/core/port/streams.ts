import type { Headers } from "../message.ts";
import type { Payload } from "../encoding.ts";
import type { Instant } from "../time.ts";
import type { Page, PageRequest } from "./page.ts";

/**
 * The facet for streams, consumers and key-value buckets that aren't Queuescope's. Looking at them makes no consumer, acks
 * nothing and changes nothing; every answer is bounded.
 */
export interface Streams {
  /** In name order; `match` is a part of the name or of a subject, any case. */
  list(request?: PageRequest & { readonly match?: string | undefined; readonly kind?: StreamKind | undefined }): Promise<Page<StreamSummary>>;
  /** @throws queue-not-found */
  get(stream: string): Promise<StreamDetails>;
  /** Subjects that hold messages, in name order. A page may be empty and still have a next one. */
  subjects(stream: string, request?: PageRequest & { readonly match?: string | undefined }): Promise<Page<SubjectCount>>;
  consumers(stream: string, request?: PageRequest): Promise<Page<StreamConsumer>>;
  /** In the order they were stored. `subject` may hold `*` and `>`; `after` may be a sequence. A page ends early at 8 MiB. */
  messages(stream: string, request?: PageRequest & { readonly subject?: string | undefined }): Promise<Page<StreamMessage>>;
  /** @throws message-not-found */
  message(stream: string, sequence: number): Promise<StreamMessage>;
  /** Keys of a bucket, in name order, deleted ones too where their marker remains. */
  keys(bucket: string, request?: PageRequest & { readonly match?: string | undefined }): Promise<Page<string>>;
  /** The latest of a key. @throws message-not-found */
  value(bucket: string, key: string): Promise<BucketEntry>;
  /**
   * Whether a stream keeps what the server tells of terminated and given-up messages. Without one, dead letters of other
   * systems' queues are known only from while this connection is open.
   */
  keepsDeadLetters(): Promise<boolean>;
  /** (changes) Makes a stream of Queuescope's own for that, or deletes it. */
  keepDeadLetters(keep: boolean): Promise<void>;
}

export type StreamKind = "stream" | "bucket" | "objects";

export interface StreamSummary {
  /** Of a bucket: without the `KV_` of its stream. */
  readonly name: string;
  readonly kind: StreamKind;
  /** The stream that holds it: what the other methods want, though they take a bucket's name too. */
  readonly stream: string;
  readonly subjects: readonly string[];
  readonly messages: number;
  readonly bytes: number;
  readonly consumers: number;
  readonly createdAt: Instant;
}

export interface StreamDetails extends StreamSummary {
  readonly description: string | null;
  readonly retention: string;
  readonly storage: string;
  readonly replicas: number;
  /** Milliseconds; `null`: kept. */
  readonly maxAge: number | null;
  readonly firstSequence: number;
  readonly lastSequence: number;
  /** How many subjects hold messages. */
  readonly subjectCount: number;
}

export interface SubjectCount {
  readonly subject: string;
  readonly messages: number;
}

export interface StreamConsumer {
  readonly name: string;
  readonly durable: boolean;
  /** Empty: all of the stream. */
  readonly filters: readonly string[];
  /** Not delivered yet. */
  readonly pending: number;
  /** Delivered and not acknowledged. */
  readonly ackPending: number;
  /** Of these, those that were delivered more than once. */
  readonly redelivered: number;
  /** Pull requests that wait. */
  readonly waiting: number;
  /** Sequence of the last message that was delivered. */
  readonly delivered: number;
  /** All up to this sequence are acknowledged. */
  readonly ackFloor: number;
  /** Milliseconds. */
  readonly ackWait: number | null;
  /** `null`: without a limit. */
  readonly maxDeliver: number | null;
  readonly paused: boolean;
  readonly lastActiveAt: Instant | null;
}

/** How a payload was stored: `pickle` and `protoqueue` are shown as the JSON they mean. */
export type StoredFormat = "json" | "text" | "bytes" | "pickle" | "protoqueue";

export interface StreamMessage {
  readonly stream: string;
  readonly sequence: number;
  readonly subject: string;
  readonly at: Instant;
  readonly headers: Headers;
  readonly payload: Payload;
  readonly format: StoredFormat;
  /** Why it is shown as raw bytes or text; `null` when it could be read. */
  readonly note: string | null;
}

export interface BucketEntry extends StreamMessage {
  readonly bucket: string;
  readonly key: string;
  /** `delete` and `purge` are what remains of a key that was deleted. */
  readonly operation: "put" | "delete" | "purge";
}
