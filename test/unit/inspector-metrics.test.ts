import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { jsonTextPayload, type MetricPoint } from "../../src/core/index.ts";
import { metricSeries } from "../../src/inspector/metrics.ts";
import { ratesOf } from "../../src/inspector/rates.ts";
import { CallRefused, openPage } from "../support/inspector.ts";

const MINUTE = 60_000;
const QUIET = { pushed: 0, delivered: 0, completed: 0, failed: 0, expired: 0, dead: 0, redriven: 0, depth: 0, waitP50: null, waitP95: null, runP50: null, runP95: null, states: { waiting: null, leased: null, scheduled: null, dead: null } };
const point = (minute: number, fields: Partial<MetricPoint>): MetricPoint => ({ ...QUIET, ...fields, minute: minute * MINUTE });
const settings = { from: 0, to: 6 * MINUTE, bucket: 2 * MINUTE, depth: 7 };

describe("metrics in the inspector", () => {
  it("adds counters up by bucket and keeps the depth where nothing happened", () => {
    const series = metricSeries([point(2, { pushed: 3, depth: 10 }), point(3, { pushed: 4, completed: 1, depth: 13 })], settings);
    assert.deepEqual(series.at, [0, 2 * MINUTE, 4 * MINUTE]);
    assert.deepEqual(series.pushed, [0, 7, 0]);
    assert.deepEqual(series.completed, [0, 1, 0]);
    assert.deepEqual(series.depth, [7, 13, 13]);
  });

  it("weighs medians by deliveries, takes the worst 95th percentile, and has none where nothing was delivered", () => {
    const series = metricSeries([point(0, { delivered: 1, waitP50: 100, waitP95: 900 }), point(1, { delivered: 3, waitP50: 20, waitP95: 30 })], settings);
    assert.deepEqual(series.waitP50, [40, null, null]);
    assert.deepEqual(series.waitP95, [900, null, null]);
    assert.deepEqual(series.runP50, [null, null, null]);
  });

  it("tells the pace as messages a second of the time that passed", () => {
    const rates = ratesOf([point(0, { pushed: 120, completed: 60, delivered: 60, waitP50: 10, waitP95: 50 }), point(1, { pushed: 30 })], 1.5 * MINUTE);
    assert.deepEqual([rates.pushed, rates.completed, rates.failed, rates.waitP50, rates.waitP95, rates.runP50], [150 / 90, 60 / 90, 0, 10, 50, null]);
  });

  it("counts what a real queue did, by group", async () => {
    await using page = await openPage();
    const { messages } = page.broker;
    await messages.push("orders", Array.from({ length: 5 }, (_, index) => ({ payload: jsonTextPayload(String(index)), partition: `p${index % 2}` })));
    const [first] = await messages.pop("orders");
    await messages.settle([{ action: "ack", receipt: first?.receipt ?? "" }]);
    const series = await page.call("metrics.series", { queue: "orders", group: "default", span: 15 * MINUTE });
    assert.equal(series.bucket, MINUTE);
    assert.equal(series.at.length, 15);
    const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
    assert.deepEqual([sum(series.pushed), sum(series.delivered), sum(series.completed), series.depth.at(-1)], [5, 1, 1, 4]);
    assert.deepEqual([series.waiting.at(-1), series.leased.at(-1), series.scheduled.at(-1), series.deadLetters.at(-1)], [4, 0, 0, 0]);
    assert.deepEqual((await page.call("metrics.partitions", { queue: "orders", group: "default", limit: 10 })).rows.map(({ name, lag }) => [name, lag]), [["p0", 2], ["p1", 2]]);
  });

  it("goes through the partitions page by page, the worst lag first", async () => {
    await using page = await openPage();
    const items = Array.from({ length: 30 }, (_, partition) => Array.from({ length: partition + 1 }, () => ({ payload: jsonTextPayload("1"), partition: `p${partition}` }))).flat();
    await page.broker.messages.push("orders", items);
    const lags: number[] = [];
    let after: string | null | undefined;
    while (after !== null) {
      const { rows, next }: Awaited<ReturnType<typeof page.call<"metrics.partitions">>> = await page.call("metrics.partitions", { queue: "orders", group: "default", limit: 7, ...(after === undefined ? {} : { after }) });
      lags.push(...rows.map(({ lag }) => lag));
      after = next;
    }
    assert.deepEqual(lags, Array.from({ length: 30 }, (_, index) => 30 - index));
  });

  it("refuses a span that no counters are kept for", async () => {
    await using page = await openPage();
    await assert.rejects(page.call("metrics.series", { queue: "orders", group: "default", span: 365 * 86_400_000 }), (error) => error instanceof CallRefused && error.field === "span");
  });
});
