import { countOf, durationMs, instant, isQueuescopeError } from "../core/index.ts";
import type { Duration, GroupStart, Message as InspectedMessage, PopRequest, PushResult, QueueInfo, QueueOptionsInput, QueueStats } from "../core/index.ts";
import type { BufferOptions, PushBuffer } from "./buffer.ts";
import type { Connection } from "./connection.ts";
import { Budget, Consumer, type ConsumeHooks, type ConsumeSettings, type ConsumeSummary } from "./consume.ts";
import { DeadLetters } from "./dead-letters.ts";
import type { BatchHandler, Handler, HandlerContext, HandlerResult } from "./handler.ts";
import { type Pushable, toPushItem } from "./items.ts";
import type { HeldLeases } from "./leases.ts";
import type { Logger } from "./log.ts";
import { Message } from "./message.ts";
import { theOnly } from "./settling.ts";

export interface QueueParts {
  readonly connection: Connection;
  readonly held: HeldLeases;
  readonly logger: Logger;
  readonly bufferOf: (queue: string) => PushBuffer;
}

interface Choices {
  readonly options: QueueOptionsInput;
  readonly request: Omit<PopRequest, "batch" | "wait" | "signal">;
  readonly batch: number;
  /** Undefined: pop doesn't wait, consume does. */
  readonly wait: boolean | undefined;
  readonly timeout: number;
  readonly concurrency: number;
  readonly limit: number | null;
  readonly idle: number | null;
  readonly each: boolean;
  readonly autoAck: boolean;
  readonly renew: boolean | number;
}

const DEFAULTS: Choices = { options: {}, request: {}, batch: 1, wait: undefined, timeout: 30_000, concurrency: 1, limit: null, idle: null, each: false, autoAck: true, renew: false };

/** What handlers get: one message, each of a batch on its own, or a batch as an array. */
export type Mode = "one" | "each" | "batch";
export type HandlerOf<T, M extends Mode> = M extends "batch" ? BatchHandler<T> : Handler<T>;

export interface ConsumeOptions {
  /** Ends it: running handlers are waited for, what wasn't started is released. */
  readonly signal?: AbortSignal;
}

/**
 * A queue and how to use it. Each method that sets something answers a new object, so one can be
 * kept and varied: `orders.partition("a")` leaves `orders` as it is. A bare number of a duration is
 * milliseconds here; `config` takes queue options, which state their own units.
 */
export class Queue<T = unknown, M extends Mode = "one"> {
  readonly name: string;
  readonly #parts: QueueParts;
  readonly #choices: Choices;

  constructor(parts: QueueParts, name: string, choices: Choices = DEFAULTS) {
    this.#parts = parts;
    this.name = name;
    this.#choices = choices;
  }

  // ---- the queue itself

  /** Options for `create`. */
  config(options: QueueOptionsInput): Queue<T, M> {
    return this.#with({ options: { ...this.#choices.options, ...options } });
  }

  /** Creates it; if it exists, its options become those of `config`, the others stay. */
  async create(): Promise<QueueInfo> {
    const { queues } = this.#parts.connection.broker;
    const { options } = this.#choices;
    try {
      return await queues.create(this.name, options);
    } catch (error) {
      if (!isQueuescopeError(error, "queue-exists")) throw error;
      return Object.keys(options).length === 0 ? queues.get(this.name) : queues.configure(this.name, options);
    }
  }

  /** With its messages, dead letters, groups and traces. */
  async delete(): Promise<void> {
    await this.#parts.connection.broker.queues.delete(this.name);
  }

  async pause(): Promise<void> {
    await this.#parts.connection.broker.queues.pause(this.name);
  }

  async resume(): Promise<void> {
    await this.#parts.connection.broker.queues.resume(this.name);
  }

  async info(): Promise<QueueInfo> {
    return this.#parts.connection.broker.queues.get(this.name);
  }

  async stats(): Promise<QueueStats> {
    return this.#parts.connection.broker.inspect.stats(this.name);
  }

  /** The next messages that this group would get; changes nothing. */
  async peek(limit = 10): Promise<InspectedMessage[]> {
    const { group, partition } = this.#choices.request;
    return this.#parts.connection.broker.inspect.peek(this.name, { limit, ...(group === undefined ? {} : { group }), ...(partition === undefined ? {} : { partition }) });
  }

  // ---- choices

  /** Messages with the same key are delivered one after the other, in the order they were pushed. */
  partition(key: string): Queue<T, M> {
    return this.#request({ partition: key });
  }

  /** Each group gets every message. Default: `default`. */
  group(name: string): Queue<T, M> {
    return this.#request({ group: name });
  }

  /** Where a group that doesn't exist yet starts: `all` (default), `new`, or a time: a Date or ISO 8601 (UTC without a zone). */
  start(from: string | Date): Queue<T, M> {
    const start: GroupStart = from === "all" || from === "new" ? from : instant(from, "start");
    return this.#request({ start });
  }

  /** At most this many messages a pop; above 1 a handler gets an array, unless `each()`. */
  batch(size: 1): Queue<T, M extends "each" ? "each" : "one">;
  batch(size: number): Queue<T, M extends "each" ? "each" : "batch">;
  batch(size: number): Queue<T, Mode> {
    return this.#with({ batch: countOf(size, "batch") });
  }

  /** The handler gets one message at a time, however large the batch. */
  each(): Queue<T, "each"> {
    return this.#with({ each: true });
  }

  /** true: wait for messages, as long as `timeout`; false: take what is there, and end a consume when nothing is left. Default: a pop doesn't wait, a consume does. */
  wait(wait: boolean): Queue<T, M> {
    return this.#with({ wait });
  }

