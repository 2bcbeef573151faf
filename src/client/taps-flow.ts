import { setTimeout as sleep } from "node:timers/promises";
import { Changes, durationMs, QueuescopeError } from "../core/index.ts";
import type { ArrivedMessage, Duration, SubjectTap, TapStats, Watch } from "../core/index.ts";

/** Longer a store or server that is gone isn't waited for at the end. */
const STOP_WITHIN = 30_000;
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 1_000;

export interface FlowOptions {
  /** Ends after this many messages. */
  readonly limit?: number | undefined;
  /** Stops it. */
  readonly signal?: AbortSignal | undefined;
}

export interface FlowStats extends TapStats {
  /** How often something was tried again. */
  readonly retries: number;
  readonly lastError: { readonly message: string; readonly at: Date } | null;
}

/** Takes what a tap hears, batch by batch and in order, and does something with it. */
export abstract class Flow<S extends FlowStats> implements AsyncDisposable {
  readonly subjects: readonly string[];
  readonly group: string | null;
  /** The counters at the end. Rejects when it ended by itself, or when a stop had to leave something behind. */
  readonly ended: Promise<S>;
  readonly #tap: SubjectTap;
  readonly #giveUp = new AbortController();
  readonly #changes = new Changes();
  #hand = 0;
  #retries = 0;
  #lastError: FlowStats["lastError"] = null;

  constructor(tap: SubjectTap, batch: number, { limit = Number.POSITIVE_INFINITY, signal }: FlowOptions) {
    this.subjects = tap.subjects;
    this.group = tap.group;
    this.#tap = tap;
    // A turn later: what extends this class has its fields by then.
    this.ended = Promise.resolve().then(() => this.#run(batch, limit));
    // Who doesn't look at it sees the error in `stats`, and from `stop`.
    this.ended.catch(() => undefined);
    if (signal === undefined) return;
    const stop = (): void => { void this.stop().catch(() => undefined); };
    signal.addEventListener("abort", stop, { once: true });
    void tap.ended.then(() => { signal.removeEventListener("abort", stop); });
    if (signal.aborted) stop();
  }

  /** Counters as of now: what was received is buffered, dropped, or counted by what became of it. */
  abstract get stats(): S;

  /** Calls back soon after something changed; bursts are merged. */
  watch(onChange: () => void): Watch {
    const changes = this.#changes.watch(onChange);
    const arrivals = this.#tap.watch(onChange);
    const close = (): void => {
      changes.close();
      arrivals.close();
    };
    return { close, [Symbol.dispose]: close };
  }

  /**
   * Nothing more arrives; what has is finished. Gives up after `within` (default 30 s; a bare number is milliseconds).
   * @throws unavailable when it gave up: what was left is lost; and whatever ended it before
   */
  async stop({ within = STOP_WITHIN }: { readonly within?: Duration } = {}): Promise<S> {
    const timer = setTimeout(() => { this.#giveUp.abort(); }, durationMs(within, "within", "ms"));
    try {
      await this.#tap.stop();
      return await this.ended;
    } finally {
      clearTimeout(timer);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** One batch; throws what ends the flow. Counts each message by `done`. */
  protected abstract handle(batch: readonly ArrivedMessage[]): Promise<void>;

  /** That many of the batch in hand are dealt with. */
  protected done(count: number): void {
    this.#hand -= count;
    this.#changes.tell();
  }

  protected note(error: unknown): void {
    this.#lastError = { message: error instanceof Error ? error.message : String(error), at: new Date() };
    this.#changes.tell();
  }

  protected get flowStats(): FlowStats {
    const { stats } = this.#tap;
    return { ...stats, buffered: stats.buffered + this.#hand, retries: this.#retries, lastError: this.#lastError };
  }

  /** Again and again, more and more slowly, while `passing` says that the error may pass. @throws other errors, and the last one when it is time to give up */
  protected async persist<R>(attempt: () => Promise<R>, passing: (error: unknown) => boolean, failing: (error: unknown) => void): Promise<R> {
    for (let pause = FIRST_PAUSE; ; pause = Math.min(2 * pause, LONGEST_PAUSE)) {
      try {
        return await attempt();
      } catch (error) {
        if (!passing(error)) throw error;
        this.note(error);
        if (pause === FIRST_PAUSE) failing(error);
        if (this.#giveUp.signal.aborted) throw this.#givenUp(error);
        await sleep(pause, undefined, { signal: this.#giveUp.signal }).catch(() => undefined);
        this.#retries += 1;
      }
    }
  }

  #givenUp(cause: unknown): QueuescopeError {
    const { buffered } = this.stats;
    return new QueuescopeError("unavailable", `${buffered} ${buffered === 1 ? "message that was" : "messages that were"} received could not be passed on before the stop, and ${buffered === 1 ? "is" : "are"} lost: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }

  async #run(batch: number, limit: number): Promise<S> {
    try {
      for (let left = limit; left > 0;) {
        const taken = await this.#tap.take(Math.min(batch, left));
        if (taken.length === 0) break;
        this.#hand = taken.length;
        await this.handle(taken);
        left -= taken.length;
      }
    } catch (error) {
      this.note(error);
      throw error;
    } finally {
      await this.#tap.stop();
    }
    return this.stats;
  }
}
