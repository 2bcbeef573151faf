import { randomBytes } from "node:crypto";
import inspector from "node:inspector";
import { hostname } from "node:os";
import { basename } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { DEFAULT_GROUP, durationMs, invalidInput, QueuescopeError, queueName } from "../core/index.ts";
import type { Message as InspectedMessage, WorkerState } from "../core/index.ts";
import { connect } from "../client/connect.ts";
import { CREDENTIALS } from "../client/credentials.ts";
import { placeOf } from "../client/place.ts";
import type { Connection } from "../client/connection.ts";
import { Budget, type ConsumeHooks, type ConsumeSummary, type Finished } from "../client/consume.ts";
import type { DeadLetterContext } from "../client/dead-letters.ts";
import type { Handler, HandlerResult } from "../client/handler.ts";
import { silentLogger, type LogFields, type Logger } from "../client/log.ts";
import type { DeadMessage, Message } from "../client/message.ts";
import type { Queue } from "../client/queue.ts";
import { execHandler, findProgram, KILL_AFTER, runProgram, type ExecOptions } from "./exec.ts";
import { BEAT_EVERY, Heartbeat } from "./heartbeat.ts";
import { LeaseKeeper } from "./lease-keeper.ts";
import { loadHandler, type LoadedHandler } from "./load-handler.ts";
import { listenToSignals } from "./signals.ts";
import type { WorkerOptions, WorkerSummary } from "./types.ts";

/**
 * Runs a worker until its limit, the end of its queues, or a stop.
 * @throws invalid-input for a handler or program that can't be used, before anything is popped; what no retry of a pop can cure
 */
export async function runWorker(options: WorkerOptions): Promise<WorkerSummary> {
  check(options);
  const log = options.log ?? silentLogger;
  const cwd = options.cwd ?? process.cwd();
  const stop = new AbortController();
  const force = new AbortController();
  const faults: unknown[] = [];
  const broken = (error: unknown): void => {
    faults.push(error);
    stop.abort();
  };
  const work = await prepare(options, cwd, log, broken);
  const queues = await connect({ ...(options.url === undefined ? {} : { url: urlOf(options.url), cwd }), logger: log });
  const stopListening = options.processSignals === false ? null : listenToSignals(stop, force, log);
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([stop.signal, options.signal]);
  try {
    const worker = new WorkerRun(options, queues, work, log, cwd);
    const summary = await worker.run(signal, force.signal, stop);
    if (faults.length > 0) throw faults[0];
    return summary;
  } finally {
    stopListening?.();
    await queues.close();
  }
}

function check(options: WorkerOptions): void {
  if (options.queues.length === 0) throw invalidInput("queues", "A worker needs at least one queue.");
  for (const name of options.queues) queueName(name);
  if ((options.handler === undefined) === (options.exec === undefined)) throw invalidInput("handler", "A worker needs either a handler (a module) or a command to execute, and not both.");
  if (options.messageId !== undefined && options.dlq === true && options.queues.length !== 1) throw invalidInput("queues", "To handle one dead letter, name the one queue it is in.");
}

/** How a message, several, or a dead letter is handled. */
interface Work {
  readonly name: string;
  readonly exec: ExecOptions | null;
  readonly handler: LoadedHandler;
}

async function prepare(options: WorkerOptions, cwd: string, log: Logger, broken: (error: unknown) => void): Promise<Work> {
  const { handler, exec, env = {} } = options;
  takeLogin(options);
  if (exec !== undefined) {
    const program = findProgram(exec, cwd);
    const settings: ExecOptions = { program, cwd, env, log, broken, url: serverUrl(options.url) };
    return { name: options.name ?? program.text, exec: settings, handler: execHandler(settings) as LoadedHandler };
  }
  // A handler that connects by itself gets to the same queues.
  Object.assign(process.env, options.url === undefined ? {} : { QUEUESCOPE_URL: urlOf(options.url) }, env);
  return { name: options.name ?? basename(handler ?? ""), exec: null, handler: await loadHandler(handler ?? "", cwd) };
}

/** The login in the environment is this worker's own, also for what its handler or program connects by itself, or there is none. */
function takeLogin({ url, credentials }: WorkerOptions): void {
  if (url === undefined) return;
  if (credentials !== undefined) Object.assign(process.env, { QUEUESCOPE_URL: urlOf(url), [CREDENTIALS]: credentials });
  else if (url !== process.env["QUEUESCOPE_URL"]) Reflect.deleteProperty(process.env, CREDENTIALS);
}

/** Of a server: all that the URL says of the login and the way there, of which the broker's own URL says nothing. */
function serverUrl(url: string | undefined): string | undefined {
  const place = placeOf({ url });
  return place.kind === "file" ? undefined : place.url;
}

/** Good from any folder. */
function urlOf(url: string): string {
  const place = placeOf({ url });
  return place.kind === "file" ? place.path : place.url;
}