  /** How long a pop waits with `wait(true)`, and how long each long poll of a consume is; default 30 s. */
  timeout(time: Duration): Queue<T, M> {
    return this.#with({ timeout: durationMs(time, "timeout", "ms") });
  }

  /** Instead of the queue's leaseTime. */
  lease(time: Duration): Queue<T, M> {
    return this.#request({ lease: durationMs(time, "lease", "ms") });
  }

  /** Only messages that were never delivered to this group. */
  onlyNew(): Queue<T, M> {
    return this.#request({ onlyNew: true });
  }

  /** Completed on delivery: no lease, no retry, nothing to settle. */
  atMostOnce(): Queue<T, M> {
    return this.#request({ atMostOnce: true });
  }

  /** Handlers that run at once; default 1. */
  concurrency(count: number): Queue<T, M> {
    return this.#with({ concurrency: countOf(count, "concurrency") });
  }

  /** End a consume after this many messages. */
  limit(count: number): Queue<T, M> {
    return this.#with({ limit: countOf(count, "limit") });
  }

  /** End a consume after this long without a message. */
  idle(time: Duration): Queue<T, M> {
    return this.#with({ idle: durationMs(time, "idle", "ms") });
  }

  /** false: the handler (or whoever it hands the message to) settles it. */
  autoAck(on: boolean): Queue<T, M> {
    return this.#with({ autoAck: on });
  }

  /** Renew leases while handlers run: every third of the lease, or this often. */
  renewLease(on = true, every?: Duration): Queue<T, M> {
    return this.#with({ renew: on && every !== undefined ? Math.max(10, durationMs(every, "every", "ms")) : on });
  }

  // ---- messages

  /** Each element of an array is a message of its own; to push an array as one message write `{ data: [...] }`. Creates a missing queue. */
  push(messages: readonly Pushable<T>[]): Promise<PushResult[]>;
  push(message: Pushable<T>): Promise<PushResult>;
  async push(data: Pushable<T> | readonly Pushable<T>[]): Promise<PushResult | PushResult[]> {
    const { connection, logger } = this.#parts;
    const results = await connection.broker.messages.push(this.name, this.#items(data));
    logger.debug("pushed", { queue: this.name, count: results.length });
    if (Array.isArray(data)) return results;
    return theOnly(results);
  }

  /** Collects messages and pushes them together: after 100 of them, or 1 s. A crash loses what is buffered. */
  buffer(options: BufferOptions = {}): BufferedQueue<T> {
    const buffer = this.#parts.bufferOf(this.name);
    buffer.configure(options);
    return { push: async (data) => buffer.add(this.#items(data)) };
  }

  async flushBuffer(): Promise<void> {
    await this.#parts.bufferOf(this.name).flush();
  }

  async pop(options: { readonly signal?: AbortSignal } = {}): Promise<Message<T>[]> {
    const { batch, wait, timeout, request } = this.#choices;
    const { connection, logger } = this.#parts;
    const deliveries = await connection.broker.messages.pop(this.name, { ...request, batch, wait: wait === true ? timeout : 0, ...options });
    logger.debug("popped", { queue: this.name, group: request.group, count: deliveries.length });
    return deliveries.map((delivery) => new Message<T>(delivery));
  }

  /**
   * Calls the handler with messages until the signal, the limit, or the end of the queue (`wait(false)`, `idle`).
   * A return acks; a throw, or `{ success: false, error }`, is a nack; what the handler settled itself stays so.
   * A queue that doesn't exist yet is waited for.
   */
  async consume(handler: HandlerOf<T, M>, options: ConsumeOptions = {}): Promise<ConsumeSummary> {
    return this.consumer(handler).run(options.signal);
  }

  /** consume, with what a worker needs besides: hooks, a limit shared by several queues, more of the pop's request. */
  consumer(handler: HandlerOf<T, M>, extra: { readonly hooks?: ConsumeHooks; readonly budget?: Budget; readonly request?: Pick<PopRequest, "worker" | "messageId"> } = {}): Consumer<T> {
    const { batch, each, autoAck, concurrency, timeout, idle, renew, limit } = this.#choices;
    const request = { ...this.#choices.request, ...extra.request };
    const settings: ConsumeSettings = { queue: this.name, request, batch, each, autoAck, concurrency, timeout, idle, renew, wait: this.#choices.wait ?? true };
    const { connection, held, logger } = this.#parts;
    const call = batch === 1 || each ? single(handler as Handler<T>) : (handler as BatchHandler<T>);
    return new Consumer<T>({ connection, broker: connection.broker, held, logger, settings, budget: extra.budget ?? new Budget(limit), hooks: extra.hooks ?? {}, call });
  }

  /** The dead letters of a group; without one, of all groups. */
  dlq(group?: string): DeadLetters<T> {
    return new DeadLetters<T>(this.#parts.connection, this.name, group);
  }

  #items(data: unknown): ReturnType<typeof toPushItem>[] {
    const list: readonly unknown[] = Array.isArray(data) ? data : [data];
    return list.map((item) => toPushItem(item, this.#choices.request.partition));
  }

  #with<Next extends Mode = M>(change: Partial<Choices>): Queue<T, Next> {
    return new Queue<T, Next>(this.#parts, this.name, { ...this.#choices, ...change });
  }

  #request(change: Choices["request"]): Queue<T, M> {
    return this.#with({ request: { ...this.#choices.request, ...change } });
  }
}

export interface BufferedQueue<T> {
  /** Resolves when the messages are in the buffer; waits while it is full. */
  push(data: Pushable<T> | readonly Pushable<T>[]): Promise<void>;
}

function single<T>(handler: Handler<T>): (messages: readonly Message<T>[], context: HandlerContext) => HandlerResult | Promise<HandlerResult> {
  return ([message], context) => (message === undefined ? undefined : handler(message, context));
}
