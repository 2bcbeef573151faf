import assert from "node:assert/strict";
import { payloadText, textPayload } from "../../../src/core/index.ts";
import { type BrokerFactory, conformance, ids, nth, numbered, only, refused, texts, wrong } from "./harness.ts";

export function repair(factory: BrokerFactory): void {
  conformance(factory, "13. Repair", (rig) => {
    rig.it("edit changes data and headers; id, place and attempts stay", async () => {
      for (const partition of [undefined, "a"]) {
        const q = await rig.queue();
        const all = ids(await rig.push(q, ["1", "2", "3"], partition === undefined ? {} : { partition }));
        const second = nth(all, 1);
        const [one, two] = await rig.pop(q, { batch: 2 });
        assert.ok(one && two);
        await rig.ack(one);
        await rig.nack(two, { delay: 0 });
        const before = rig.now();
        const edited = await rig.broker.repair.edit(second, { payload: textPayload("two"), headers: { h: "new" } });
        assert.deepEqual([edited.id, payloadText(edited.payload), edited.headers, edited.charges], [second, "two", { h: "new" }, 1]);
        assert.ok(edited.editedAt !== null && edited.editedAt >= before);
        const got = await rig.drain(q);
        assert.deepEqual(texts(got), ["two", "3"]);
        assert.deepEqual([nth(got, 0).id, nth(got, 0).attempt, nth(got, 0).headers, nth(got, 0).editedAt], [second, 2, { h: "new" }, edited.editedAt]);
      }
    });

    rig.it("edit of the data alone keeps the headers, and the other way round", async () => {
      const q = await rig.queue();
      const id = await rig.pushOne(q, { data: "m", headers: { h: "1" } });
      await rig.broker.repair.edit(id, { payload: textPayload("n") });
      await rig.broker.repair.edit(id, { headers: { h: "2" } });
      const got = await rig.popOne(q);
      assert.deepEqual([payloadText(got.payload), got.headers], ["n", { h: "2" }]);
    });

    rig.it("edit of a leased message is refused as leased", async () => {
      const q = await rig.queue();
      const [u, k] = ids(await rig.push(q, ["u", { data: "k", partition: "a" }]));
      assert.ok(u && k);
      const held = [await rig.popOne(q, { group: "g" }), await rig.popOne(q, { group: "g" })];
      for (const id of [u, k]) await refused(rig.broker.repair.edit(id, { payload: textPayload("x") }), "leased");
      await rig.ack(...held);
      for (const id of [u, k]) await rig.broker.repair.edit(id, { payload: textPayload("x") });
    });

    rig.it("groups that completed a message don't get it again when it is edited", async () => {
      const q = await rig.queue();
      const id = await rig.pushOne(q, "old");
      await rig.drain(q, { group: "done" });
      await rig.broker.repair.edit(id, { payload: textPayload("new") });
      assert.deepEqual(await rig.drain(q, { group: "done" }), []);
      assert.deepEqual(texts(await rig.drain(q, { group: "other" })), ["new"]);
    });

    rig.it("edit of a scheduled message, before and after it fired", async () => {
      const q = await rig.queue();
      const id = await rig.pushOne(q, "1", { deliverAt: rig.now() + 1000 });
      const before = rig.now();
      const { editedAt } = await rig.broker.repair.edit(id, { payload: textPayload("2"), headers: { h: "2" } });
      assert.ok(editedAt !== null && editedAt >= before);
      assert.equal((await rig.broker.inspect.read(id)).editedAt, editedAt);
      await rig.advance(1001);
      const got = only(await rig.popSoon(q));
      assert.deepEqual([got.id, payloadText(got.payload), got.headers, got.editedAt], [id, "2", { h: "2" }, editedAt]);
      await rig.release(got);
      await rig.broker.repair.edit(id, { payload: textPayload("3") });
      assert.deepEqual(texts(await rig.pop(q)), ["3"]);
    });

    rig.it("edit refuses what isn't there, too large or wrong", async () => {
      const q = await rig.queue();
      const id = await rig.pushOne(q, "m");
      for (const unknown of ["m999-999", "garbled", ""]) await refused(rig.broker.repair.edit(unknown, { headers: {} }), "message-not-found");
      await refused(rig.broker.repair.edit(id, { payload: { encoding: "bytes", bytes: new Uint8Array(64 * 1024 * 1024 + 1) } }), "payload-too-large");
      await refused(rig.broker.repair.edit(id, { payload: wrong("text") }), "invalid-input");
      await refused(rig.broker.repair.edit(id, { headers: wrong({ a: 1 }) }), "invalid-input", /headers/);
      assert.deepEqual(texts(await rig.drain(q)), ["m"]);
    });

    rig.it("remove deletes, answering for each id; a leased one's receipt goes stale", async () => {
      const q = await rig.queue();
      const all = ids(await rig.push(q, ["1", "2", "3"]));
      const held = await rig.popOne(q);
      const results = await rig.broker.repair.remove([nth(all, 0), "m999-999", nth(all, 1), "garbled"]);
      assert.deepEqual(results, [{ id: nth(all, 0), removed: true }, { id: "m999-999", removed: false }, { id: nth(all, 1), removed: true }, { id: "garbled", removed: false }]);
      await rig.assertStale(held);
      assert.deepEqual(texts(await rig.drain(q)), ["3"]);
      assert.deepEqual(await rig.broker.inspect.exists(all), [nth(all, 2)]);
      assert.deepEqual((await rig.broker.repair.remove([nth(all, 0)])).map((r) => r.removed), [false]);
    });

    rig.it("remove in a partition: the rest of the lease goes on, and the order", async () => {
      const q = await rig.queue();
      const all = ids(await rig.push(q, numbered(6), { partition: "a" }));
      const got = await rig.pop(q, { batch: 3 });
      await rig.broker.repair.remove([nth(all, 1), nth(all, 4)]);
      await rig.assertStale(nth(got, 1));
      assert.deepEqual(await rig.pop(q), []);
      await rig.ack(nth(got, 0), nth(got, 2));
      assert.deepEqual(texts(await rig.drain(q)), ["3", "5"]);
    });

    rig.it("remove of what a lease ran out on doesn't charge the next one for it", async () => {
      const q = await rig.queue({ retryLimit: 0 });
      const all = ids(await rig.push(q, numbered(2), { partition: "a" }));
      await rig.expire(await rig.pop(q, { batch: 2, lease: 1000 }));
      await rig.broker.repair.remove(all.slice(0, 1));
      const rest = only(await rig.popSoon(q));
      assert.deepEqual([...texts([rest]), rest.attempt], ["1", 1]);
    });

    rig.it("remove of a partition's whole lease lets the partition go", async () => {
      const q = await rig.queue();
      const all = ids(await rig.push(q, numbered(3), { partition: "a" }));
      await rig.pop(q, { batch: 2 });
      await rig.broker.repair.remove(all.slice(0, 2));
      assert.deepEqual(texts(await rig.drain(q)), ["2"]);
    });

    rig.it("remove of scheduled, retrying and completed messages keeps the counts right", async () => {
      const q = await rig.queue({ retryDelay: "1h" });
      const all = ids([...(await rig.push(q, ["completed", "retrying", "ready"])), ...(await rig.push(q, ["later"], { deliverAt: rig.now() + 60_000 }))]);
      const [one, two] = await rig.pop(q, { batch: 2 });
      assert.ok(one && two);
      await rig.ack(one);
      await rig.nack(two);
      await rig.broker.repair.remove(all);
      assert.deepEqual(Object.values((await rig.broker.queues.get(q)).counts), [0, 0, 0, 0, 0, 0]);
      assert.equal((await rig.broker.inspect.stats(q)).bytes, 0);
      await rig.advance(3_600_001);
      assert.deepEqual(await rig.pop(q), []);
    });

    const purgeAll = async (q: string, filter: object = {}): Promise<number> => {
      let removed = 0;
      let after: string | null = null;
      for (let calls = 0; calls < 50; calls += 1) {
        const result: Awaited<ReturnType<typeof rig.broker.repair.purge>> = await rig.broker.repair.purge(q, { ...filter, ...(after === null ? {} : { after }) });
        removed += result.removed;
        if (!result.more) return removed;
        after = result.next;
      }
      throw new Error("purge has no end");
    };

    rig.it("purge removes all but what is leased", async () => {
      const q = await rig.queue();
      await rig.push(q, ["leased", "1", { data: "2", partition: "a" }]);
      await rig.push(q, ["3"], { deliverAt: rig.now() + 60_000 });
      const held = await rig.popOne(q);
      assert.equal(await purgeAll(q), 3);
      assert.deepEqual(await rig.pop(q, { batch: 10 }), []);
      assert.equal((await rig.broker.queues.get(q)).counts.scheduled, 0);
      await rig.ack(held);
    });

    rig.it("purge by partition, text and time", async () => {
      const q = await rig.queue();
      await rig.push(q, ["apple", "pear", { data: "apple", partition: "a" }, { data: "pear", partition: "a" }]);
      await rig.advance(50);
      const from = rig.now();
      await rig.advance(50);
      await rig.push(q, ["apple late"]);
      assert.equal(await purgeAll(q, { partition: "a", match: "APPLE" }), 1);
      assert.equal(await purgeAll(q, { match: "apple", to: from }), 1);
      assert.equal(await purgeAll(q, { match: "nothing" }), 0);
      assert.deepEqual(texts(await rig.drain(q)).sort(), ["apple late", "pear", "pear"]);
    });

    rig.it("purge by state, of a group", async () => {
      const q = await rig.queue({ retryDelay: "1h" });
      await rig.push(q, ["completed", "retrying", "leased", "ready"]);
      await rig.push(q, ["scheduled"], { deliverAt: rig.now() + 60_000 });
      const [one, two, three] = await rig.pop(q, { group: "g", batch: 3 });
      assert.ok(one && two && three);
      await rig.ack(one);
      await rig.nack(two);
      for (const state of ["completed", "retrying", "leased", "ready", "scheduled"] as const) {
        const shown = (await rig.broker.inspect.browse(q, { group: "g", state })).items;
        assert.deepEqual(texts(shown), [state]);
        assert.equal(await purgeAll(q, { group: "g", state }), 1);
        assert.deepEqual((await rig.broker.inspect.browse(q, { group: "g", state })).items, []);
      }
      await rig.assertStale(three);
      assert.deepEqual((await rig.broker.inspect.browse(q)).items, []);
    });

    rig.it("purge removes at most `limit` a call", async () => {
      const q = await rig.queue();
      await rig.push(q, numbered(25));
      const first = await rig.broker.repair.purge(q, { limit: 10 });
      assert.deepEqual([first.removed, first.more], [10, true]);
      assert.equal(await purgeAll(q), 15);
    });

    rig.it("a paused queue gives nothing; pushes and settlements go on", async () => {
      const q = await rig.queue();
      await rig.push(q, ["1", { data: "k", partition: "a" }]);
      const held = await rig.popOne(q);
      await rig.broker.queues.pause(q);
      assert.equal((await rig.broker.queues.get(q)).paused, true);
      await rig.push(q, ["2"]);
      for (const request of [{}, { group: "g" }, { partition: "a" }, { atMostOnce: true }]) assert.deepEqual(await rig.pop(q, { batch: 10, ...request }), []);
      await rig.ack(held);
      await rig.broker.queues.resume(q);
      assert.equal((await rig.broker.queues.get(q)).paused, false);
      assert.equal((await rig.drain(q)).length, 2);
    });

    rig.it("a paused group gives nothing; others go on", async () => {
      const q = await rig.queue();
      await rig.push(q, ["1"]);
      await rig.pop(q, { group: "x", batch: 0 + 1 }).then((got) => rig.release(only(got)));
      await rig.broker.repair.pauseGroup(q, "x");
      assert.deepEqual(await rig.pop(q, { group: "x" }), []);
      assert.deepEqual(texts(await rig.drain(q, { group: "y" })), ["1"]);
      assert.equal((await rig.broker.inspect.groups(q)).find((g) => g.name === "x")?.paused, true);
      await rig.broker.repair.resumeGroup(q, "x");
      assert.deepEqual(texts(await rig.drain(q, { group: "x" })), ["1"]);
    });

    rig.it("a held group delivers as many as are stepped, until it is let go", async () => {
      const q = await rig.queue();
      await rig.push(q, numbered(6));
      await rig.pop(q, { group: "g" }).then((got) => rig.ack(only(got)));
      await rig.broker.repair.hold(q, "g");
      assert.deepEqual(await rig.pop(q, { group: "g", batch: 10 }), []);
      assert.equal((await rig.broker.inspect.groups(q)).find((g) => g.name === "g")?.held, 0);
      await rig.broker.repair.step(q, "g", 2);
      assert.deepEqual(texts(await rig.drain(q, { group: "g" })), ["1", "2"]);
      assert.equal((await rig.drain(q, { group: "other" })).length, 6);
      await rig.broker.repair.letGo(q, "g");
      assert.equal((await rig.broker.inspect.groups(q)).find((g) => g.name === "g")?.held, null);
      assert.deepEqual(texts(await rig.drain(q, { group: "g" })), ["3", "4", "5"]);
    });

    rig.it("a step wakes who waits", async () => {
      const q = await rig.queue();
      await rig.push(q, ["1"]);
      await rig.broker.repair.hold(q, "default");
      const waiting = rig.pop(q, { wait: 30_000 });
      await rig.broker.repair.step(q, "default", 1);
      assert.deepEqual(texts(await waiting), ["1"]);
    });

    rig.it("cancel takes back scheduled messages that weren't due", async () => {
      const q = await rig.queue();
      const [later, soon] = ids([...(await rig.push(q, ["later"], { deliverAt: rig.now() + 60_000 })), ...(await rig.push(q, ["soon"], { deliverAt: rig.now() + 1000 }))]);
      const queued = await rig.pushOne(q, "queued");
      assert.ok(later && soon);
      await rig.advance(1001);
      const got = await rig.popSoon(q, {}, 2);
      assert.deepEqual(await rig.broker.repair.cancel([later, soon, queued, "garbled", later]), [
        { id: later, cancelled: true }, { id: soon, cancelled: false }, { id: queued, cancelled: false }, { id: "garbled", cancelled: false }, { id: later, cancelled: false },
      ]);
      await rig.ack(...got);
      await rig.advance(60_000);
      assert.deepEqual(await rig.pop(q), []);
      await refused(rig.broker.inspect.read(later), "message-not-found");
    });

    rig.it("refuses wrong requests, naming the field", async () => {
      const q = await rig.queue();
      await rig.push(q, ["m"]);
      const { repair } = rig.broker;
      for (const to of ["later", Number.NaN, null]) await refused(repair.seek(q, "g", wrong(to)), "invalid-input");
      await refused(repair.seek(q, "", "all"), "invalid-input", "group");
      for (const count of [0, -1, 1.5, Number.NaN, "2"]) await refused(repair.step(q, "g", wrong(count)), "invalid-input", "count");
      await refused(repair.purge(q, { state: wrong("dead") }), "invalid-input", "state");
      await refused(repair.purge(q, { limit: 0 }), "invalid-input", "limit");
      await refused(repair.discard(q, { limit: -1 }), "invalid-input", "limit");
      await refused(repair.remove(wrong("x")), "invalid-input", /ids/);
      await refused(repair.cancel(wrong(null)), "invalid-input", /ids/);
      assert.deepEqual(await rig.broker.inspect.groups(q), []);
      assert.deepEqual(texts(await rig.drain(q)), ["m"]);
    });
  });
}
