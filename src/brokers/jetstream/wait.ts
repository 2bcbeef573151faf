import type { Definition } from "./definition.ts";
import type { Engine } from "./engine.ts";
import type { GroupSession } from "./session.ts";

/** Longest time between two looks, where a notice may have been lost. */
const BACKSTOP = 30_000;

/** Wakes who waits for a group's messages; made before the look that found none, so that nothing is missed between. */
export class Waker {
  readonly #session: GroupSession;
  readonly #stop: () => void;
  #woken = false;
  #end: (() => void) | undefined;

  constructor(session: GroupSession) {
    this.#session = session;
    this.#stop = session.onWake(() => {
      this.#woken = true;
      this.#end?.();
    });
  }

  /**
   * Until something may have changed, time is up, or the signal comes.
   * @param next when the group changes by itself, as its owner says
   * @param deadline of `performance.now()`
   */
  wait(engine: Engine, queue: Definition, next: number | null, deadline: number, signal: AbortSignal | undefined): Promise<void> {
    if (this.#woken) return Promise.resolve();
    const change = Math.min(next ?? Infinity, this.#session.nextChange, engine.timetable(queue).next);
    const ms = Math.max(0, Math.min(deadline - performance.now(), change - engine.now(), BACKSTOP));
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", end);
        resolve();
      };
      this.#end = end;
      const timer = setTimeout(end, ms + 1);
      signal?.addEventListener("abort", end, { once: true });
    });
  }

  stop(): void {
    this.#stop();
  }
}
