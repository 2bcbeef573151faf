import { durationMs } from "../core/index.ts";
import type { Duration, Subjects, SubjectTap, TapOverflow, TapRequest, TapStats, Watch } from "../core/index.ts";
import { TapMessage } from "./taps-message.ts";

export interface TapOptions {
  /** Queue group: NATS gives each message to one of its members. */
  readonly group?: string | undefined;
  /** Most messages that wait; default 10000. */
  readonly buffer?: number | undefined;
  /** Most bytes of them; default 64 MiB. */
  readonly bufferBytes?: number | undefined;
  /** What is lost when the buffer is full; default `drop-oldest`. `stats.dropped` counts it. */
  readonly overflow?: TapOverflow | undefined;
  /** Also inboxes, JetStream's requests and events, and Queuescope's own streams; default: where a subject names them. */
  readonly internal?: boolean | undefined;
  /** Stops it. */
  readonly signal?: AbortSignal | undefined;
}

export function tapRequest({ group, buffer, bufferBytes, overflow, internal }: TapOptions): TapRequest {
  return { group, buffer, bufferBytes, overflow, internal };
}

/**
 * What arrives on subjects, in a bounded buffer. Each message is given once, to whoever iterates or pops first; what is
 * looked at with `peek` stays. Stop it, or hold it with `await using`.
 */
export class Tap<T = unknown> implements AsyncIterable<TapMessage<T>>, AsyncDisposable {
  readonly subjects: readonly string[];
  readonly group: string | null;
  /** Resolves when nothing arrives any more: `null` after `stop`, else why. */
  readonly ended: Promise<Error | null>;
  readonly #tap: SubjectTap;
  readonly #on: Subjects;

  constructor(tap: SubjectTap, on: Subjects) {
    this.subjects = tap.subjects;
    this.group = tap.group;
    this.ended = tap.ended;
    this.#tap = tap;
    this.#on = on;
  }

  /** Counters as of now. */
  get stats(): TapStats {
    return this.#tap.stats;
  }

  /** How many messages wait. */
  get size(): number {
    return this.#tap.stats.buffered;
  }

  /** Takes what waits, oldest first. Without `wait` it answers at once; a bare number is milliseconds. */
  async pop({ batch = 1, wait = 0, signal }: { readonly batch?: number; readonly wait?: Duration; readonly signal?: AbortSignal } = {}): Promise<TapMessage<T>[]> {
    return (await this.#tap.take(batch, { wait: durationMs(wait, "wait", "ms"), signal })).map((arrived) => new TapMessage<T>(arrived, this.#on));
  }

  /** What waits, oldest first; with a limit the latest of it. Takes nothing. */
  peek(limit?: number): TapMessage<T>[] {
    return this.#tap.buffered().slice(limit === undefined ? 0 : -limit || Number.POSITIVE_INFINITY).map((arrived) => new TapMessage<T>(arrived, this.#on));
  }

  /** Throws away what waits. Answers how many. */
  clear(): number {
    return this.#tap.clear();
  }

  /** Calls back soon after something arrived, was taken or dropped, or the connection came or went; bursts are merged. */
  watch(onChange: () => void): Watch {
    return this.#tap.watch(onChange);
  }

  /** Nothing more arrives; what waits can still be taken, and iterating ends after it. */
  stop(): Promise<void> {
    return this.#tap.stop();
  }

  /** Until the tap is stopped and empty. Leaving the loop doesn't stop it. @throws why it ended otherwise */
  async *[Symbol.asyncIterator](): AsyncGenerator<TapMessage<T>, void> {
    for (;;) {
      const [arrived] = await this.#tap.take(1);
      if (arrived === undefined) return;
      yield new TapMessage<T>(arrived, this.#on);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
