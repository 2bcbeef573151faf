import assert from "node:assert/strict";
import { type BrokerFactory, allRefused, conformance, ids, item, nth, numbered, only, refused, texts, wrong } from "./harness.ts";
import { type PushItem, DEFAULT_OPTIONS, MAX_PAYLOAD_BYTES, textPayload } from "../../../src/core/index.ts";

export function push(factory: BrokerFactory): void {
  conformance(factory, "8. Push", (rig) => {
    rig.it("creates a missing queue with default options", async () => {
      const q = rig.name("new");
      await rig.push(q, ["m"]);
      const info = await rig.broker.queues.get(q);
      assert.deepEqual(info.options, DEFAULT_OPTIONS);
      assert.deepEqual(texts(await rig.drain(q)), ["m"]);
    });

    rig.it("with create: false refuses a missing queue, and creates none", async () => {
      const q = rig.name("missing");
      await refused(rig.broker.messages.push(q, [item("m")], { create: false }), "queue-not-found");
      await refused(rig.broker.queues.get(q), "queue-not-found");
      const there = await rig.queue();
      assert.equal((await rig.broker.messages.push(there, [item("m")], { create: false })).length, 1);
    });

    rig.it("anything else on an unknown queue is queue-not-found", async () => {
      const { queues, messages, inspect, repair } = rig.broker;
      const q = "nowhere";
      const span = { from: 0, to: 60_000 };
      await allRefused([
        queues.get(q), queues.configure(q, {}), queues.delete(q), queues.pause(q), queues.resume(q), messages.pop(q),
        inspect.peek(q), inspect.browse(q), inspect.stats(q), inspect.partitions(q), inspect.groups(q), inspect.leases(q),
        inspect.deadLetters(q), inspect.countDeadLetters(q), inspect.metrics(q, span), inspect.histogram(q, { ...span, buckets: 4 }),
        repair.purge(q), repair.redrive(q, { filter: {} }), repair.discard(q, {}), repair.seek(q, "g", "all"), repair.pauseGroup(q, "g"),
        repair.resumeGroup(q, "g"), repair.deleteGroup(q, "g"), repair.hold(q, "g"), repair.step(q, "g", 1), repair.letGo(q, "g"),
      ], "queue-not-found");
    });

    rig.it("answers each item in order: id, status, partition, transactionId", async () => {
      const q = await rig.queue();
      const [plain, keyed, later, named] = await rig.push(q, ["1", { data: "2", partition: "a" }, { data: "3", deliverAt: rig.now() + 60_000 }, { data: "4", transactionId: "tx" }]);
      assert.ok(plain && keyed && later && named);
      assert.deepEqual([plain.status, plain.partition, plain.transactionId], ["queued", null, plain.id]);
      assert.deepEqual([keyed.status, keyed.partition], ["queued", "a"]);
      assert.equal(later.status, "scheduled");
      assert.deepEqual([named.status, named.transactionId], ["queued", "tx"]);
    });

    rig.it("of nothing stores nothing", async () => {
      const q = await rig.queue();
      assert.deepEqual(await rig.push(q, []), []);
      assert.deepEqual(await rig.pop(q), []);
    });

    rig.it("deduplicates by queue, partition and transactionId, naming the original", async () => {
      const [q, other] = [await rig.queue(), await rig.queue()];
      const at = (partition?: string): Partial<PushItem> => ({ transactionId: "tx", ...(partition === undefined ? {} : { partition }) });
      const original = only(await rig.push(q, ["first"], at("a")));
      const again = only(await rig.push(q, ["second"], at("a")));
      assert.deepEqual(again, { id: original.id, status: "duplicate", transactionId: "tx", partition: "a" });
      const elsewhere = [only(await rig.push(q, ["b"], at("b"))), only(await rig.push(q, ["none"], at())), only(await rig.push(other, ["other"], at("a")))];
      assert.deepEqual(elsewhere.map((r) => r.status), ["queued", "queued", "queued"]);
      assert.equal(only(await rig.push(q, ["none again"], at())).id, nth(elsewhere, 1).id);
      assert.deepEqual(texts(await rig.drain(q)).sort(), ["b", "first", "none"]);
    });

    rig.it("deduplicates within one call", async () => {
      const q = await rig.queue();
      const results = await rig.push(q, ["1", "2", "3"], { transactionId: "tx" });
      assert.deepEqual(results.map((r) => r.status), ["queued", "duplicate", "duplicate"]);
      assert.equal(new Set(ids(results)).size, 1);
      assert.deepEqual(texts(await rig.drain(q)), ["1"]);
    });

    rig.it("deduplicates after the original was completed or removed, while the window lasts", async () => {
      const q = await rig.queue();
      const original = await rig.pushOne(q, "m", { transactionId: "tx" });
      await rig.drain(q);
      assert.equal(only(await rig.push(q, ["m"], { transactionId: "tx" })).status, "duplicate");
      await rig.broker.repair.remove([original]);
      assert.equal(only(await rig.push(q, ["m"], { transactionId: "tx" })).id, original);
    });

    rig.it("forgets a transactionId after dedupWindowSeconds", async () => {
      const q = await rig.queue({ dedupWindowSeconds: 2 });
      const original = await rig.pushOne(q, "1", { transactionId: "tx" });
      await rig.advance(1000);
      assert.equal(only(await rig.push(q, ["2"], { transactionId: "tx" })).status, "duplicate");
      await rig.advance(1001);
      const later = only(await rig.push(q, ["3"], { transactionId: "tx" }));
      assert.equal(later.status, "queued");
      assert.notEqual(later.id, original);
      assert.equal(only(await rig.push(q, ["4"], { transactionId: "tx" })).id, later.id);
    });

    rig.it("dedupWindowSeconds 0 deduplicates nothing", async () => {
      const q = await rig.queue({ dedupWindowSeconds: 0 });
      assert.deepEqual((await rig.push(q, ["1", "2"], { transactionId: "tx" })).map((r) => r.status), ["queued", "queued"]);
      assert.deepEqual((await rig.drain(q)).map((d) => d.transactionId), ["tx", "tx"]);
    });

    rig.it("deduplicates a scheduled message before and after it fired", async () => {
      const q = await rig.queue();
      const original = await rig.pushOne(q, "1", { transactionId: "tx", deliverAt: rig.now() + 60_000 });
      assert.deepEqual(ids(await rig.push(q, ["2"], { transactionId: "tx" })), [original]);
      await rig.advance(60_001);
      await rig.popSoon(q);
      assert.deepEqual(ids(await rig.push(q, ["3"], { transactionId: "tx" })), [original]);
    });

    rig.it("of one transactionId at the same time has one winner", async () => {
      const q = await rig.queue();
      const other = await rig.another();
      const results = (await Promise.all(numbered(20).map((n) => (Number(n) % 2 === 0 ? rig.broker : other).messages.push(q, [item(n, { transactionId: "tx", partition: "a" })])))).flat();
      assert.equal(results.filter((r) => r.status === "queued").length, 1);
      assert.equal(new Set(ids(results)).size, 1);
      assert.equal((await rig.drain(q)).length, 1);
    });

    rig.it("takes a transactionId of up to 65,535 bytes", async () => {
      const q = await rig.queue();
      const transactionId = "ü".repeat(32_767) + "x";
      await rig.push(q, ["m"], { transactionId });
      assert.equal((await rig.popOne(q)).transactionId, transactionId);
    });

    rig.it("schedules: nothing before it is due, then it is delivered", async () => {
      const q = await rig.queue();
      await rig.push(q, [{ data: "keyed", partition: "a" }, "plain"], { deliverAt: rig.now() + 2000 });
      assert.deepEqual(await rig.pop(q, { batch: 2 }), []);
      assert.equal((await rig.broker.queues.get(q)).counts.scheduled, 2);
      await rig.advance(2001);
      assert.deepEqual(texts(await rig.popSoon(q, {}, 2)).sort(), ["keyed", "plain"]);
      assert.equal((await rig.broker.queues.get(q)).counts.scheduled, 0);
    });

    rig.it("a scheduled message joins its partition, and the queue, at the tail when due", async () => {
      const q = await rig.queue();
      for (const partition of [undefined, "a"]) {
        const key = partition === undefined ? {} : { partition };
        await rig.push(q, ["scheduled"], { ...key, deliverAt: rig.now() + 2000 });
        await rig.push(q, ["1", "2"], key);
        await rig.advance(2001);
        await rig.push(q, ["3"], key);
        const got = texts(await rig.drain(q));
        assert.deepEqual(got.filter((t) => t !== "scheduled"), ["1", "2", "3"]);
        assert.ok(got.indexOf("scheduled") >= 2, `behind what entered before it was due: ${got.join()}`);
      }
    });

    rig.it("scheduled messages become due in the order of their times, and of their push at the same time", async () => {
      const q = await rig.queue();
      const at = rig.now() + 1000;
      await rig.push(q, [{ data: "3", deliverAt: at + 900 }, { data: "1", deliverAt: at }, { data: "2a", deliverAt: at + 500 }, { data: "2b", deliverAt: at + 500 }], { partition: "a" });
      await rig.advance(2001);
      assert.deepEqual(texts(await rig.popSoon(q, { partition: "a" }, 4)), ["1", "2a", "2b", "3"]);
    });

    rig.it("a scheduled message's id stays valid after it fires", async () => {
      const q = await rig.queue();
      const id = await rig.pushOne(q, "m", { deliverAt: rig.now() + 2000 });
      const before = await rig.broker.inspect.read(id);
      assert.deepEqual([before.id, before.state], [id, "scheduled"]);
      await rig.advance(2001);
      const delivery = only(await rig.popSoon(q));
      assert.equal(delivery.id, id);
      const after = await rig.broker.inspect.read(id);
      assert.deepEqual([after.id, after.state], [id, "leased"]);
      assert.deepEqual(await rig.broker.inspect.exists([id]), [id]);
      assert.equal(only(await rig.ack(delivery)).messageId, id);
      assert.equal((await rig.broker.inspect.read(id)).state, "completed");
    });

    rig.it("deliverAt in the past is now", async () => {
      const q = await rig.queue();
      assert.deepEqual((await rig.push(q, ["1", "2"], { deliverAt: 0 })).map((r) => r.status), ["queued", "queued"]);
      assert.equal((await rig.drain(q)).length, 2);
    });

    rig.it("a ttl counts from the entry, of a scheduled message too", async () => {
      const q = await rig.queue();
      await rig.push(q, ["short"], { ttl: 2000 });
      await rig.push(q, ["long"]);
      await rig.push(q, ["scheduled"], { ttl: 2000, deliverAt: rig.now() + 10_000 });
      await rig.advance(2001);
      assert.deepEqual(texts(await rig.drain(q)), ["long"]);
      await rig.advance(8000);
      assert.deepEqual(texts(await rig.popSoon(q)), ["scheduled"]);
    });

    rig.it("what was due before enters before, though nobody popped meanwhile", async () => {
      const q = await rig.queue();
      await rig.push(q, ["scheduled"], { partition: "a", deliverAt: rig.now() + 1000 });
      await rig.advance(2000);
      await rig.push(q, ["pushed"], { partition: "a" });
      assert.deepEqual(texts(await rig.drain(q)), ["scheduled", "pushed"]);
    });

    rig.it("is stored whole or not at all where batches are atomic, else names what was stored", async () => {
      const q = await rig.queue({ maxSize: 3 });
      await rig.push(q, ["0"]);
      rig.needs((c) => c.atomicBatch, "atomic batches");
      await refused(rig.push(q, ["1", "2", "3"]), "queue-full");
      assert.deepEqual(texts(await rig.drain(q)), ["0"]);
    });

    rig.it("checks all input before the first item is stored", async () => {
      const q = await rig.queue();
      for (const bad of [{ partition: "" }, { priority: 10 }, { ttl: -1 }, { deliverAt: Number.NaN }, { transactionId: "" }, { headers: { a: wrong<string>(1) } }]) {
        await refused(rig.push(q, ["good", { data: "bad", ...bad }]), "invalid-input");
      }
      assert.deepEqual(await rig.pop(q), []);
    });

    rig.it("a refused push creates no queue", async () => {
      const q = rig.name("refused");
      await refused(rig.push(q, ["x"], { priority: 77 }), "invalid-input", /priority/);
      await refused(rig.broker.queues.get(q), "queue-not-found");
    });

    rig.it("refuses 64 MiB and one byte, and stores none of the call", async () => {
      const q = await rig.queue();
      const huge = { encoding: "bytes", bytes: new Uint8Array(MAX_PAYLOAD_BYTES + 1) } as const;
      await refused(rig.broker.messages.push(q, [item("small"), { payload: huge }]), "payload-too-large");
      assert.deepEqual(await rig.pop(q), []);
    });

    for (const [field, values] of Object.entries({
      partition: ["", "a\u0000b", "a\u007fb", "a\u2028b", "\ud800x", "x".repeat(1025), 7, null, {}],
      transactionId: ["", "a\u0000b", "\u0001", "\udfff", "x".repeat(65_536), 7, null],
      priority: [-1, 10, 1.5, Number.NaN, "5", null],
      ttl: [-1, Number.NaN, Number.POSITIVE_INFINITY, "1s", null],
      deliverAt: [Number.NaN, Number.POSITIVE_INFINITY, 9e15, "2030-01-01", null],
      headers: ["x", 7, ["a"], { a: 1 }, { a: null }, { "": "x" }, { "a\u0000": "x" }, { a: "\ud800" }],
      payload: [undefined, null, "text", {}, { encoding: "xml", bytes: new Uint8Array() }, { encoding: "json", bytes: "{}" }],
    })) {
      rig.it(`refuses a wrong ${field}, naming it`, async () => {
        const q = await rig.queue();
        for (const value of values) {
          await refused(rig.broker.messages.push(q, [wrong({ payload: textPayload("m"), [field]: value })]), "invalid-input", new RegExp(`(^|\\.)${field}\\b|^data`));
        }
        assert.deepEqual(await rig.pop(q), []);
      });
    }

    rig.it("refuses a wrong queue name and what isn't a list of items", async () => {
      for (const name of ["", " a", "a ", "a\u0000b", "a\nb", "\ud83d", "x".repeat(256), wrong<string>(7), wrong<string>(null), wrong<string>(undefined)]) {
        await refused(rig.push(name, ["m"]), "invalid-input", "queue");
        await refused(rig.pop(name), "invalid-input", "queue");
        await refused(rig.broker.queues.create(name), "invalid-input", /queue|name/);
      }
      const q = await rig.queue();
      for (const items of [null, "x", { length: 1 }, [null], ["x"]]) await refused(rig.broker.messages.push(q, wrong(items)), "invalid-input");
    });

    rig.it("takes any other Unicode in names", async () => {
      const q = "Wörk/队列 .💌*>" + rig.name();
      await rig.push(q, ["m"], { partition: "père & fils;'--%_\\", transactionId: "\"'`$" });
      const got = await rig.popOne(q, { group: "gröup 💌", partition: "père & fils;'--%_\\" });
      assert.deepEqual([got.queue, got.partition, got.group, got.transactionId], [q, "père & fils;'--%_\\", "gröup 💌", "\"'`$"]);
    });
  });
}
