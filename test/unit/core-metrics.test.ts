import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { bucketMs, percentile, timingBucket } from "../../src/core/index.ts";

describe("timing histogram", () => {
  it("places a duration within 10 % of its bucket's middle", () => {
    for (const ms of [2, 3, 7, 12, 50, 99, 1_000, 12_345, 3_600_000]) {
      const middle = bucketMs(timingBucket(ms));
      assert.ok(Math.abs(middle - ms) <= Math.max(1, ms * 0.1), `${ms} ms shown as ${middle} ms`);
    }
  });

  it("gives no percentile without samples", () => {
    assert.equal(percentile([], 0.5), null);
  });

  it("finds the median and the tail by nearest rank", () => {
    const buckets = [{ bucket: timingBucket(10), n: 94 }, { bucket: timingBucket(1_000), n: 6 }];
    assert.equal(percentile(buckets, 0.5), bucketMs(timingBucket(10)));
    assert.equal(percentile(buckets, 0.95), bucketMs(timingBucket(1_000)));
  });
});
