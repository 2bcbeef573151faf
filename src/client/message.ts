import { payloadText, payloadValue } from "../core/index.ts";
import type { DeadLetter, DeadReason, Delivery, Encoding, Headers, MessageBase, Payload } from "../core/index.ts";

/** What a message and a dead letter share. Data is as it was pushed, and parsed when it is first asked for. */
abstract class Content<T> {
  readonly id: string;
  readonly queue: string;
  /** `null`: pushed without a key. */
  readonly partition: string | null;
  readonly group: string;
  readonly headers: Headers;
  /** The caller's own id; the message's id when none was given. */
  readonly transactionId: string;
  readonly priority: number;
  readonly deliveryCount: number;
  readonly createdAt: Date;
  readonly #payload: Payload;
  #value: { readonly parsed: T } | null = null;

  constructor(stored: Delivery | DeadLetter) {
    this.id = stored.id;
    this.queue = stored.queue;
    this.partition = stored.partition;
    this.group = stored.group;
    this.headers = stored.headers;
    this.transactionId = stored.transactionId;
    this.priority = stored.priority;
    this.deliveryCount = stored.deliveryCount;
    this.createdAt = new Date(stored.createdAt);
    this.#payload = stored.payload;
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
  /** 1 at first, one more after each failure. */
  readonly attempt: number;
  /** Settles it, from any process, until its lease ends; `null` after an at-most-once pop. */
  readonly receipt: string | null;
  readonly leaseExpiresAt: Date | null;
  readonly expiresAt: Date | null;
  readonly redrivenFrom: MessageBase["redrivenFrom"];

  constructor(delivery: Delivery) {
    super(delivery);
    this.attempt = delivery.attempt;
    this.receipt = delivery.receipt;
    this.leaseExpiresAt = date(delivery.leaseExpiresAt);
    this.expiresAt = date(delivery.expiresAt);
    this.redrivenFrom = delivery.redrivenFrom;
  }
}

/** A message that failed for good, kept with its error. Its `id` is the dead letter's own. */
export class DeadMessage<T = unknown> extends Content<T> {
  readonly messageId: string;
  readonly deadAt: Date;
  readonly reason: DeadReason;
  readonly attempts: number;
  readonly error: string | null;
  readonly stack: string | null;
  /** What it was redriven to, latest last. */
  readonly redriven: DeadLetter["redriven"];

  constructor(letter: DeadLetter) {
    super(letter);
    this.messageId = letter.messageId;
    this.deadAt = new Date(letter.deadAt);
    this.reason = letter.reason;
    this.attempts = letter.attempts;
    this.error = letter.error;
    this.stack = letter.stack;
    this.redriven = letter.redriven;
  }
}

function date(at: number | null): Date | null {
  return at === null ? null : new Date(at);
}
