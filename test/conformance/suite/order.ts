import assert from "node:assert/strict";
import { type BrokerFactory, conformance, ids, item, nth, numbered, only, refused, texts } from "./harness.ts";

export function order(factory: BrokerFactory): void {
  conformance(factory, "1. Order follows the partition", (rig) => {
    rig.it("gives a partition strictly first in, first out", async () => {
      const q = await rig.queue();
      await rig.push(q, numbered(10), { partition: "a" });
      const got: string[] = [];
      for (const batch of [3, 1, 6]) {
        const deliveries = await rig.pop(q, { batch });
        got.push(...texts(deliveries));
        await rig.ack(...deliveries);
      }
      assert.deepEqual(got, numbered(10));
    });

    rig.it("keeps each partition's order when partitions are pushed in turns", async () => {
      const q = await rig.queue();
      for (let round = 0; round < 20; round += 1) {
        await rig.push(q, ["a", "b", "c"].map((partition) => ({ data: String(round), partition })));
      }
      const got = await rig.drain(q, { batch: 7 });
      for (const partition of ["a", "b", "c"]) {
        assert.deepEqual(texts(got.filter((d) => d.partition === partition)), numbered(20));
      }
    });

    rig.it("has one live lease at a time for a partition and group, from any handle", async () => {
      const q = await rig.queue();
      await rig.push(q, ["1", "2", "3"], { partition: "a" });
      const first = await rig.popOne(q);
      const other = await rig.another();
      assert.deepEqual(await rig.pop(q, { batch: 10 }), []);
      assert.deepEqual(await other.messages.pop(q, { batch: 10, partition: "a" }), []);
      await rig.push(q, ["4"], { partition: "a" });
      assert.deepEqual(await other.messages.pop(q, { batch: 10 }), []);
      await rig.ack(first);
      assert.deepEqual(texts(await other.messages.pop(q, { batch: 10 })), ["2", "3", "4"]);
    });

    rig.it("keeps the lease until the last message of the batch is settled", async () => {
      const q = await rig.queue();
      await rig.push(q, ["1", "2", "3"], { partition: "a" });
      const [one, two] = await rig.pop(q, { batch: 2 });
      assert.ok(one && two);
      await rig.ack(two);
      assert.deepEqual(await rig.pop(q), []);
      await rig.ack(one);
      assert.deepEqual(texts(await rig.pop(q)), ["3"]);
    });

    rig.it("leases one partition to two groups at the same time", async () => {
      const q = await rig.queue();
      await rig.push(q, ["1", "2"], { partition: "a" });
      assert.deepEqual(texts(await rig.pop(q, { group: "x" })), ["1"]);
      assert.deepEqual(texts(await rig.pop(q, { group: "y", batch: 2 })), ["1", "2"]);
      assert.deepEqual(await rig.pop(q, { group: "x" }), []);
    });

    rig.it("runs partitions in parallel: a leased one holds no other up", async () => {
      const q = await rig.queue();
      await rig.push(q, ["a", "b", "c"].map((partition) => ({ data: partition, partition })));
      const held = [await rig.popOne(q), await rig.popOne(q), await rig.popOne(q)];
      assert.deepEqual(texts(held).sort(), ["a", "b", "c"]);
    });

    rig.it("takes any number of partitions", async () => {
      const q = await rig.queue();
      const all = numbered(2000, "tenant/");
      for (let at = 0; at < all.length; at += 500) {
        await rig.push(q, all.slice(at, at + 500).map((partition) => ({ data: partition, partition })));
      }
      const got = await rig.drain(q);
      assert.deepEqual(got.map((d) => d.partition).sort(), all.sort());
    });

    rig.it("leases each message without a key on its own, to any number of consumers", async () => {
      const q = await rig.queue();
      await rig.push(q, numbered(5));
      const held = [];
      for (let consumer = 0; consumer < 5; consumer += 1) held.push(await rig.popOne(q));
      assert.deepEqual(texts(held), numbered(5));
      assert.deepEqual(await rig.pop(q), []);
      await rig.ack(nth(held, 4), nth(held, 0));
      await rig.release(nth(held, 2));
      assert.deepEqual(texts(await rig.pop(q, { batch: 5 })), ["2"]);
      await rig.ack(nth(held, 1), nth(held, 3));
    });

    rig.it("shows one consumer without failures the messages without a key in push order", async () => {
      const q = await rig.queue();
      await rig.push(q, numbered(150));
      await rig.push(q, numbered(150, "later-"));
      assert.deepEqual(texts(await rig.drain(q, { batch: 17 })), [...numbered(150), ...numbered(150, "later-")]);
    });

    rig.it("gives priority 9 first, and the oldest first within a priority", async () => {
      const q = await rig.queue();
      await rig.push(q, [0, 9, 5, 9, 0, 5, 1].map((priority, i) => ({ data: `${priority}:${i}`, priority })));
      const got = await rig.drain(q, { batch: 2 });
      assert.deepEqual(texts(got), ["9:1", "9:3", "5:2", "5:5", "1:6", "0:0", "0:4"]);
      assert.deepEqual(got.map((d) => d.priority), [9, 9, 5, 5, 1, 0, 0]);
    });

    rig.it("lets a later message of higher priority overtake", async () => {
      const q = await rig.queue();
      await rig.push(q, ["low-1", "low-2"], { priority: 1 });
      await rig.ack(await rig.popOne(q));
      await rig.push(q, ["high"], { priority: 2 });
      assert.deepEqual(texts(await rig.drain(q)), ["high", "low-2"]);
    });

    rig.it("refuses priority with a partition", async () => {
      const q = await rig.queue();
      await refused(rig.push(q, ["x"], { partition: "a", priority: 3 }), "invalid-input", /priority/);
      assert.deepEqual(await rig.pop(q), []);
    });

    rig.it("ordered: true gives a missing key the partition Default", async () => {
      const q = await rig.queue({ ordered: true });
      const pushed = await rig.push(q, ["1", "2", { data: "other", partition: "b" }]);
      assert.deepEqual(pushed.map((r) => r.partition), ["Default", "Default", "b"]);
      const first = only(await rig.pop(q, { partition: "Default" }));
      assert.equal(first.partition, "Default");
      assert.deepEqual(await rig.pop(q, { partition: "Default" }), []);
      await rig.ack(first);
      assert.deepEqual(texts(await rig.pop(q, { partition: "Default" })), ["2"]);
    });

    rig.it("ordered: true refuses a priority, as with any partition", async () => {
      const q = await rig.queue({ ordered: true });
      await refused(rig.push(q, ["1"], { priority: 4 }), "invalid-input", /priority/);
    });

    rig.it("keeps messages with and without a key apart", async () => {
      const q = await rig.queue();
      await rig.push(q, [{ data: "k1", partition: "a" }, "u1", { data: "k2", partition: "a" }, "u2"]);
      const [first] = await rig.pop(q, { partition: "a" });
      assert.equal(first?.partition, "a");
      const rest = await rig.pop(q, { batch: 10 });
      assert.deepEqual(texts(rest), ["u1", "u2"]);
      assert.deepEqual(rest.map((d) => d.partition), [null, null]);
    });

    rig.it("pushes at the same time from several handles keep their own order, and lose and double nothing", async () => {
      const [q, other] = [await rig.queue(), await rig.queue()];
      const handles = [rig.broker, await rig.another(), await rig.another()];
      const results = await Promise.all(handles.flatMap((handle, h) => numbered(20).map((n) =>
        handle.messages.push(Number(n) % 5 === 0 ? other : q, [item(`${h}:${n}a`, { partition: "a" }), item(`${h}:${n}b`, { partition: "a" })]))));
      assert.equal(new Set(ids(results.flat())).size, 120);
      const got = texts([...(await rig.drain(q)), ...(await rig.drain(other))]);
      assert.equal(new Set(got).size, 120);
      for (const one of got.filter((text) => text.endsWith("a"))) {
        const [first, second] = [got.indexOf(one), got.indexOf(`${one.slice(0, -1)}b`)];
        assert.ok(second > first, "a push keeps its order");
        if (rig.broker.capabilities.atomicBatch) assert.equal(second, first + 1, "a push stays together");
      }
    });

    rig.it("of many that pop a partition at the same time one gets it", async () => {
      const q = await rig.queue();
      const handles = [rig.broker, await rig.another(), await rig.another()];
      await rig.push(q, numbered(10), { partition: "a" });
      for (let round = 0; round < 10; round += 1) {
        const race = await Promise.all(numbered(12).map((n) => nth(handles, Number(n) % 3).messages.pop(q)));
        const winner = only(race.flat());
        assert.deepEqual(texts([winner]), [String(round)]);
        await rig.ack(winner);
      }
    });

    rig.it("gives every message an id of its own that is never used again", async () => {
      const q = await rig.queue();
      const seen = new Set(ids(await rig.push(q, numbered(50))));
      await rig.drain(q);
      await rig.broker.repair.remove([...seen]);
      for (const id of ids(await rig.push(q, numbered(50)))) {
        assert.ok(!seen.has(id), `${id} is new`);
        seen.add(id);
      }
    });
  });
}
