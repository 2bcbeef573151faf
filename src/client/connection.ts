import { durationMs } from "../core/index.ts";
import type { Broker, Duration, RenewResult, Settlement, SettleResult } from "../core/index.ts";
import { PushBuffer, type BufferStats } from "./buffer.ts";
import type { HeldLeases } from "./leases.ts";
import type { Logger } from "./log.ts";
import { Queue } from "./queue.ts";
import { listed, receiptOf, type Settleable, settlement, theOnly } from "./settling.ts";
import { Taps } from "./taps.ts";
import type { Bridge, BridgeOptions } from "./taps-bridge.ts";
import type { TapMessage } from "./taps-message.ts";
import type { PublishOptions, RequestOptions } from "./taps-publish.ts";
import type { Recording, TapIntoOptions } from "./taps-recording.ts";
import type { Tap, TapOptions } from "./taps-tap.ts";
import { Transaction } from "./transaction.ts";

export interface ConnectionParts {
  readonly broker: Broker;
  readonly held: HeldLeases;
  readonly logger: Logger;
  /** Gives back this handle's share of the broker. */
  readonly release: () => Promise<void>;
}

/**
 * Where queues are. Settling one message throws when it fails (`lease-lost`); settling several
 * answers a result for each.
 */
export class Connection implements AsyncDisposable {
  /** Every facet of the broker: queues, messages, inspect, repair, workers, watch. */
  readonly broker: Broker;
  readonly #parts: ConnectionParts;
  readonly #buffers = new Map<string, PushBuffer>();
  readonly #taps: Taps;
  #closing: Promise<void> | null = null;

  constructor(parts: ConnectionParts) {
    this.#parts = parts;
    this.broker = parts.broker;
    this.#taps = new Taps(this, parts.broker, parts.logger);
  }

  /** Without secrets. */
  get url(): string {
    return this.broker.url;
  }

