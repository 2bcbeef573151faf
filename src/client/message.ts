import { payloadText, payloadValue } from "../core/index.ts";
import type { DeadLetter, DeadReason, Delivery, Encoding, Headers, MessageBase, Payload } from "../core/index.ts";

/** Data as it was pushed; parsed when it is first asked for. */
abstract class Content<T> {
  readonly #payload: Payload;
  #value: { readonly parsed: T } | null = null;

  constructor(payload: Payload) {
    this.#payload = payload;
  }

  /** The value that was pushed: parsed JSON, a string for text, a Uint8Array for bytes. */
  get data(): T {
    this.#value ??= { parsed: payloadValue(this.#payload) as T };
    return this.#value.parsed;
  }

  get encoding(): Encoding {
    return this.#payload.encoding;
  }

  /** Exactly the text that was pushed: for JSON its text, in which 12345678901234567890 is still that. */
  get text(): string {
    return this.encoding === "bytes" ? Buffer.from(this.#payload.bytes).toString("utf8") : payloadText(this.#payload);
  }

  /** The bytes as they are stored. */
  get bytes(): Uint8Array {
    return this.#payload.bytes;
  }
}

/** A popped message. */
export class Message<T = unknown> extends Content<T> {
  readonly id: string;
  readonly queue: string;
  /** `null`: pushed without a key. */
  readonly partition: string | null;
  readonly group: string;
  readonly headers: Headers;
  /** The caller's own id; the message's id when none was given. */
  readonly transactionId: string;
  readonly priority: number;
  /** 1 at first, one more after each failure. */
  readonly attempt: number;
  readonly deliveryCount: number;
  /** Settles it, from any process, until its lease ends; `null` after an at-most-once pop. */
  readonly receipt: string | null;
  readonly leaseExpiresAt: Date | null;
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly redrivenFrom: MessageBase["redrivenFrom"];

  constructor(delivery: Delivery) {
    super(delivery.payload);
    this.id = delivery.id;
    this.queue = delivery.queue;
    this.partition = delivery.partition;
    this.group = delivery.group;
    this.headers = delivery.headers;
    this.transactionId = delivery.transactionId;
    this.priority = delivery.priority;
    this.attempt = delivery.attempt;
    this.deliveryCount = delivery.deliveryCount;
    this.receipt = delivery.receipt;
    this.leaseExpiresAt = date(delivery.leaseExpiresAt);
    this.createdAt = new Date(delivery.createdAt);
    this.expiresAt = date(delivery.expiresAt);
    this.redrivenFrom = delivery.redrivenFrom;
  }
}

/** A message that failed for good, kept with its error. */
export class DeadMessage<T = unknown> extends Content<T> {
  /** The dead letter's own id. */
  readonly id: string;
  readonly messageId: string;
  readonly queue: string;
  readonly group: string;
  readonly partition: string | null;
  readonly headers: Headers;
  readonly transactionId: string;
  readonly priority: number;
  readonly createdAt: Date;
  readonly deadAt: Date;
  readonly reason: DeadReason;
  readonly attempts: number;
  readonly deliveryCount: number;
  readonly error: string | null;
  readonly stack: string | null;
  /** What it was redriven to, latest last. */
  readonly redriven: DeadLetter["redriven"];

  constructor(letter: DeadLetter) {
    super(letter.payload);
    this.id = letter.id;
    this.messageId = letter.messageId;
    this.queue = letter.queue;
    this.group = letter.group;
    this.partition = letter.partition;
    this.headers = letter.headers;
    this.transactionId = letter.transactionId;
    this.priority = letter.priority;
    this.createdAt = new Date(letter.createdAt);
    this.deadAt = new Date(letter.deadAt);
    this.reason = letter.reason;
    this.attempts = letter.attempts;
    this.deliveryCount = letter.deliveryCount;
    this.error = letter.error;
    this.stack = letter.stack;
    this.redriven = letter.redriven;
  }
}

function date(at: number | null): Date | null {
  return at === null ? null : new Date(at);
}
