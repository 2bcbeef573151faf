import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { duration, time, utc } from "./format.ts";

/** Local time, UTC on hover. */
export function Time({ at }: { readonly at: number }): JSX.Element {
  return <time dateTime={utc(at)} title={utc(at)}>{time(at)}</time>;
}

/** The present, as often as it is looked at. */
export function useNow(everyMs: number): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => { setNow(Date.now()); }, everyMs);
    return () => { clearInterval(timer); };
  }, [everyMs]);
  return now;
}

/** Counts down to a moment. */
export function Countdown({ to }: { readonly to: number }): JSX.Element {
  const now = useNow(1000);
  return <time dateTime={utc(to)} title={utc(to)}>{duration(Math.max(0, to - now))}</time>;
}
