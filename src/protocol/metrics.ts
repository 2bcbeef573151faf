import * as z from "zod/mini";
import { count, instant, shortText } from "./fields.ts";
import { method } from "./method.ts";

const many = z.array(count);
const known = z.array(z.nullable(count));
const times = z.array(z.nullable(z.number()));

/** Columns of equal length, one value for each bucket of time; what was counted within it, or how it stood at its end. */
const series = z.object({
  /** Milliseconds that a bucket spans. */
  bucket: count,
  /** Beginnings of the buckets. */
  at: z.array(instant),
  /** Messages that weren't completed. */
  depth: many,
  /** Of them, by state; `null` where it isn't known how a minute ended. */
  waiting: known,
  leased: known,
  scheduled: known,
  deadLetters: known,
  pushed: many,
  delivered: many,
  completed: many,
  failed: many,
  expired: many,
  dead: many,
  redriven: many,
  /** Milliseconds from entry to delivery, and of the handlers' work; `null` where there was none. */
  waitP50: times,
  waitP95: times,
  runP50: times,
  runP95: times,
});
export type Series = z.infer<typeof series>;

const partition = z.object({ name: shortText, messages: count, lag: count, leased: z.boolean(), readyAt: z.nullable(instant), lastPushedAt: z.nullable(instant) });
export type PartitionRow = z.infer<typeof partition>;

export const metricMethods = {
  /** The last `span` milliseconds, at most a week. */
  "metrics.series": method(z.object({ queue: shortText, group: shortText, span: z.int().check(z.minimum(60_000), z.maximum(7 * 86_400_000)) }), series),
  /** The worst lag first. */
  "metrics.partitions": method(z.object({ queue: shortText, group: shortText, match: z.optional(shortText), after: z.optional(shortText), limit: count }), z.object({ rows: z.array(partition), next: z.nullable(shortText) })),
};
