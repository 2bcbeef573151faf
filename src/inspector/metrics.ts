import type { DepthByState, MetricPoint } from "../core/index.ts";
import type { Series } from "../protocol/index.ts";
import type { Handlers } from "./handlers.ts";

const MINUTE = 60_000;
const UNKNOWN: DepthByState = { waiting: null, leased: null, scheduled: null, dead: null };
/** As many as a chart shows apart. */
const MOST_BUCKETS = 360;

export const metricHandlers = {
  "metrics.series": async ({ queue, group, span }, { broker }) => {
    const bucket = Math.ceil(span / MINUTE / MOST_BUCKETS) * MINUTE;
    // Whole buckets, the present one last, so that a chart doesn't shiver.
    const to = Math.floor(Date.now() / bucket) * bucket + bucket;
    const from = to - Math.ceil(span / bucket) * bucket;
    const [points, before] = await Promise.all([broker.inspect.metrics(queue, { group, from, to }), depthBefore(from, (request) => broker.inspect.metrics(queue, { group, ...request }))]);
    return metricSeries(points, { from, to, bucket, depth: before });
  },

  "metrics.partitions": async ({ queue, ...request }, { broker }) => {
    const { items, next } = await broker.inspect.partitions(queue, { ...request, sort: "lag" });
    return { rows: [...items], next };
  },
} satisfies Handlers<"metrics.series" | "metrics.partitions">;

/** How deep the queue was when the time shown began: minutes without a change have no point. */
async function depthBefore(from: number, read: (request: { readonly from: number; readonly to: number }) => Promise<MetricPoint[]>): Promise<number> {
  const points = await read({ from: from - 24 * 60 * MINUTE, to: from });
  return points.at(-1)?.depth ?? 0;
}

/**
 * Minutes as columns of buckets. Counters add up; the depth is that of the bucket's last minute; a
 * median is the mean of its minutes' weighted by their deliveries, a 95th percentile that of its worst minute.
 */
export function metricSeries(points: readonly MetricPoint[], { from, to, bucket, depth }: { readonly from: number; readonly to: number; readonly bucket: number; readonly depth: number }): Series {
  const byBucket = Map.groupBy(points, ({ minute }) => Math.floor((minute - from) / bucket));
  const at = Array.from({ length: Math.max(0, Math.ceil((to - from) / bucket)) }, (_, index) => from + index * bucket);
  const inBucket = at.map((_, index) => byBucket.get(index) ?? []);
  const sums = (name: "pushed" | "delivered" | "completed" | "failed" | "expired" | "dead" | "redriven"): number[] => inBucket.map((minutes) => minutes.reduce((sum, point) => sum + point[name], 0));
  let last = depth;
  let state: DepthByState = UNKNOWN;
  // A minute without a change ended as the one before it.
  const states = inBucket.map((minutes) => (state = minutes.at(-1)?.states ?? state));
  return {
    bucket,
    at,
    depth: inBucket.map((minutes) => (last = minutes.at(-1)?.depth ?? last)),
    waiting: states.map(({ waiting }) => waiting),
    leased: states.map(({ leased }) => leased),
    scheduled: states.map(({ scheduled }) => scheduled),
    deadLetters: states.map(({ dead }) => dead),
    pushed: sums("pushed"),
    delivered: sums("delivered"),
    completed: sums("completed"),
    failed: sums("failed"),
    expired: sums("expired"),
    dead: sums("dead"),
    redriven: sums("redriven"),
    waitP50: inBucket.map((minutes) => medianOf(minutes, "waitP50")),
    waitP95: inBucket.map((minutes) => worstOf(minutes, "waitP95")),
    runP50: inBucket.map((minutes) => medianOf(minutes, "runP50")),
    runP95: inBucket.map((minutes) => worstOf(minutes, "runP95")),
  };
}

/** The mean of medians, weighted by deliveries. */
export function medianOf(minutes: readonly MetricPoint[], name: "waitP50" | "runP50"): number | null {
  const known = minutes.flatMap((point) => (point[name] === null ? [] : [{ value: point[name], weight: Math.max(1, point.delivered) }]));
  const weight = known.reduce((sum, each) => sum + each.weight, 0);
  return known.length === 0 ? null : known.reduce((sum, each) => sum + each.value * each.weight, 0) / weight;
}

export function worstOf(minutes: readonly MetricPoint[], name: "waitP95" | "runP95"): number | null {
  return minutes.reduce<number | null>((most, point) => (point[name] === null ? most : Math.max(most ?? 0, point[name])), null);
}