/** Milliseconds that a debugger needs to bind its breakpoints in a module that was just loaded. */
const BIND_BREAKPOINTS = 500;

class WorkerRun {
  readonly #options: WorkerOptions;
  readonly #queues: Connection;
  readonly #work: Work;
  readonly #log: Logger;
  readonly #cwd: string;
  readonly #heartbeat: Heartbeat;
  readonly #budget: Budget;
  #keeper: LeaseKeeper | null = null;
  /** Milliseconds of the shortest lease that was seen; until then short enough for any. */
  #lease = 1_000;

  constructor(options: WorkerOptions, queues: Connection, work: Work, log: Logger, cwd: string) {
    this.#options = options;
    this.#queues = queues;
    this.#work = work;
    this.#log = log;
    this.#cwd = cwd;
    this.#budget = new Budget(options.messageId === undefined ? (options.limit ?? null) : 1);
    const state: WorkerState = {
      id: `${hostname()}-${process.pid}-${randomBytes(4).toString("hex")}`,
      name: work.name,
      queues: options.queues,
      group: options.group ?? DEFAULT_GROUP,
      host: hostname(),
      pid: process.pid,
      startedAt: Date.now(),
      concurrency: this.#concurrency,
      status: "starting",
      current: [],
      processed: 0,
      failed: 0,
      interval: BEAT_EVERY,
    };
    this.#heartbeat = new Heartbeat(queues.broker, log, state, (now) => { this.#report(now); });
  }

  async run(signal: AbortSignal, force: AbortSignal, stop: AbortController): Promise<WorkerSummary> {
    const { state } = this.#heartbeat;
    await this.#heartbeat.start();
    await this.#debuggable();
    this.#log.info("worker started", { worker: state.id, name: state.name, queues: state.queues.join(","), group: state.group, concurrency: state.concurrency });
    const stopping = (): void => {
      this.#log.info("stopping: running handlers are finished, nothing new is started", { running: this.#heartbeat.state.current.length });
      this.#heartbeat.change({ status: "stopping" });
    };
    signal.addEventListener("abort", stopping, { once: true });
    try {
      this.#heartbeat.change({ status: "idle" });
      const summary = this.#options.dlq === true ? await this.#consumeDeadLetters(signal) : await this.#consume(signal, force, stop);
      const reason = force.aborted ? "forced" : summary.reason;
      this.#log.info("worker stopped", { worker: state.id, processed: summary.processed, failed: summary.failed, reason });
      return { ...summary, reason };
    } finally {
      signal.removeEventListener("abort", stopping);
      // What fails here must not hide why the worker ended; leases run out by themselves.
      await this.#end(state.id).catch((error: unknown) => { this.#log.warn(`the worker could not sign off: ${String(error)}`); });
    }
  }

  /** Under a debugger: its breakpoints in the handler are bound, and the leases kept from outside, before the first message. */
  async #debuggable(): Promise<void> {
    if (inspector.url() === undefined) return;
    this.#report(this.#heartbeat.state);
    await Promise.all([sleep(BIND_BREAKPOINTS), this.#keeper?.ready]);
  }

  /** Whatever happened: nothing stays leased by a worker that is gone. */
  async #end(id: string): Promise<void> {
    await this.#keeper?.stop();
    const released = await this.#queues.broker.workers.releaseLeases(id);
    if (released > 0) this.#log.info("released what was not finished", { messages: released });
    await this.#heartbeat.stop();
  }

