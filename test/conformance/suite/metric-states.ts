import assert from "node:assert/strict";
import type { DepthByState, MetricPoint } from "../../../src/core/index.ts";
import { type BrokerFactory, conformance, eventually, ids, nth, numbered } from "./harness.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

export function metricStates(factory: BrokerFactory): void {
  conformance(factory, "12. Metrics by state", (rig) => {
    /** So that what a test does in one minute is in one. */
    const nextMinute = (): Promise<void> => rig.advance(MINUTE - (rig.now() % MINUTE) + 1_000);
    const minute = (): number => rig.now() - (rig.now() % MINUTE);
    const points = (q: string, from: number, group?: string): Promise<MetricPoint[]> => rig.broker.inspect.metrics(q, { from, to: rig.now() + MINUTE, ...(group === undefined ? {} : { group }) });

    /** Of one minute, as soon as it is known. */
    const shows = async (q: string, at: number, states: DepthByState, group?: string): Promise<void> => {
      await eventually(async () => {
        const found = (await points(q, at, group)).find((point) => point.minute === at);
        assert.deepEqual(found?.states, states, new Date(at).toISOString());
        assert.equal(found.depth, (states.waiting ?? 0) + (states.leased ?? 0));
      });
    };

    rig.it("tell for the end of each minute how many waited, were leased, scheduled or dead", async () => {
      const q = await rig.queue();
      await nextMinute();
      const first = minute();
      await rig.push(q, numbered(6));
      await rig.push(q, ["later"], { deliverAt: rig.now() + 2 * HOUR });
      const [a, b, c] = await rig.pop(q, { batch: 3, lease: HOUR });
      assert.ok(a && b && c);
      await rig.ack(a);
      await rig.dead(b);
      await shows(q, first, { waiting: 3, leased: 1, scheduled: 1, dead: 1 });

      await nextMinute();
      const second = minute();
      await rig.push(q, ["6"]);
      await rig.ack(c);
      for (const group of [undefined, "default"]) await shows(q, first, { waiting: 3, leased: 1, scheduled: 1, dead: 1 }, group);
      await shows(q, second, { waiting: 4, leased: 0, scheduled: 1, dead: 1 });

      await nextMinute();
      const third = minute();
      const [d] = await rig.pop(q, { batch: 2, lease: HOUR });
      assert.ok(d);
      await rig.ack(d);
      await shows(q, second, { waiting: 4, leased: 0, scheduled: 1, dead: 1 });
      await rig.push(q, ["much later"], { deliverAt: rig.now() + 2 * HOUR });
      await rig.broker.repair.discard(q, {});
      await shows(q, third, { waiting: 2, leased: 1, scheduled: 2, dead: 0 });

      await nextMinute();
      const fourth = minute();
      await rig.push(q, ["7"]);
      await shows(q, first, { waiting: 3, leased: 1, scheduled: 1, dead: 1 });
      await shows(q, second, { waiting: 4, leased: 0, scheduled: 1, dead: 1 });
      await shows(q, fourth, { waiting: 3, leased: 1, scheduled: 2, dead: 0 });
      assert.deepEqual((await points(q, first)).map((point) => point.minute), [first, second, third, fourth]);
    });

    rig.it("retrying ones wait, and a lease that ran out holds nothing", async () => {
      const q = await rig.queue({ retryDelay: "1h" });
      await nextMinute();
      const first = minute();
      await rig.push(q, numbered(4).map((data) => ({ data, partition: data })));
      const [a, b] = [...(await rig.pop(q)), ...(await rig.pop(q))];
      assert.ok(a && b);
      await rig.nack(a);
      await rig.pop(q, { lease: 1_000 });
      await rig.ack(b);
      await rig.advance(2_000);
      await shows(q, first, { waiting: 3, leased: 0, scheduled: 0, dead: 0 });
      await nextMinute();
      await rig.push(q, ["later"]);
      await rig.ack(nth(await rig.pop(q, { partition: "3" }), 0));
      await shows(q, first, { waiting: 3, leased: 0, scheduled: 0, dead: 0 });
    });

    rig.it("without a group they are those of the one furthest behind, with the dead letters of all", async () => {
      const q = await rig.queue();
      await nextMinute();
      const first = minute();
      await rig.push(q, numbered(5));
      for (const d of await rig.pop(q, { group: "quick", batch: 4 })) await rig.dead(d);
      await rig.ack(nth(await rig.pop(q, { group: "slow", batch: 3, lease: HOUR }), 0));
      await shows(q, first, { waiting: 2, leased: 2, scheduled: 0, dead: 4 });
      await shows(q, first, { waiting: 1, leased: 0, scheduled: 0, dead: 4 }, "quick");
      await shows(q, first, { waiting: 2, leased: 2, scheduled: 0, dead: 0 }, "slow");
    });

    rig.it("before there was a group everything waited", async () => {
      const q = await rig.queue();
      await nextMinute();
      const first = minute();
      assert.equal(ids(await rig.push(q, numbered(3))).length, 3);
      await shows(q, first, { waiting: 3, leased: 0, scheduled: 0, dead: 0 });
    });
  });
}