  queue<T = unknown>(name: string): Queue<T> {
    return new Queue<T>({ connection: this, held: this.#parts.held, logger: this.#parts.logger, bufferOf: (queue) => this.#buffer(queue) }, name);
  }

  ack(message: Settleable, options?: { readonly cumulative?: boolean }): Promise<SettleResult>;
  ack(messages: readonly Settleable[]): Promise<SettleResult[]>;
  ack(target: Settleable | readonly Settleable[], options?: { readonly cumulative?: boolean }): Promise<SettleResult | SettleResult[]> {
    return this.#settle(target, (one) => settlement.ack(one, options));
  }

  /** A failed attempt: it is retried after the queue's backoff (or this delay; a bare number is milliseconds), or becomes a dead letter. */
  nack(message: Settleable, options?: { readonly error?: unknown; readonly delay?: Duration }): Promise<SettleResult>;
  nack(messages: readonly Settleable[], options?: { readonly error?: unknown; readonly delay?: Duration }): Promise<SettleResult[]>;
  nack(target: Settleable | readonly Settleable[], options: { readonly error?: unknown; readonly delay?: Duration } = {}): Promise<SettleResult | SettleResult[]> {
    const delay = options.delay === undefined ? undefined : durationMs(options.delay, "delay", "ms");
    return this.#settle(target, (one) => settlement.nack(one, options.error, delay));
  }

  /** Gives it back at once, without counting an attempt. */
  release(message: Settleable): Promise<SettleResult>;
  release(messages: readonly Settleable[]): Promise<SettleResult[]>;
  release(target: Settleable | readonly Settleable[]): Promise<SettleResult | SettleResult[]> {
    return this.#settle(target, settlement.release);
  }

  /** To the dead letters, without any more retries. */
  dead(message: Settleable, options?: { readonly error?: unknown }): Promise<SettleResult>;
  dead(messages: readonly Settleable[], options?: { readonly error?: unknown }): Promise<SettleResult[]>;
  dead(target: Settleable | readonly Settleable[], options: { readonly error?: unknown } = {}): Promise<SettleResult | SettleResult[]> {
    return this.#settle(target, (one) => settlement.dead(one, options.error));
  }

  /** Makes the lease end this long from now; default: the queue's leaseTime. A bare number is milliseconds. */
  renew(message: Settleable, lease?: Duration): Promise<RenewResult>;
  renew(messages: readonly Settleable[], lease?: Duration): Promise<RenewResult[]>;
  async renew(target: Settleable | readonly Settleable[], lease?: Duration): Promise<RenewResult | RenewResult[]> {
    const receipts = listed(target).map(receiptOf);
    const results = await this.broker.messages.renew(receipts, lease === undefined ? undefined : durationMs(lease, "lease", "ms"));
    this.#parts.held.noteRenewed(results);
    return answer(target, results);
  }

  /** Settlements and pushes, all or nothing. */
  transaction(): Transaction {
    return new Transaction(this.broker, this.#parts.held);
  }

  /**
   * Listens to subjects of NATS, with `*` and `>`: what arrives waits in a bounded buffer and is stored nowhere else.
   * @throws unsupported on a broker that isn't NATS, invalid-input, permission-denied
   */
  tap<T = unknown>(subjects: string | readonly string[], options: TapOptions = {}): Promise<Tap<T>> {
    return this.#taps.tap<T>(subjects, options);
  }

  /** Listens to subjects and pushes what arrives to a queue, with its headers and, as `Tap-Subject`, its subject. @throws as tap */
  tapInto(subjects: string | readonly string[], queue: string, options: TapIntoOptions = {}): Promise<Recording> {
    return this.#taps.tapInto(subjects, queue, options);
  }

  /** Publishes what arrives on subjects to another one: `to` may take tokens over, as `copy.$1` or `copy.>`. @throws as tap */
  bridge(from: string | readonly string[], to: string, options: BridgeOptions = {}): Promise<Bridge> {
    return this.#taps.bridge(from, to, options);
  }

  /** Publishes on a subject of NATS. A string and a Uint8Array go as they are, other values as JSON. Resolves when the server has it. */
  publish(subject: string, data?: unknown, options: PublishOptions = {}): Promise<void> {
    return this.#taps.publish(subject, data, options);
  }

  /** Publishes, and waits for the first answer. @throws unavailable when nobody listens, or answers in time */
  request<T = unknown>(subject: string, data?: unknown, options: RequestOptions = {}): Promise<TapMessage<T>> {
    return this.#taps.request<T>(subject, data, options);
  }

  /** Pushes everything that is buffered. @throws the first failure, after every buffer was tried; what can be pushed later isn't lost, call it again */
  async flushAllBuffers(): Promise<void> {
    const results = await Promise.allSettled([...this.#buffers.values()].map((buffer) => buffer.flush()));
    const failed = results.find((result) => result.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  }

  bufferStats(): BufferStats {
    const buffers = [...this.#buffers.values()].filter(({ size }) => size > 0);
    return {
      buffers: buffers.length,
      messages: buffers.reduce((sum, { size }) => sum + size, 0),
      oldestAge: Math.max(0, ...buffers.map(({ age }) => age)),
    };
  }

  /**
   * Stops taps and bridges, pushes what is buffered, then lets go of the broker; the last handle on a URL closes it.
   * @throws when the flush failed: the connection stays open then, unless nothing is left to push because a queue refused it
   * for good; and when a tap had to leave behind what it had heard
   */
  close(): Promise<void> {
    this.#closing ??= this.#shut();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #shut(): Promise<void> {
    const [taps] = await Promise.allSettled([this.#taps.close()]);
    try {
      await this.flushAllBuffers();
    } catch (error) {
      const pushed = this.bufferStats().messages === 0;
      if (pushed) await this.#parts.release();
      this.#closing = pushed ? Promise.resolve() : null;
      throw error;
    }
    await this.#parts.release();
    if (taps.status === "rejected") throw taps.reason;
  }

  #buffer(queue: string): PushBuffer {
    const known = this.#buffers.get(queue);
    if (known !== undefined) return known;
    const buffer = new PushBuffer(this.broker, queue, this.#parts.logger);
    this.#buffers.set(queue, buffer);
    return buffer;
  }

  async #settle(target: Settleable | readonly Settleable[], settle: (one: Settleable) => Settlement): Promise<SettleResult | SettleResult[]> {
    const settlements = listed(target).map(settle);
    const results = await this.broker.messages.settle(settlements);
    this.#parts.held.noteSettled(settlements, results);
    return answer(target, results);
  }
}

/** One in, one out, thrown when it failed; many in, many out. */
function answer<R extends { readonly ok: true } | { readonly ok: false; readonly error: Error }>(target: unknown, results: R[]): R | R[] {
  if (Array.isArray(target)) return results;
  const result = theOnly(results);
  if (!result.ok) throw result.error;
  return result;
}
