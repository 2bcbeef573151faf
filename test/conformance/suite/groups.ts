import assert from "node:assert/strict";
import { type BrokerFactory, conformance, ids, numbered, only, texts } from "./harness.ts";

export function groups(factory: BrokerFactory): void {
  conformance(factory, "2. Groups", (rig) => {
    const names = async (queue: string): Promise<string[]> => (await rig.broker.inspect.groups(queue)).map((g) => g.name).sort();

    rig.it("each see every message", async () => {
      const q = await rig.queue();
      await rig.push(q, [...numbered(3), ...numbered(3, "k").map((data) => ({ data, partition: "a" }))]);
      for (const group of ["default", "x", "y"]) {
        assert.deepEqual(texts(await rig.drain(q, { group })).sort(), [...numbered(3), ...numbered(3, "k")].sort());
        assert.deepEqual(await rig.pop(q, { group }), []);
      }
    });

    rig.it("settle for themselves alone", async () => {
      const q = await rig.queue({ retryDelay: 0 });
      await rig.push(q, ["m"]);
      await rig.dead(await rig.popOne(q, { group: "x" }));
      const other = await rig.popOne(q, { group: "y" });
      assert.deepEqual([other.attempt, other.deliveryCount, other.group], [1, 1, "y"]);
    });

    rig.it("group default starts at the oldest, whatever start says", async () => {
      const q = await rig.queue();
      await rig.push(q, ["old"]);
      assert.deepEqual(texts(await rig.pop(q, { start: "new" })), ["old"]);
    });

    rig.it("a pop without a group is of group default", async () => {
      const q = await rig.queue();
      await rig.push(q, ["1", "2"]);
      assert.equal((await rig.popOne(q)).group, "default");
      assert.deepEqual(texts(await rig.pop(q, { group: "default" })), ["2"]);
    });

    rig.it("a named group starts at all by default", async () => {
      const q = await rig.queue();
      await rig.push(q, ["old"]);
      assert.deepEqual(texts(await rig.pop(q, { group: "g" })), ["old"]);
      assert.equal(only(await rig.broker.inspect.groups(q)).start, "all");
    });

    rig.it("a named group that starts at new skips what was there, in every partition", async () => {
      const q = await rig.queue();
      await rig.push(q, ["old", { data: "old-a", partition: "a" }]);
      assert.deepEqual(await rig.pop(q, { group: "g", start: "new", batch: 10 }), []);
      await rig.push(q, ["new", { data: "new-a", partition: "a" }, { data: "new-b", partition: "b" }]);
      assert.deepEqual(texts(await rig.drain(q, { group: "g" })).sort(), ["new", "new-a", "new-b"]);
    });

    rig.it("a scheduled message that was due before a group's start at new is before it", async () => {
      const q = await rig.queue();
      await rig.push(q, ["due"], { deliverAt: rig.now() + 1000 });
      await rig.push(q, ["later"], { deliverAt: rig.now() + 60_000 });
      await rig.advance(1001);
      await rig.broker.repair.seek(q, "sought", "new");
      for (const group of ["popped", "sought"]) assert.deepEqual(await rig.pop(q, { group, start: "new" }), []);
      await rig.advance(60_000);
      for (const group of ["popped", "sought"]) assert.deepEqual(texts(await rig.popSoon(q, { group })), ["later"]);
    });

    rig.it("a named group may start at a time of entry", async () => {
      const q = await rig.queue();
      await rig.push(q, ["old", { data: "old-a", partition: "a" }]);
      await rig.advance(50);
      const at = rig.now();
      await rig.advance(50);
      await rig.push(q, ["new", { data: "new-a", partition: "a" }]);
      assert.deepEqual(texts(await rig.drain(q, { group: "g", start: at })).sort(), ["new", "new-a"]);
      assert.equal(only(await rig.broker.inspect.groups(q)).start, at);
    });

    rig.it("a start at exactly a message's time of entry includes it", async () => {
      const q = await rig.queue();
      await rig.push(q, ["old"]);
      await rig.advance(50);
      const id = await rig.pushOne(q, "new");
      const { createdAt } = await rig.broker.inspect.read(id);
      assert.deepEqual(texts(await rig.drain(q, { group: "g", start: createdAt })), ["new"]);
    });

    rig.it("a start in the future means what enters from then on", async () => {
      const q = await rig.queue();
      await rig.push(q, ["old"]);
      assert.deepEqual(await rig.pop(q, { group: "g", start: rig.now() + 60_000 }), []);
    });

    for (const partition of [undefined, "a"]) {
      rig.it(`what entered before a start in the future isn't counted as behind, ${partition === undefined ? "without a key" : "in a partition"}`, async () => {
        const q = await rig.queue();
        const start = rig.now() + 60_000;
        assert.deepEqual(await rig.pop(q, { group: "later", start }), []);
        await rig.push(q, ["1", "2"], { partition });
        await rig.reach(start);
        await rig.push(q, ["3"], { partition });
        const counts = async (): Promise<unknown> => {
          const group = only((await rig.broker.inspect.groups(q)).filter(({ name }) => name === "later"));
          return [group.lag, group.counts.ready, group.counts.leased, group.counts.completed];
        };
        const held = await rig.popOne(q, { group: "later" });
        assert.deepEqual([texts([held]), await counts()], [["3"], [1, 0, 1, 2]]);
        await rig.ack(held);
        assert.deepEqual([await rig.pop(q, { group: "later" }), await counts()], [[], [0, 0, 0, 3]]);
      });
    }

    rig.it("the start is fixed by the first pop; a later one is ignored", async () => {
      const q = await rig.queue();
      await rig.push(q, ["old"]);
      assert.deepEqual(await rig.pop(q, { group: "g", start: "new" }), []);
      assert.deepEqual(await rig.pop(q, { group: "g", start: "all" }), []);
      await rig.push(q, ["new"]);
      assert.deepEqual(texts(await rig.pop(q, { group: "g", start: 0 })), ["new"]);
    });

    rig.it("exist from their first pop, also when it gave nothing", async () => {
      const q = await rig.queue();
      assert.deepEqual(await names(q), []);
      assert.deepEqual(await rig.pop(q, { group: "popped" }), []);
      assert.deepEqual(await names(q), ["popped"]);
    });

    rig.it("exist from a seek", async () => {
      const q = await rig.queue();
      await rig.push(q, ["old"]);
      await rig.broker.repair.seek(q, "sought", "new");
      assert.deepEqual(await names(q), ["sought"]);
      await rig.push(q, ["new"]);
      assert.deepEqual(texts(await rig.drain(q, { group: "sought", start: "all" })), ["new"]);
    });

    rig.it("a seek goes back, forward and to a time", async () => {
      const q = await rig.queue();
      await rig.push(q, ["1", { data: "1a", partition: "a" }]);
      await rig.advance(50);
      const at = rig.now();
      await rig.advance(50);
      await rig.push(q, ["2", { data: "2a", partition: "a" }]);
      await rig.drain(q);
      await rig.broker.repair.seek(q, "default", "all");
      assert.deepEqual(texts(await rig.drain(q)).sort(), ["1", "1a", "2", "2a"]);
      await rig.broker.repair.seek(q, "default", at);
      assert.deepEqual(texts(await rig.drain(q)).sort(), ["2", "2a"]);
      await rig.broker.repair.seek(q, "default", "all");
      await rig.broker.repair.seek(q, "default", "new");
      assert.deepEqual(await rig.drain(q), []);
      await rig.push(q, ["3"]);
      assert.deepEqual(texts(await rig.drain(q)), ["3"]);
    });

    rig.it("a seek ends the group's leases: their receipts go stale", async () => {
      const q = await rig.queue();
      await rig.push(q, ["u", { data: "k", partition: "a" }]);
      const held = [await rig.popOne(q), await rig.popOne(q)];
      const other = await rig.pop(q, { group: "other", batch: 2 });
      await rig.broker.repair.seek(q, "default", "all");
      for (const delivery of held) await rig.assertStale(delivery);
      assert.deepEqual(texts(await rig.drain(q)).sort(), ["k", "u"]);
      await rig.ack(...other);
    });

    rig.it("a seek forgets retries and attempts", async () => {
      const q = await rig.queue({ retryLimit: 5, retryDelay: "1h" });
      await rig.push(q, ["u", { data: "k", partition: "a" }]);
      for (const delivery of await rig.pop(q, { batch: 2 })) await rig.nack(delivery);
      assert.deepEqual(await rig.pop(q, { batch: 2 }), []);
      await rig.broker.repair.seek(q, "default", "all");
      const again = await rig.drain(q);
      assert.deepEqual(again.map((d) => d.attempt), [1, 1]);
      const counts = (await rig.broker.queues.get(q)).counts;
      assert.equal(counts.retrying, 0);
    });

    rig.it("a seek leaves dead letters where they are", async () => {
      const q = await rig.queue();
      await rig.push(q, ["m"]);
      await rig.dead(await rig.popOne(q));
      const before = ids((await rig.broker.inspect.deadLetters(q)).items);
      await rig.broker.repair.seek(q, "default", "all");
      await rig.broker.repair.seek(q, "default", "new");
      assert.deepEqual(ids((await rig.broker.inspect.deadLetters(q)).items), before);
      assert.equal(before.length, 1);
    });

    rig.it("a seek doesn't move another group", async () => {
      const q = await rig.queue();
      await rig.push(q, numbered(3));
      await rig.drain(q, { group: "x" });
      await rig.drain(q, { group: "y" });
      await rig.broker.repair.seek(q, "x", "all");
      assert.equal((await rig.drain(q, { group: "x" })).length, 3);
      assert.equal((await rig.drain(q, { group: "y" })).length, 0);
    });

    rig.it("a deleted group is made anew by its next pop, with a start of its own", async () => {
      const q = await rig.queue();
      await rig.push(q, ["old"]);
      const held = await rig.popOne(q, { group: "g" });
      await rig.broker.repair.deleteGroup(q, "g");
      assert.deepEqual(await names(q), []);
      await rig.assertStale(held);
      assert.deepEqual(await rig.pop(q, { group: "g", start: "new" }), []);
      await rig.push(q, ["new"]);
      assert.deepEqual(texts(await rig.drain(q, { group: "g" })), ["new"]);
    });

    rig.it("a deleted group's dead letters stay", async () => {
      const q = await rig.queue();
      await rig.push(q, ["m"]);
      await rig.dead(await rig.popOne(q, { group: "g" }));
      await rig.broker.repair.deleteGroup(q, "g");
      assert.equal(only((await rig.broker.inspect.deadLetters(q)).items).group, "g");
    });
  });
}