  get #concurrency(): number {
    return this.#options.messageId === undefined ? (this.#options.concurrency ?? 1) : 1;
  }

  async #consume(signal: AbortSignal, force: AbortSignal, stop: AbortController): Promise<ConsumeSummary> {
    const { messageId } = this.#options;
    const names = messageId === undefined ? this.#options.queues : [await this.#announce(messageId)];
    const runs = names.map(async (name) => {
      try {
        const consumer = this.#queue(name).consumer(this.#work.handler as Handler, {
          hooks: this.#hooks(force),
          budget: this.#budget,
          request: { worker: this.#heartbeat.state.id, ...(messageId === undefined ? {} : { messageId }) },
        });
        return await consumer.run(signal);
      } catch (error) {
        stop.abort();
        throw error;
      }
    });
    const ended = await Promise.allSettled(runs);
    const failed = ended.find((run) => run.status === "rejected");
    if (failed !== undefined) throw failed.reason;
    return ended.map((run) => (run as PromiseFulfilledResult<ConsumeSummary>).value).reduce((sum, one) => ({
      processed: sum.processed + one.processed,
      failed: sum.failed + one.failed,
      reason: sum.reason === "stopped" || one.reason === "stopped" ? "stopped" : one.reason,
    }));
  }

  #queue(name: string): Queue {
    const { group, partition, start, lease, batch = 1, drain, messageId } = this.#options;
    let queue = this.#queues.queue(name).concurrency(this.#concurrency).renewLease();
    if (group !== undefined) queue = queue.group(group);
    if (partition !== undefined) queue = queue.partition(partition);
    if (start !== undefined) queue = queue.start(typeof start === "number" ? new Date(start) : start);
    if (lease !== undefined) queue = queue.lease(durationMs(lease, "lease", "ms"));
    if (drain === true) queue = queue.wait(false);
    if (batch === 1 || messageId !== undefined) return queue;
    // To the loop a handler is a function, whatever it takes.
    return (this.#work.exec === null ? queue.batch(batch) : queue.batch(batch).each()) as unknown as Queue;
  }

  #hooks(force: AbortSignal): ConsumeHooks {
    return {
      force,
      forceGrace: this.#work.exec === null ? 0 : KILL_AFTER + 1_000,
      waiting: (queue) => { this.#log.info("waiting for the queue to be created", { queue }); },
      started: (message) => { this.#started(message); },
      finished: (finished) => { this.#finished(finished); },
    };
  }

  #started(message: Message): void {
    if (message.leaseExpiresAt !== null) this.#lease = Math.max(message.leaseExpiresAt.getTime() - Date.now(), 100);
    this.#heartbeat.began(message.id);
    this.#log.debug("started", identity(message));
  }

  #finished({ message, milliseconds, failure, outcome, result }: Finished): void {
    this.#heartbeat.ended(message.id, failure !== null);
    const details: LogFields = {
      ...identity(message),
      ms: Math.round(milliseconds),
      error: failure?.message,
      ...(result?.ok === true ? { retryAt: result.retryAt === null ? undefined : new Date(result.retryAt).toISOString(), deadLetter: result.deadLetterId ?? undefined } : {}),
    };
    this.#log[failure === null && outcome !== "lease-lost" ? "info" : "warn"](outcome, details);
  }

  /** The queue of the one message. Says why that may have to be waited for. @throws when it will never come */
  async #announce(id: string): Promise<string> {
    const message = await this.#queues.broker.inspect.read(id, this.#options.group);
    const { queues } = this.#options;
    if (!queues.includes(message.queue)) throw invalidInput("messageId", `Message ${id} is in queue ${message.queue}, not in ${queues.join(" or ")}.`);
    if (message.state === "completed" || message.state === "dead") throw new QueuescopeError("message-not-found", gone(message));
    if (message.state !== "ready") this.#log.info(`waiting for message ${id}: it is ${message.state}`, { until: message.until === null ? undefined : new Date(message.until).toISOString() });
    return message.queue;
  }

  async #consumeDeadLetters(signal: AbortSignal): Promise<ConsumeSummary> {
    let [processed, failed] = [0, 0];
    for (const name of this.#options.queues) {
      const left = this.#options.limit === undefined ? undefined : this.#options.limit - processed;
      if (left === 0 || signal.aborted) break;
      const letters = this.#queues.queue(name).dlq(this.#options.group);
      const { discarded, kept } = await letters.consume((letter, context) => this.#handleLetter(letter, context), {
        signal,
        ...(left === undefined ? {} : { limit: left }),
        ...(this.#options.messageId === undefined ? {} : { ids: [this.#options.messageId] }),
        started: (letter) => { this.#heartbeat.began(letter.messageId); },
        finished: (letter, outcome, error) => {
          this.#heartbeat.ended(letter.messageId, error !== null);
          this.#log[error === null ? "info" : "warn"](outcome, { deadLetter: letter.id, id: letter.messageId, queue: letter.queue, group: letter.group, error: error ?? undefined });
        },
      });
      processed += discarded + kept;
      failed += kept;
    }
    return { processed, failed, reason: signal.aborted ? "stopped" : processed === this.#options.limit ? "limit" : "drained" };
  }

  async #handleLetter(letter: DeadMessage, context: DeadLetterContext): Promise<HandlerResult> {
    const { exec, handler } = this.#work;
    if (exec === null) return (await handler(letter, context)) as HandlerResult;
    const outcome = await runProgram(exec, letter, context);
    if (outcome.kind === "broken") exec.broken(outcome.error);
    if (outcome.kind !== "ok") throw outcome.error;
    return undefined;
  }

  /** A debugger may attach at any time: from then on the leases are kept from outside. */
  #report(state: WorkerState): void {
    if (this.#keeper === null && inspector.url() !== undefined) {
      this.#keeper = new LeaseKeeper(serverUrl(this.#options.url) ?? this.#queues.url, this.#cwd, (problem) => { this.#log.warn(problem); });
    }
    this.#keeper?.report(state, this.#lease);
  }
}

function identity(message: Message): LogFields {
  return { id: message.id, queue: message.queue, partition: message.partition ?? undefined, attempt: message.attempt };
}

function gone(message: InspectedMessage): string {
  if (message.state === "completed") return `Message ${message.id} is completed for group ${message.group}: it isn't delivered again. Push it again to handle it once more.`;
  return `Message ${message.id} is a dead letter of group ${message.group}. Redrive it first, then handle the message that it becomes.`;
}
