import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { backoffDelay, type BackoffOption, DEFAULT_BACKOFF, DEFAULT_OPTIONS, mergeOptions } from "../../src/core/index.ts";

const still = (change: Partial<BackoffOption>): BackoffOption => ({ ...DEFAULT_BACKOFF, jitter: 0, ...change });

describe("backoff", () => {
  it("fixed waits the same each time", () => {
    assert.deepEqual([1, 2, 9].map((n) => backoffDelay(still({ kind: "fixed" }), 700, n, 0.5)), [700, 700, 700]);
  });

  it("linear grows by the delay", () => {
    assert.deepEqual([1, 2, 3].map((n) => backoffDelay(still({ kind: "linear" }), 700, n, 0.5)), [700, 1400, 2100]);
  });

  it("exponential doubles until the maximum, for any number of charges", () => {
    assert.deepEqual([1, 2, 3, 7, 5000].map((n) => backoffDelay(still({ kind: "exponential" }), 1000, n, 0.5)), [1000, 2000, 4000, 60_000, 60_000]);
  });

  it("a list gives its entries in turn and repeats the last", () => {
    const backoff = still({ kind: "list", delays: [10, 20, 30] });
    assert.deepEqual([1, 2, 3, 4].map((n) => backoffDelay(backoff, 1000, n, 0.5)), [10, 20, 30, 30]);
  });

  it("jitter stays within its share on both sides", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 0.999999, noNaN: true }), fc.integer({ min: 1, max: 100 }), (random, charges) => {
        const delay = backoffDelay({ ...DEFAULT_BACKOFF, kind: "fixed", jitter: 0.1 }, 1000, charges, random);
        assert.ok(delay >= 900 && delay <= 1100, `${delay}`);
      }),
    );
  });

  it("is written as a name, a list or an object", () => {
    const read = (value: unknown) => mergeOptions(DEFAULT_OPTIONS, { backoff: value as never }).backoff;
    assert.equal(read("linear").kind, "linear");
    assert.deepEqual(read("1s,5s,1m").delays, [1000, 5000, 60_000]);
    assert.deepEqual(read(["1s", 250]).delays, [1000, 250]);
    assert.deepEqual(read({ kind: "fixed", max: "2m", jitter: 0 }), { kind: "fixed", delays: [], max: 120_000, jitter: 0 });
  });

  it("refuses what it can't mean, naming the part", () => {
    for (const [value, field] of [["sometimes", "backoff.kind"], [{ jitter: 2 }, "backoff.jitter"], [{ kind: "list" }, "backoff.delays"], [{ speed: 1 }, "backoff"], [7, "backoff"]] as const) {
      assert.throws(() => mergeOptions(DEFAULT_OPTIONS, { backoff: value as never }), { code: "invalid-input", field });
    }
  });
});
