import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { charge, DEFAULT_OPTIONS, settlePlan } from "../../src/core/index.ts";
import type { Placement, Settlement } from "../../src/core/index.ts";

const options = { ...DEFAULT_OPTIONS, retryLimit: 2, retryDelay: 100, backoff: { kind: "fixed", delays: [], max: 60_000, jitter: 0 } } as const;

describe("a charge", () => {
  it("retries after the backoff while retries are left", () => {
    assert.deepEqual(charge(options, 0, 1_000, 0.5), { fate: "retry", charges: 1, retryAt: 1_100 });
    assert.deepEqual(charge(options, 1, 1_000, 0.5), { fate: "retry", charges: 2, retryAt: 1_100 });
  });

  it("takes a given delay instead of the backoff, 0 too", () => {
    assert.deepEqual(charge(options, 0, 1_000, 0.5, 0), { fate: "retry", charges: 1, retryAt: 1_000 });
    assert.deepEqual(charge(options, 0, 1_000, 0.5, 7), { fate: "retry", charges: 1, retryAt: 1_007 });
  });

  it("past retryLimit makes a dead letter, or drops", () => {
    assert.deepEqual(charge(options, 2, 1_000, 0.5, 0), { fate: "dead", charges: 3 });
    assert.deepEqual(charge({ ...options, deadLetter: false }, 2, 1_000, 0.5), { fate: "drop", charges: 3 });
    assert.equal(charge({ ...options, retryLimit: 0 }, 0, 1_000, 0.5).fate, "dead");
  });
});

describe("one call's settlements of a lease", () => {
  const asked = (...actions: readonly (readonly [action: Settlement["action"], place: number])[]): Placement<number>[] =>
    actions.map(([action, place]) => ({ settlement: { action, receipt: String(place) }, place, target: place }));

  it("are applied acks first, then dead ones, then the rest", () => {
    const plan = settlePlan(false, asked(["nack", 1], ["dead", 2], ["release", 3], ["ack", 4]));
    assert.deepEqual(plan.first.map(({ target }) => target), [4, 2]);
    assert.deepEqual(plan.then.map(({ target }) => target), [1, 3]);
  });

  it("return in the order of a partition, as the first one ends its lease", () => {
    const plan = settlePlan(true, asked(["nack", 5], ["ack", 9], ["release", 2]));
    assert.deepEqual(plan.then.map(({ target }) => target), [2, 5]);
  });
});
