import type { Definition } from "./definition.ts";
import type { Engine } from "./engine.ts";
import type { GroupSession } from "./session.ts";

/** Longest time between two looks, where a notice may have been lost. */
const BACKSTOP = 15_000;

/** Until something may have changed for the group, time is up, or the signal comes. @param deadline of `performance.now()` */
export function waitUntil(engine: Engine, queue: Definition, session: GroupSession, deadline: number, signal: AbortSignal | undefined): Promise<void> {
  const next = Math.min(session.nextChange, engine.timetable(queue).next);
  const ms = Math.max(0, Math.min(deadline - performance.now(), next - engine.now(), BACKSTOP));
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      stop();
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms + 1);
    const stop = session.onWake(end);
    signal?.addEventListener("abort", end, { once: true });
  });
}
