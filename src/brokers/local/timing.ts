/** What a row of the table `timing` measures. */
export const TIMING_KIND = { wait: 0, run: 1 } as const;

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
