import assert from "node:assert/strict";
import type { PartitionInfo } from "../../../src/core/index.ts";
import { type BrokerFactory, conformance, pages } from "./harness.ts";

const PARTITIONS = 300;

export function partitionLag(factory: BrokerFactory): void {
  conformance(factory, "12. Lag of many partitions", (rig) => {
    rig.it("the worst first, each once and exact, for any group, however far each has come", async () => {
      const q = await rig.queue();
      const names = Array.from({ length: PARTITIONS }, (_, i) => `p${i}`);
      // Much in the past of some that have nothing left, little in that of those that are behind.
      const pushed = new Map<string, number>();
      const push = async (count: (i: number) => number): Promise<void> => {
        const items = names.flatMap((partition, i) => Array.from({ length: count(i) }, () => ({ data: "x", partition })));
        for (const { partition } of items) pushed.set(partition, (pushed.get(partition) ?? 0) + 1);
        await rig.push(q, items);
      };
      await push((i) => 1 + (i % 13));
      await rig.drain(q);
      const behind = (i: number): number => (i * 7) % 17;
      await push(behind);
      await push((i) => (i === 77 ? 400 : 0));
      const held = await rig.popOne(q, { partition: "p77" });
      await rig.ack(...(await rig.pop(q, { partition: "p7", batch: 2 })));
      const own = new Map(names.map((name, i) => [name, behind(i) + (i === 77 ? 400 : 0) - (i === 7 ? 2 : 0)]));

      const read = (group: string, limit: number): Promise<PartitionInfo[]> => pages((after) => rig.broker.inspect.partitions(q, { group, sort: "lag", limit, after }));
      for (const [group, lags] of [["default", own], ["nobody", pushed]] as const) {
        const expected = [...lags].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
        for (const limit of [40, 1000]) {
          assert.deepEqual((await read(group, limit)).map(({ name, lag }) => [name, lag]), expected, `${group}, ${limit} at a time`);
        }
      }
      const [worst] = await read("default", 1000);
      assert.deepEqual([worst?.name, worst?.leased, worst?.readyAt, worst?.messages], ["p77", true, held.leaseExpiresAt, pushed.get("p77")]);
    });

    rig.it("leases of a group are told apart from those of others, in pages, each once", async () => {
      const q = await rig.queue();
      await rig.push(q, Array.from({ length: 60 }, (_, i) => ({ data: String(i), ...(i % 2 === 0 ? { partition: `p${i % 10}` } : {}) })));
      const a = [...(await rig.pop(q, { group: "a", batch: 20 })), ...(await rig.pop(q, { group: "a", batch: 20 }))];
      const b = await rig.pop(q, { group: "b", batch: 9 });
      for (const [group, deliveries] of [["a", a], ["b", b]] as const) {
        const found = await pages((after) => rig.broker.inspect.leases(q, { group, limit: 7, after }));
        assert.deepEqual(found.map(({ id }) => id).sort(), deliveries.map(({ id }) => id).sort());
        assert.deepEqual(new Set(found.map((lease) => lease.group)), new Set([group]));
      }
    });
  });
}
