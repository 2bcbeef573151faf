import { checkDestination, countOf, destinationFilter, invalidInput, QueuescopeError, queueName, subjectFilter, subjectsOverlap } from "../core/index.ts";
import type { Broker, Subjects } from "../core/index.ts";
import type { Connection } from "./connection.ts";
import type { Logger } from "./log.ts";
import { Bridge, type BridgeOptions } from "./taps-bridge.ts";
import { TapMessage } from "./taps-message.ts";
import { publication, type PublishOptions, type RequestOptions } from "./taps-publish.ts";
import { Recording, type TapIntoOptions } from "./taps-recording.ts";
import { Tap, type TapOptions, tapRequest } from "./taps-tap.ts";

interface Stoppable {
  stop(): Promise<unknown>;
}

/** What one connection listens to. */
export class Taps {
  readonly #queues: Connection;
  readonly #broker: Broker;
  readonly #logger: Logger;
  readonly #open = new Set<Stoppable>();

  constructor(queues: Connection, broker: Broker, logger: Logger) {
    this.#queues = queues;
    this.#broker = broker;
    this.#logger = logger;
  }

  async tap<T>(subjects: string | readonly string[], options: TapOptions): Promise<Tap<T>> {
    const on = this.#subjects("Tapping");
    const live = await on.tap(listed(subjects), tapRequest(options));
    const tap = new Tap<T>(live, on);
    const stop = (): void => { void live.stop(); };
    options.signal?.addEventListener("abort", stop, { once: true });
    if (options.signal?.aborted === true) stop();
    this.#keep(tap, live.ended.finally(() => { options.signal?.removeEventListener("abort", stop); }));
    return tap;
  }

  async tapInto(subjects: string | readonly string[], queue: string, options: TapIntoOptions): Promise<Recording> {
    const on = this.#subjects("Tapping");
    const { broker: store } = options.store ?? { broker: this.#broker };
    queueName(queue);
    checkCounts(options);
    if (store.readOnly) throw new QueuescopeError("read-only", `What is heard can't be pushed to ${store.url}: that connection is read-only. Open one that may change things.`);
    if (options.create === false) await store.queues.get(queue);
    // Into the same server, its own talk would feed itself.
    const tap = await on.tap(listed(subjects), { ...tapRequest(options), internal: store.url === this.#broker.url ? false : undefined });
    const recording = new Recording({ tap, on, store, queue, logger: this.#logger }, options);
    this.#keep(recording, recording.ended);
    return recording;
  }

  async bridge(from: string | readonly string[], to: string, options: BridgeOptions): Promise<Bridge> {
    const on = this.#subjects("Bridging");
    checkCounts(options);
    const sources = listed(from).map((subject) => subjectFilter(subject, "from"));
    for (const source of sources) checkDestination(source, to);
    const round = sources.find((source) => subjectsOverlap(source, destinationFilter(to)));
    if (round !== undefined) throw invalidInput("to", `A bridge from ${round} to ${to} would hear what it publishes, without end. Choose a destination that ${round} doesn't match.`);
    if (this.#broker.readOnly) throw new QueuescopeError("read-only", "This connection is read-only. A bridge publishes: use a connection that may change things.");
    const tap = await on.tap(sources, { ...tapRequest(options), internal: false });
    const bridge = new Bridge({ tap, on, queues: this.#queues, to, logger: this.#logger }, options);
    this.#keep(bridge, bridge.ended);
    return bridge;
  }

  async publish(subject: string, data: unknown, options: PublishOptions): Promise<void> {
    const { message, timeout } = publication(subject, data, options);
    await this.#subjects("Publishing").publish([message], timeout);
  }

  async request<T>(subject: string, data: unknown, { signal, ...options }: RequestOptions): Promise<TapMessage<T>> {
    const { message, timeout } = publication(subject, data, options);
    const on = this.#subjects("A request");
    return new TapMessage<T>(await on.request(message, { ...timeout, ...(signal === undefined ? {} : { signal }) }), on);
  }

  /** Stops everything; what was heard is passed on first. @throws the first failure of doing so, after all are stopped */
  async close(): Promise<void> {
    const ends = await Promise.allSettled([...this.#open].map((one) => one.stop()));
    const failed = ends.find((end) => end.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  }

  #subjects(what: string): Subjects {
    const { subjects, url } = this.#broker;
    if (subjects !== null) return subjects;
    throw new QueuescopeError("unsupported", `${what} needs subjects, which NATS has and ${url} hasn't. Connect to a NATS server: nats://localhost:4222`, { field: "url" });
  }

  #keep(one: Stoppable, ended: Promise<unknown>): void {
    this.#open.add(one);
    const forget = (): void => { this.#open.delete(one); };
    void ended.then(forget, forget);
  }
}

function listed(subjects: string | readonly string[]): readonly string[] {
  return typeof subjects === "string" ? [subjects] : subjects;
}

function checkCounts({ limit = 1, concurrency = 1 }: Pick<BridgeOptions, "limit" | "concurrency">): void {
  countOf(limit, "limit");
  countOf(concurrency, "concurrency");
}
