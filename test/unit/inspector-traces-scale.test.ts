import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { moved, scaleOf, WHOLE, zoomed } from "../../webview/traces/scale.ts";

const idle = (from: number, to: number) => ({ from, to, work: false });
const work = (from: number, to: number) => ({ from, to, work: true });

describe("the scale of a timeline", () => {
  it("is the time itself where nothing is long", () => {
    const { at, timeAt, breaks } = scaleOf(1000, 2000, [idle(1000, 1400), work(1400, 2000)], true);
    assert.deepEqual([1000, 1250, 1400, 2000, 500, 9000].map(at), [0, 0.25, 0.4, 1, 0, 1]);
    assert.deepEqual([0, 0.25, 1].map(timeAt), [1000, 1250, 2000]);
    assert.deepEqual(breaks, []);
  });

  it("shortens long idle times, and keeps the order and the proportions of the rest", () => {
    const hour = 3_600_000;
    const lives = [idle(0, 100), work(100, 200), idle(200, hour), work(hour, hour + 100)];
    const { at, timeAt, breaks } = scaleOf(0, hour + 100, lives, true);
    assert.deepEqual(breaks, [{ from: 200, to: hour }]);
    assert.ok(Math.abs(at(100) - (at(200) - at(100))) < 1e-9);
    assert.ok(Math.abs(at(100) - (at(hour + 100) - at(hour))) < 1e-9);
    assert.ok(at(100) > 0.2 && at(200) < at(hour) && at(hour) < 1);
    assert.ok(Math.abs(timeAt(at(hour / 2)) - hour / 2) < 1);
    assert.ok(scaleOf(0, hour + 100, lives, false).at(200) < 0.001);
  });

  it("never shortens work, however long", () => {
    assert.deepEqual(scaleOf(0, 3_600_000, [idle(0, 5), work(5, 3_600_000)], true).breaks, []);
    // One waits while the other works.
    assert.deepEqual(scaleOf(0, 3_600_000, [idle(0, 5), idle(5, 3_600_000), work(5, 3_600_000)], true).breaks, []);
  });

  it("holds where nothing lasts", () => {
    const { at, timeAt } = scaleOf(1000, 1000, [idle(1000, 1000)], true);
    assert.deepEqual([at(1000), timeAt(0.5)], [0, 1000]);
  });

  it("is seen closer around a place, and never beyond its ends", () => {
    const close = zoomed(WHOLE, 0.5, 0.25);
    assert.deepEqual(close, { from: 0.125, to: 0.625 });
    assert.deepEqual(zoomed(close, 4, 0.25), WHOLE);
    assert.deepEqual(moved(close, 1), { from: 0.5, to: 1 });
    assert.deepEqual(moved(close, -1), { from: 0, to: 0.5 });
  });
});
