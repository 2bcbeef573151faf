import { invalidInput } from "./errors.ts";
import type { Instant } from "./time.ts";

export const MINUTE = 60_000;
/** A week of minutes: what one call reads. */
export const MOST_MINUTES = 10_080;
const MOST_BUCKETS = 1_000;

export function minuteOf(at: Instant): Instant {
  return at - (at % MINUTE);
}

/** @throws invalid-input */
export function checkedSpan({ from, to }: { readonly from: Instant; readonly to: Instant }): { from: Instant; to: Instant } {
  if (!Number.isFinite(from) || !Number.isFinite(to)) throw invalidInput("from", "from and to must be times.");
  if (to <= from) throw invalidInput("to", "to must be after from.");
  return { from, to };
}

/** @throws invalid-input for more minutes with changes than one call answers */
export function checkMinutes(count: number): void {
  if (count > MOST_MINUTES) throw invalidInput("to", `from and to hold more than ${MOST_MINUTES} minutes with changes. Ask for a shorter time, and then for the next.`);
}

/** The bounds of `buckets` equal spans of [from, to): one more than there are spans. @throws invalid-input */
export function histogramBounds(request: { readonly from: Instant; readonly to: Instant; readonly buckets: number }): Instant[] {
  const { from, to } = checkedSpan(request);
  const { buckets } = request;
  if (!Number.isSafeInteger(buckets) || buckets < 1 || buckets > MOST_BUCKETS) throw invalidInput("buckets", `buckets must be a whole number from 1 to ${MOST_BUCKETS}, but is ${buckets}.`);
  return Array.from({ length: buckets + 1 }, (_, i) => Math.round(from + ((to - from) * i) / buckets));
}

/** Quarter powers of two: a percentile is never off by more than 9 %. */
export function timingBucket(ms: number): number {
  return ms <= 1 ? 0 : Math.floor(Math.log2(ms) * 4);
}

/** The middle of a bucket, in milliseconds. */
export function bucketMs(bucket: number): number {
  return bucket === 0 ? 1 : Math.round(2 ** ((bucket + 0.5) / 4));
}

/** Nearest rank over buckets in ascending order; `null` without samples. */
export function percentile(buckets: readonly { readonly bucket: number; readonly n: number }[], share: number): number | null {
  const total = buckets.reduce((sum, { n }) => sum + n, 0);
  let left = Math.ceil(total * share);
  for (const { bucket, n } of buckets) {
    left -= n;
    if (left <= 0) return bucketMs(bucket);
  }
  return null;
}
