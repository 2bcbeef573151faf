import type { Broker, MetricPoint } from "../core/index.ts";
import { medianOf, worstOf } from "./metrics.ts";

const MINUTE = 60_000;
/** What "now" means for a rate: long enough to be calm, short enough to follow. */
const RATE_MINUTES = 5;

/** A queue's pace over the last minutes: messages a second, and milliseconds (`null` where nothing was delivered). */
export interface Rates {
  readonly minutes: number;
  readonly pushed: number;
  readonly delivered: number;
  readonly completed: number;
  readonly failed: number;
  readonly dead: number;
  readonly waitP50: number | null;
  readonly waitP95: number | null;
  readonly runP50: number | null;
  readonly runP95: number | null;
}

/** Of one group. Read from the counters of the last minutes, the present one included as far as it goes. */
export async function readRates(broker: Broker, queue: string, group: string, now: number): Promise<Rates> {
  const from = Math.floor(now / MINUTE) * MINUTE - (RATE_MINUTES - 1) * MINUTE;
  return ratesOf(await broker.inspect.metrics(queue, { group, from, to: now + 1 }), now - from);
}

export function ratesOf(points: readonly MetricPoint[], elapsedMs: number): Rates {
  const aSecond = (name: "pushed" | "delivered" | "completed" | "failed" | "dead"): number => points.reduce((sum, point) => sum + point[name], 0) / Math.max(1, elapsedMs / 1000);
  return {
    minutes: RATE_MINUTES,
    pushed: aSecond("pushed"),
    delivered: aSecond("delivered"),
    completed: aSecond("completed"),
    failed: aSecond("failed"),
    dead: aSecond("dead"),
    waitP50: medianOf(points, "waitP50"),
    waitP95: worstOf(points, "waitP95"),
    runP50: medianOf(points, "runP50"),
    runP95: worstOf(points, "runP95"),
  };
}
