import { checkPushItems, countOf, durationMs, isQueuescopeError, QueuescopeError } from "../core/index.ts";
import type { Broker, Duration, ErrorCode, PushItem } from "../core/index.ts";
import type { Logger } from "./log.ts";

export interface BufferOptions {
  /** Push when this many wait; default 100. */
  readonly messageCount?: number;
  /** Push this long after the first of them; default 1 s. A bare number is milliseconds. */
  readonly timeMillis?: Duration;
  /** Above this a push waits until there is room; default 4 times messageCount. */
  readonly maxSize?: number;
}

export interface BufferStats {
  readonly buffers: number;
  readonly messages: number;
  /** Age of the oldest buffered message in milliseconds. */
  readonly oldestAge: number;
}

/** A message itself is refused, and will be whenever it is pushed. */
const REFUSALS: readonly ErrorCode[] = ["invalid-input", "payload-too-large"];

/**
 * Messages of one queue that wait to be pushed together. Their order is kept: a batch stays in front until it is stored.
 * Only what the queue refuses for good is dropped, and told by the next flush.
 */
export class PushBuffer {
  readonly #broker: Broker;
  readonly #queue: string;
  readonly #logger: Logger;
  #count = 100;
  #time = 1_000;
  #most = 400;
  #items: PushItem[] = [];
  #since = 0;
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<void> | null = null;
  #refused: { count: number; readonly first: QueuescopeError } | null = null;

  constructor(broker: Broker, queue: string, logger: Logger) {
    this.#broker = broker;
    this.#queue = queue;
    this.#logger = logger;
  }

  get size(): number {
    return this.#items.length;
  }

  get age(): number {
    return this.#items.length === 0 ? 0 : Date.now() - this.#since;
  }

  configure(options: BufferOptions): void {
    this.#count = countOf(options.messageCount ?? 100, "messageCount");
    this.#time = durationMs(options.timeMillis ?? 1_000, "timeMillis", "ms");
    this.#most = Math.max(countOf(options.maxSize ?? 4 * this.#count, "maxSize"), this.#count);
  }

  /**
   * Takes the items. Waits while the buffer is full, and rejects, without having taken them, when the pushes that
   * would make room fail. Refuses at once what no broker would store: it would stay in front for good.
   */
  async add(items: readonly PushItem[]): Promise<void> {
    checkPushItems(items);
    while (this.#items.length > 0 && this.#items.length + items.length > this.#most) await this.#flushOnce();
    if (this.#items.length === 0) this.#since = Date.now();
    this.#items.push(...items);
    if (this.#items.length >= this.#count) this.#flushInBackground();
    else this.#arm();
  }

  /**
   * Pushes everything that is buffered now. @throws what the push throws; then nothing is lost and it may be called again;
   * and when all is pushed, once, what was refused for good since the last flush
   */
  async flush(): Promise<void> {
    while (this.#running !== null || this.#items.length > 0) await this.#flushOnce();
    const refused = this.#refused;
    this.#refused = null;
    if (refused === null) return;
    const { count, first } = refused;
    const what = count === 1 ? "1 message was" : `${count} messages were`;
    throw new QueuescopeError(first.code, `${what} refused by the queue ${JSON.stringify(this.#queue)} and dropped from the buffer; the others are pushed. ${first.message}`, { queue: this.#queue, cause: first, ...(first.field === undefined ? {} : { field: first.field }) });
  }

  #arm(): void {
    this.#timer ??= setTimeout(() => { this.#flushInBackground(); }, this.#time);
  }

  #flushInBackground(): void {
    this.#flushOnce().then(
      () => { if (this.#items.length >= this.#count) this.#flushInBackground(); },
      (error: unknown) => {
        this.#logger.warn("buffered push failed; it will be tried again", { queue: this.#queue, messages: this.#items.length, error: String(error) });
      },
    );
  }

  /** One batch at a time, so that the order holds. */
  #flushOnce(): Promise<void> {
    this.#running ??= this.#pushBatch().finally(() => {
      this.#running = null;
      if (this.#items.length > 0) this.#arm();
    });
    return this.#running;
  }

  async #pushBatch(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const batch = this.#items.slice(0, this.#count);
    if (batch.length === 0) return;
    try {
      await this.#broker.messages.push(this.#queue, batch);
      this.#items.splice(0, batch.length);
    } catch (error) {
      if (isQueuescopeError(error, "partial-push")) this.#items.splice(0, error.stored.length);
      if (!isRefusal(error)) throw error;
      await this.#pushEach(batch);
    }
    this.#since = Date.now();
    this.#logger.debug("pushed buffered messages", { queue: this.#queue, count: batch.length });
  }

  /** The front of the buffer, of which the queue refused something: on its own each is stored or refused for itself. */
  async #pushEach(batch: readonly PushItem[]): Promise<void> {
    for (const item of batch) {
      try {
        await this.#broker.messages.push(this.#queue, [item]);
      } catch (error) {
        if (!isRefusal(error)) throw error;
        this.#refused ??= { count: 0, first: error };
        this.#refused.count += 1;
        this.#logger.error("the queue refused a buffered message; it was dropped", { queue: this.#queue, transactionId: item.transactionId, error: error.message });
      }
      this.#items.shift();
    }
  }
}

function isRefusal(error: unknown): error is QueuescopeError {
  return isQueuescopeError(error) && REFUSALS.includes(error.code);
}
