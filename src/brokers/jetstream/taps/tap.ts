import type { Subscription } from "@nats-io/transport-node";
import { Changes, subjectCovers, subjectMatches, type QueuescopeError } from "../../../core/index.ts";
import type { ArrivedMessage, SubjectTap, TapOverflow, TapStats, Watch } from "../../../core/index.ts";
import type { NatsHandle } from "../connection/index.ts";
import { TapBuffer } from "./buffer.ts";
import { confirmed } from "./confirmed.ts";
import type { Talk } from "./talk.ts";
import { arrived } from "./wire.ts";

/** Longer a server that hangs isn't waited for when a tap ends. */
const DRAIN_WITHIN = 2_000;

export interface TapSettings {
  readonly group: string | null;
  readonly buffer: number;
  readonly bufferBytes: number;
  readonly overflow: TapOverflow;
  readonly internal: boolean | undefined;
}

interface Source {
  readonly filter: string;
  /** Whether it takes talk, and that which feeds itself. */
  readonly talk: boolean;
  readonly feeding: boolean;
}

/** Subscriptions to several subjects with one buffer. */
export class LiveTap implements SubjectTap {
  readonly subjects: readonly string[];
  readonly group: string | null;
  readonly ended: Promise<Error | null>;
  readonly #handle: NatsHandle;
  readonly #talk: Talk;
  readonly #sources: readonly Source[];
  readonly #buffer: TapBuffer;
  readonly #since = Date.now();
  readonly #subscriptions: Subscription[] = [];
  readonly #waiting = new Set<() => void>();
  readonly #changes = new Changes();
  #statusWatch: Watch | null = null;
  #received = 0;
  #interruptions = 0;
  #stopping: Promise<void> | null = null;
  /** `undefined` while it lives. */
  #end: Error | null | undefined;
  #resolveEnded: (end: Error | null) => void = () => undefined;

  constructor(handle: NatsHandle, talk: Talk, filters: readonly string[], { group, buffer, bufferBytes, overflow, internal }: TapSettings) {
    this.subjects = filters;
    this.group = group;
    this.#handle = handle;
    this.#talk = talk;
    this.#sources = withoutCovered(filters.map((filter) => ({ filter, talk: internal === true || talk.isNamedBy(filter), feeding: internal !== false })));
    this.#buffer = new TapBuffer(buffer, bufferBytes, overflow);
    this.ended = new Promise((resolve) => { this.#resolveEnded = resolve; });
  }

  get stats(): TapStats {
    const { size, bytes, dropped } = this.#buffer;
    return { since: this.#since, received: this.#received, buffered: size, bufferedBytes: bytes, dropped, interruptions: this.#interruptions };
  }

  /** Resolves when the server has the subscriptions. @throws permission-denied, unavailable */
  async start(): Promise<void> {
    const { nc } = this.#handle;
    const queue = this.group === null ? {} : { queue: this.group };
    try {
      for (const [place, { filter }] of this.#sources.entries()) {
        this.#subscriptions.push(nc.subscribe(filter, {
          ...queue,
          callback: (error, message) => {
            if (error !== null) this.#fail(this.#handle.failure(error, filter));
            else if (this.#wants(place, message.subject)) this.#add(arrived(message));
          },
        }));
      }
      await confirmed(this.#handle.nc);
    } catch (error) {
      this.#fail(this.#handle.failure(error, this.subjects.join(", ")));
    }
    if (this.#end instanceof Error) throw this.#end;
    let lost = false;
    this.#statusWatch = this.#handle.onStatus(({ state }) => {
      if (state === "lost" && !lost) this.#interruptions += 1;
      lost = state === "lost";
      this.#changes.tell();
    });
  }

  async take(max: number, { wait = Number.POSITIVE_INFINITY, signal }: { readonly wait?: number; readonly signal?: AbortSignal | undefined } = {}): Promise<ArrivedMessage[]> {
    const deadline = performance.now() + wait;
    for (;;) {
      if (this.#buffer.size > 0) {
        const taken = this.#buffer.take(max);
        this.#changes.tell();
        return taken;
      }
      if (this.#end instanceof Error) throw this.#end;
      const left = deadline - performance.now();
      if (this.#end === null || left <= 0 || signal?.aborted === true) return [];
      await this.#change(left, signal);
    }
  }

  buffered(): readonly ArrivedMessage[] {
    return this.#buffer.all();
  }

  clear(): number {
    const cleared = this.#buffer.take(Number.POSITIVE_INFINITY).length;
    this.#changes.tell();
    return cleared;
  }

  watch(onChange: () => void): Watch {
    return this.#changes.watch(onChange);
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#drain();
    return this.#stopping;
  }

  /** The connection is gone for good. */
  abandon(error: QueuescopeError): void {
    this.#fail(error);
  }

  async #drain(): Promise<void> {
    const patience = AbortSignal.timeout(DRAIN_WITHIN);
    const timeUp = new Promise<void>((resolve) => { patience.addEventListener("abort", () => { resolve(); }, { once: true }); });
    const open = this.#subscriptions.filter((subscription) => !subscription.isClosed());
    // A drain that fails has lost its connection: nothing comes any more either way.
    await Promise.race([Promise.allSettled(open.map((subscription) => subscription.drain())), timeUp]);
    this.#finish(null);
  }

  /** Of several subscriptions that match a message only the first takes it; within a queue group the server sees to that. */
  #wants(place: number, subject: string): boolean {
    const [talk, feeds] = [this.#talk.includes(subject), this.#talk.feeds(subject)];
    const takes = (source: Source | undefined): boolean => source !== undefined && (source.talk || !talk) && (source.feeding || !feeds);
    if (!takes(this.#sources[place])) return false;
    return this.group !== null || !this.#sources.slice(0, place).some((source) => takes(source) && subjectMatches(source.filter, subject));
  }

  #add(message: ArrivedMessage): void {
    this.#received += 1;
    this.#buffer.add(message);
    this.#wake();
    this.#changes.tell();
  }

  #fail(error: QueuescopeError): void {
    if (this.#end === undefined) this.#finish(error);
  }

  #finish(end: Error | null): void {
    for (const subscription of this.#subscriptions) if (!subscription.isClosed()) subscription.unsubscribe();
    this.#statusWatch?.close();
    if (this.#end !== undefined) return;
    this.#end = end;
    this.#resolveEnded(end);
    this.#wake();
    this.#changes.tell();
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
  }

  /** Until something arrives, the tap ends, time is up, or the signal is aborted. */
  async #change(within: number, signal: AbortSignal | undefined): Promise<void> {
    await new Promise<void>((resolve) => {
      // Longer a timer can't run; whoever waits looks again then.
      const timer = setTimeout(() => { done(); }, Math.min(within, 2 ** 31 - 1));
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        signal?.removeEventListener("abort", done);
        resolve();
      };
      this.#waiting.add(done);
      signal?.addEventListener("abort", done, { once: true });
    });
  }
}

/** Without those that another one includes, which would take every message twice. */
function withoutCovered(sources: readonly Source[]): Source[] {
  return sources.filter((source, i) => !sources.some((other, j) => {
    if (i === j || !subjectCovers(other.filter, source.filter) || (source.talk && !other.talk)) return false;
    // Of two that include each other the first stays.
    return j < i || !subjectCovers(source.filter, other.filter) || (other.talk && !source.talk);
  }));
}
