import { isQueuescopeError } from "../core/index.ts";
import type { Broker, Delivery, Failure, PopRequest, SettleOutcome, SettleResult, Settlement } from "../core/index.ts";
import type { Connection } from "./connection.ts";
import { CallContext } from "./context.ts";
import { failureFrom, failureOf, type HandlerContext, type HandlerResult } from "./handler.ts";
import { LeaseCare, type HeldLeases } from "./leases.ts";
import type { Logger } from "./log.ts";
import { Message } from "./message.ts";
import { isPassing, pause, queueAppears } from "./waiting.ts";

export interface ConsumeSettings {
  readonly queue: string;
  /** All of a pop but how many and how long. */
  readonly request: Omit<PopRequest, "batch" | "wait" | "signal">;
  readonly concurrency: number;
  readonly batch: number;
  /** The handler gets one message, however large the batch. */
  readonly each: boolean;
  readonly autoAck: boolean;
  /** Wait for messages; false: end when nothing is ready any more. */
  readonly wait: boolean;
  /** Milliseconds of one long poll. */
  readonly timeout: number;
  /** End after this many milliseconds without a message; `null`: never. */
  readonly idle: number | null;
  readonly renew: boolean | number;
}

export interface Finished {
  readonly message: Message;
  readonly milliseconds: number;
  readonly failure: Failure | null;
  /** `lease-lost`: somebody else will get it, or has got it; `unsettled`: left to the caller. */
  readonly outcome: SettleOutcome | "lease-lost" | "unsettled";
  readonly result: SettleResult | null;
}

/** What a worker wants to know and decide beyond a plain consume. */
export interface ConsumeHooks {
  waiting?(queue: string): void;
  started?(message: Message): void;
  finished?(finished: Finished): void;
  /** Don't wait for running handlers any longer: release their messages. */
  readonly force?: AbortSignal;
  /** Milliseconds that handlers have after `force` to end by themselves. */
  readonly forceGrace?: number;
}

export interface ConsumeSummary {
  readonly processed: number;
  readonly failed: number;
  readonly reason: "limit" | "drained" | "stopped";
}

/** How many messages may still be started; shared by the consumers of one worker. */
export class Budget {
  #left: number;

  constructor(limit: number | null) {
    this.#left = limit ?? Number.POSITIVE_INFINITY;
  }

  take(most: number): number {
    const taken = Math.min(most, this.#left);
    this.#left -= taken;
    return taken;
  }

  giveBack(count: number): void {
    this.#left += count;
  }
}

type Call<T> = (messages: readonly Message<T>[], context: HandlerContext) => HandlerResult | Promise<HandlerResult>;

/** Milliseconds; who waits with shorter ones does nothing but ask. */
const SHORTEST_POLL = 10;
/** Milliseconds between two looks at whether the others have ended. */
const OTHERS_WORK = 100;
/** When acks of a long batch are stored at the latest, so that a crash redelivers little. */
const SETTLE_EVERY = 50;

export interface ConsumerParts<T> {
  readonly connection: Connection;
  readonly broker: Broker;
  readonly held: HeldLeases;
  readonly logger: Logger;
  readonly settings: ConsumeSettings;
  readonly budget: Budget;
  readonly hooks: ConsumeHooks;
  readonly call: Call<T>;
}

/**
 * Lanes that pop, call the handler and settle, each settlement in one commit with the next pop.
 * Of the lanes that found nothing one waits; when it gets messages, the next one takes its place.
 */
export class Consumer<T> {
  readonly #parts: ConsumerParts<T>;
  readonly #stop = new AbortController();
  readonly #pending = new Map<string, Omit<Finished, "outcome" | "result">>();
  readonly #interrupts = new Set<() => void>();
  #signal = this.#stop.signal;
  #turn: Promise<unknown> = Promise.resolve();
  /** Lanes that have messages: from the pop that gave them until they were settled and nothing came with that. */
  #busy = 0;
  #lastMessageAt = Date.now();
  #drained = false;
  #processed = 0;
  #failed = 0;

  constructor(parts: ConsumerParts<T>) {
    this.#parts = parts;
  }

  /** Ends on the signal, at the limit, when drained or idle. @throws what no retry can cure; what runs is finished first */
  async run(signal?: AbortSignal): Promise<ConsumeSummary> {
    if (signal !== undefined) this.#signal = AbortSignal.any([signal, this.#stop.signal]);
    this.#parts.hooks.force?.addEventListener("abort", () => { for (const interrupt of this.#interrupts) interrupt(); }, { once: true });
    const lanes = Array.from({ length: this.#parts.settings.concurrency }, async () => {
      try {
        await this.#lane();
      } catch (error) {
        this.#stop.abort();
        throw error;
      }
    });
    const failed = (await Promise.allSettled(lanes)).find((lane) => lane.status === "rejected");
    if (failed !== undefined) throw failed.reason;
    const reason = this.#drained ? "drained" : this.#signal.aborted ? "stopped" : "limit";
    return { processed: this.#processed, failed: this.#failed, reason };
  }

  get #stopping(): boolean {
    return this.#signal.aborted;
  }

