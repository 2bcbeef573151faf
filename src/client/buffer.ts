import { checkPushItems, durationMs, invalidInput, isQueuescopeError } from "../core/index.ts";
import type { Broker, Duration, PushItem } from "../core/index.ts";
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

/** Messages of one queue that wait to be pushed together. Their order is kept: a batch stays in front until it is stored. */
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
    this.#count = whole(options.messageCount ?? 100, "messageCount");
    this.#time = durationMs(options.timeMillis ?? 1_000, "timeMillis", "ms");
    this.#most = Math.max(whole(options.maxSize ?? 4 * this.#count, "maxSize"), this.#count);
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

  /** Pushes everything that is buffered now. @throws what the push throws; then nothing is lost and it may be called again */
  async flush(): Promise<void> {
    while (this.#running !== null || this.#items.length > 0) await this.#flushOnce();
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
    } catch (error) {
      if (isQueuescopeError(error, "partial-push")) this.#items.splice(0, error.stored.length);
      throw error;
    }
    this.#items.splice(0, batch.length);
    this.#since = Date.now();
    this.#logger.debug("pushed buffered messages", { queue: this.#queue, count: batch.length });
  }
}

function whole(value: number, field: string): number {
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw invalidInput(field, `${field} must be a whole number above 0, but is ${value}.`);
}
