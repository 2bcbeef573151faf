import type { Broker } from "../core/index.ts";

/**
 * Acts once at the start, and again after every change of the broker, until the signal aborts or
 * the act answers true. Changes that come during an act are told as one. With `everyMs` time is a change as well.
 */
export async function onEachChange(broker: Broker, signal: AbortSignal, act: () => Promise<boolean>, everyMs?: number): Promise<void> {
  let next = Promise.withResolvers<undefined>();
  const tell = (): void => { next.resolve(undefined); };
  const watch = broker.watch(tell);
  signal.addEventListener("abort", tell);
  // A watch alone doesn't keep a process alive.
  const alive = everyMs === undefined ? setInterval(() => undefined, 3_600_000) : setInterval(tell, everyMs);
  try {
    while (!signal.aborted) {
      next = Promise.withResolvers();
      if (await act()) return;
      await next.promise;
    }
  } finally {
    signal.removeEventListener("abort", tell);
    watch.close();
    clearInterval(alive);
  }
}