  async #lane(): Promise<void> {
    const { budget, settings } = this.#parts;
    let done: Settlement[] = [];
    let busy = false;
    for (;;) {
      const want = this.#stopping ? 0 : budget.take(settings.batch);
      if (want === 0) break;
      const deliveries = await this.#next(done, want, busy);
      done = [];
      budget.giveBack(want - deliveries.length);
      if (deliveries.length === 0) return;
      busy = true;
      done = await this.#work(deliveries);
      this.#lastMessageAt = Date.now();
    }
    await this.#settle(done);
    if (busy) this.#busy -= 1;
  }

  /** Settles and pops; then waits in turn. Empty: this lane is to end. */
  async #next(done: readonly Settlement[], batch: number, busy: boolean): Promise<Delivery[]> {
    const { broker, settings } = this.#parts;
    if (done.length > 0) {
      // What is in the way of the pop is told by the next one: what was done is stored without it.
      const { settled, deliveries } = await this.#persist(() => broker.messages.settleAndPop(done, settings.queue, { ...settings.request, batch })).catch(async () => ({
        settled: await this.#persist(() => broker.messages.settle(done)), deliveries: [],
      }));
      this.#report(done, settled);
      if (deliveries.length > 0) return deliveries;
    }
    if (busy) this.#busy -= 1;
    const turn = this.#turn.then(() => this.#waitForMessages(batch));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #waitForMessages(batch: number): Promise<Delivery[]> {
    const { settings } = this.#parts;
    while (!this.#stopping) {
      const othersWork = this.#busy > 0;
      const deliveries = await this.#pop(batch, this.#patience(othersWork));
      if (deliveries !== null && deliveries.length > 0) {
        this.#busy += 1;
        return deliveries;
      }
      const isIdle = settings.idle !== null && Date.now() - this.#lastMessageAt >= settings.idle;
      if (!othersWork && (!settings.wait || isIdle)) this.#end();
      else if (deliveries === null) await (settings.wait ? this.#awaitQueue() : pause(OTHERS_WORK, this.#signal));
    }
    return [];
  }

  /** While others work, what they do may bring more: nothing is over before they have ended. */
  #patience(othersWork: boolean): number {
    const { wait, idle } = this.#parts.settings;
    const timeout = Math.max(this.#parts.settings.timeout, SHORTEST_POLL);
    if (!wait) return othersWork ? OTHERS_WORK : 0;
    if (idle === null) return timeout;
    const left = this.#lastMessageAt + idle - Date.now();
    return Math.min(timeout, Math.max(left, othersWork ? OTHERS_WORK : 0));
  }

  #end(): void {
    this.#drained = !this.#stopping;
    this.#stop.abort();
  }

  /** `null`: the queue doesn't exist. */
  async #pop(batch: number, wait: number): Promise<Delivery[] | null> {
    const { broker, settings } = this.#parts;
    try {
      return await this.#persist(async () => (this.#stopping ? [] : broker.messages.pop(settings.queue, { ...settings.request, batch, wait, signal: this.#signal })));
    } catch (error) {
      if (isQueuescopeError(error, "queue-not-found")) return null;
      throw error;
    }
  }

  async #awaitQueue(): Promise<void> {
    const { broker, settings, hooks, logger } = this.#parts;
    logger.info("waiting for the queue to be created", { queue: settings.queue });
    hooks.waiting?.(settings.queue);
    const idleLeft = settings.idle === null ? null : this.#lastMessageAt + settings.idle - Date.now();
    await queueAppears(broker, settings.queue, idleLeft === null ? this.#signal : AbortSignal.any([this.#signal, AbortSignal.timeout(Math.max(idleLeft, 0))]));
  }

  /** Tries again what fails for the moment; settlements are worth more patience than pops, which end with the stop. */
  async #persist<R>(attempt: () => Promise<R>): Promise<R> {
    const { force } = this.#parts.hooks;
    for (let wait = 50; ; wait = Math.min(wait * 2, 5_000)) {
      try {
        return await attempt();
      } catch (error) {
        if (!isPassing(error) || force?.aborted === true) throw error;
        this.#parts.logger.warn("the broker doesn't answer; trying again", { queue: this.#parts.settings.queue, error: String(error), wait });
        const ends = [force, this.#stopping ? undefined : this.#signal].filter((signal) => signal !== undefined);
        await pause(wait, AbortSignal.any(ends));
      }
    }
  }

  async #work(deliveries: readonly Delivery[]): Promise<Settlement[]> {
    const { broker, held, logger, settings } = this.#parts;
    const messages = deliveries.map((delivery) => new Message<T>(delivery));
    using care = new LeaseCare(broker, held, logger, { renew: settings.renew, lease: settings.request.lease }, messages);
    const single = settings.each || settings.batch === 1;
    return single ? await this.#oneByOne(messages, care) : await this.#together(messages, care);
  }

  async #oneByOne(messages: readonly Message<T>[], care: LeaseCare): Promise<Settlement[]> {
    let done: Settlement[] = [];
    let settledAt = performance.now();
    const closed = new Set<string>();
    for (const message of messages) {
      if (!(await this.#mayStart(message, care, closed, done))) continue;
      done.push(...(await this.#call([message], care, closed)));
      if (message !== messages.at(-1) && performance.now() - settledAt >= SETTLE_EVERY) {
        await this.#settle(done);
        done = [];
        settledAt = performance.now();
      }
    }
    return done;
  }

  async #together(messages: readonly Message<T>[], care: LeaseCare): Promise<Settlement[]> {
    const done: Settlement[] = [];
    const closed = new Set<string>();
    const started: Message<T>[] = [];
    for (const message of messages) if (await this.#mayStart(message, care, closed, done)) started.push(message);
    return started.length === 0 ? done : [...done, ...(await this.#call(started, care, closed))];
  }

  /** After a nack or release in a partition the messages behind it have gone back by themselves. */
  async #mayStart(message: Message<T>, care: LeaseCare, closed: Set<string>, done: Settlement[]): Promise<boolean> {
    const isClosed = message.partition !== null && closed.has(message.partition);
    if (!isClosed && !this.#stopping && (await care.isLive(message))) return true;
    this.#parts.budget.giveBack(1);
    if (isClosed || message.receipt === null || care.of(message)?.lost.signal.aborted === true) return false;
    if (message.partition !== null) closed.add(message.partition);
    done.push({ action: "release", receipt: message.receipt });
    return false;
  }

  async #call(messages: readonly Message<T>[], care: LeaseCare, closed: Set<string>): Promise<Settlement[]> {
    const { connection, hooks, settings } = this.#parts;
    for (const message of messages) hooks.started?.(message);
    const from = performance.now();
    const context = new CallContext(connection, messages, care, hooks.force, settings.request.worker);
    const failure = await this.#outcome(messages, context);
    const milliseconds = performance.now() - from;
    const done: Settlement[] = [];
    for (const message of messages) {
      const settlement = this.#settlement({ message, milliseconds, failure: failure === "released" ? null : failure }, failure === "released", care, closed);
      if (settlement !== null) done.push(settlement);
    }
    return done;
  }

  /** `null`: it went well. `released`: it was told not to go on. */
  async #outcome(messages: readonly Message<T>[], context: HandlerContext): Promise<Failure | "released" | null> {
    const { call, hooks } = this.#parts;
    const { force, forceGrace = 0 } = hooks;
    const running = (async () => failureOf(await call(messages, context)))().catch((error: unknown) => (force?.aborted === true ? ("released" as const) : failureFrom(error)));
    if (force === undefined) return running;
    return new Promise((resolve) => {
      const interrupt = (): void => { setTimeout(resolve, forceGrace, "released"); };
      this.#interrupts.add(interrupt);
      void running.then((outcome) => {
        this.#interrupts.delete(interrupt);
        resolve(outcome);
      });
    });
  }

  #settlement(call: Omit<Finished, "outcome" | "result">, released: boolean, care: LeaseCare, closed: Set<string>): Settlement | null {
    const { message, failure } = call;
    const lease = care.of(message);
    if (lease === undefined) return this.#finish({ ...call, outcome: "completed", result: null });
    const { settled } = lease;
    if (lease.returned && message.partition !== null) closed.add(message.partition);
    if (settled?.ok === true) return this.#finish({ ...call, outcome: settled.outcome, result: settled });
    if (lease.lost.signal.aborted) return this.#finish({ ...call, outcome: "lease-lost", result: null });
    if (!this.#parts.settings.autoAck && !released) return this.#finish({ ...call, outcome: "unsettled", result: null });
    const partition = message.partition ?? message.id;
    // One nack or release of a partition's lease ends it; those of the messages behind would find it gone.
    if (closed.has(partition)) return this.#finish({ ...call, outcome: "released", result: null });
    if (failure !== null || released) closed.add(partition);
    this.#pending.set(lease.receipt, call);
    if (released) return { action: "release", receipt: lease.receipt };
    return failure === null ? { action: "ack", receipt: lease.receipt } : { action: "nack", receipt: lease.receipt, error: failure };
  }

  async #settle(settlements: readonly Settlement[]): Promise<void> {
    if (settlements.length === 0) return;
    this.#report(settlements, await this.#persist(() => this.#parts.broker.messages.settle(settlements)));
  }

  #report(settlements: readonly Settlement[], results: readonly SettleResult[]): void {
    this.#parts.held.noteSettled(settlements, results);
    for (const result of results) {
      const call = this.#pending.get(result.receipt);
      this.#pending.delete(result.receipt);
      if (call !== undefined) this.#finish({ ...call, outcome: result.ok ? result.outcome : "lease-lost", result });
    }
  }

  #finish(finished: Finished): null {
    const { hooks, logger } = this.#parts;
    const { message, failure, milliseconds, outcome } = finished;
    if (outcome !== "released") this.#processed += 1;
    if (failure !== null) this.#failed += 1;
    logger[outcome === "lease-lost" ? "warn" : "debug"]("handled", { id: message.id, queue: message.queue, attempt: message.attempt, ms: Math.round(milliseconds), outcome });
    hooks.finished?.(finished);
    return null;
  }
}
