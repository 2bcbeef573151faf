import { useEffect, useRef, useState } from "preact/hooks";

export interface Reading<T> {
  /** The last one; it stays while it is read again. */
  readonly value: T | undefined;
  readonly error: Error | undefined;
  readonly loading: boolean;
}

/** After a reading that took long the next one waits this many times as long: a busy queue isn't read all the time. */
const REST = 4;

/**
 * Reads, and again whenever `key` or `version` changes; where only the version did, with a rest
 * between two readings. `null` reads nothing.
 */
export function useReading<T>(key: string | null, version: number, read: (signal: AbortSignal) => Promise<T>): Reading<T> {
  const [shown, setShown] = useState<Reading<T> & { readonly key: string | null }>({ key: null, value: undefined, error: undefined, loading: false });
  const latest = useRef(read);
  latest.current = read;
  const changed = useRef<() => void>(() => undefined);

  useEffect(() => {
    if (key === null) return;
    const stop = new AbortController();
    let asked = 0;
    let running = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let restUntil = 0;
    const tell = (next: Partial<Reading<T>>): void => { if (!stop.signal.aborted) setShown((last) => ({ key, value: last.value, error: undefined, loading: false, ...next })); };
    const run = async (): Promise<void> => {
      timer = undefined;
      running = true;
      const answering = asked;
      const begun = performance.now();
      try {
        tell({ value: await latest.current(stop.signal) });
      } catch (error) {
        tell({ error: error instanceof Error ? error : new Error(String(error)) });
      }
      restUntil = performance.now() + REST * (performance.now() - begun);
      running = false;
      if (asked > answering) ask();
    };
    const ask = (): void => {
      asked += 1;
      if (running || stop.signal.aborted) return;
      timer ??= setTimeout(() => void run(), Math.max(0, restUntil - performance.now()));
    };
    changed.current = ask;
    setShown((last) => ({ ...last, key, loading: true }));
    void run();
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [key]);
  const first = useRef(true);
  useEffect(() => {
    if (first.current) first.current = false;
    else changed.current();
  }, [version]);
  return shown;
}
