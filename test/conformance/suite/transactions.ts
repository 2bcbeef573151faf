import assert from "node:assert/strict";
import type { Delivery, Settlement, Transaction } from "../../../src/core/index.ts";
import { type BrokerFactory, conformance, item, nth, numbered, only, receipt, refused, texts, wrong } from "./harness.ts";

export function transactions(factory: BrokerFactory): void {
  conformance(factory, "7. Transactions", (rig) => {
    const transact = (settle: readonly Settlement[], ...push: Transaction["push"]): ReturnType<typeof rig.broker.messages.transact> => rig.broker.messages.transact({ settle, push });
    const ack = (delivery: Delivery): Settlement => ({ action: "ack", receipt: receipt(delivery) });

    rig.it("settle and push in one", async () => {
      const [from, to] = [await rig.queue(), await rig.queue()];
      await rig.push(from, ["in"]);
      const result = await transact([ack(await rig.popOne(from))], { queue: to, items: [item("out")] });
      assert.ok(only(result.settled).ok);
      assert.equal(only(only(result.pushed)).status, "queued");
      assert.deepEqual(await rig.drain(from), []);
      assert.deepEqual(texts(await rig.drain(to)), ["out"]);
      assert.equal((await rig.broker.queues.get(from)).counts.completed, 1);
    });

    rig.it("take any deliveries and any queues, every way to settle, and answer in order", async () => {
      const [a, b, c] = [await rig.queue({ retryDelay: 0 }), await rig.queue(), await rig.queue()];
      await rig.push(a, ["a0", "a1", "a2"]);
      await rig.push(b, ["b0"], { partition: "p" });
      const got = await rig.pop(a, { batch: 3 });
      const other = await rig.popOne(b, { group: "g" });
      const result = await transact(
        [ack(nth(got, 0)), { action: "nack", receipt: receipt(nth(got, 1)) }, { action: "dead", receipt: receipt(nth(got, 2)) }, { action: "release", receipt: receipt(other) }],
        { queue: c, items: [item("c0"), item("c1", { partition: "x" })] },
        { queue: b, items: [item("b1", { partition: "p" })] },
      );
      assert.deepEqual(result.settled.map((s) => s.ok && s.outcome), ["completed", "retrying", "dead", "released"]);
      assert.deepEqual(result.pushed.map((p) => p.length), [2, 1]);
      assert.deepEqual(texts(await rig.drain(a)), ["a1"]);
      assert.deepEqual(texts(await rig.drain(b, { group: "g" })), ["b0", "b1"]);
      assert.deepEqual(texts(await rig.drain(c)).sort(), ["c0", "c1"]);
    });

    rig.it("may push to the queue that they settle in", async () => {
      const q = await rig.queue();
      await rig.push(q, ["step-1"], { partition: "p" });
      await transact([ack(await rig.popOne(q))], { queue: q, items: [item("step-2", { partition: "p" })] });
      assert.deepEqual(texts(await rig.drain(q)), ["step-2"]);
    });

    rig.it("only push, or only settle", async () => {
      const q = await rig.queue();
      await transact([], { queue: q, items: [item("m")] });
      await transact([ack(await rig.popOne(q))]);
      assert.equal((await rig.broker.queues.get(q)).counts.completed, 1);
    });

    rig.it("create a missing queue, unless create is false", async () => {
      const [made, not] = [rig.name("made"), rig.name("not")];
      await transact([], { queue: made, items: [item("m")] });
      assert.deepEqual(texts(await rig.drain(made)), ["m"]);
      await refused(transact([], { queue: not, items: [item("m")], create: false }), "queue-not-found");
    });

    rig.it("push with everything that a push may have", async () => {
      const q = await rig.queue();
      const { pushed } = await transact([], { queue: q, items: [item("later", { deliverAt: rig.now() + 60_000, transactionId: "t" }), item("high", { priority: 9, headers: { h: "1" }, ttl: 60_000 })] });
      assert.deepEqual(only(pushed).map((r) => r.status), ["scheduled", "queued"]);
      const high = await rig.popOne(q);
      assert.deepEqual([high.priority, high.headers], [9, { h: "1" }]);
    });

    rig.it("a stale receipt fails it before anything is pushed or settled", async () => {
      const [from, to] = [await rig.queue(), await rig.queue()];
      await rig.push(from, ["stale", "live"]);
      const stale = await rig.popOne(from, { lease: 1000 });
      await rig.expire([stale]);
      const live = await rig.popOne(from, { onlyNew: true });
      const pushes = [{ queue: to, items: [item("out")] }, { queue: rig.name("never"), items: [item("out")] }];
      for (const settle of [[ack(live), ack(stale)], [ack(stale), ack(live)]]) await refused(transact(settle, ...pushes), "lease-lost");
      await assert.rejects(transact([ack(live), { action: "ack", receipt: "garbled" }], ...pushes));
      assert.deepEqual(await rig.drain(to), []);
      assert.equal((await rig.broker.queues.get(from)).counts.completed, 0);
      await rig.ack(live);
    });

    rig.it("the same receipt twice fails it", async () => {
      const q = await rig.queue();
      await rig.push(q, ["m"]);
      const got = await rig.popOne(q);
      await refused(transact([ack(got), ack(got)], { queue: q, items: [item("out")] }), "lease-lost");
      await rig.ack(got);
      assert.deepEqual(await rig.pop(q), []);
    });

    rig.it("a full queue fails it: nothing is settled, nothing pushed elsewhere", async () => {
      const [from, to, full] = [await rig.queue(), await rig.queue(), await rig.queue({ maxSize: 1 })];
      await rig.push(full, ["taken"]);
      await rig.push(from, ["m"]);
      const got = await rig.popOne(from);
      await refused(transact([ack(got)], { queue: to, items: [item("1")] }, { queue: full, items: [item("2")] }), "queue-full");
      assert.deepEqual(await rig.drain(to), []);
      await rig.ack(got);
    });

    rig.it("an unknown queue with create: false fails it", async () => {
      const [from, made] = [await rig.queue(), rig.name("made")];
      await rig.push(from, ["m"]);
      const got = await rig.popOne(from);
      await refused(transact([ack(got)], { queue: made, items: [item("1")] }, { queue: rig.name("not"), items: [item("2")], create: false }), "queue-not-found");
      await refused(rig.broker.queues.get(made), "queue-not-found");
      await rig.ack(got);
    });

    rig.it("wrong input fails it before anything happens", async () => {
      const [from, to] = [await rig.queue(), await rig.queue()];
      await rig.push(from, ["m"]);
      const got = await rig.popOne(from);
      for (const bad of [item("x", { partition: "p", priority: 1 }), item("x", { partition: "\u0000" }), item("x", { priority: 10 }), wrong<ReturnType<typeof item>>({}), wrong<ReturnType<typeof item>>(null)]) {
        await refused(transact([ack(got)], { queue: to, items: [item("ok")] }, { queue: to, items: [bad] }), "invalid-input");
      }
      await refused(transact([ack(got)], { queue: "a\u0000b", items: [item("x")] }), "invalid-input", /queue/);
      assert.deepEqual(await rig.drain(to), []);
      await rig.ack(got);
    });

    rig.it("a duplicate is an answer, not a failure: what was to be pushed is there", async () => {
      const [from, to] = [await rig.queue(), await rig.queue()];
      const original = await rig.pushOne(to, { data: "first", transactionId: "tx" });
      await rig.push(from, ["m"]);
      const { settled, pushed } = await transact([ack(await rig.popOne(from))], { queue: to, items: [item("second", { transactionId: "tx" })] });
      assert.ok(only(settled).ok);
      assert.deepEqual([only(only(pushed)).status, only(only(pushed)).id], ["duplicate", original]);
      assert.deepEqual(texts(await rig.drain(to)), ["first"]);
    });

    rig.it("of two that settle the same delivery one wins, and only its pushes are stored", async () => {
      const [from, to] = [await rig.queue(), await rig.queue()];
      await rig.push(from, ["m"]);
      const got = await rig.popOne(from);
      const other = await rig.another();
      const race = await Promise.allSettled(numbered(6).map((n) => (Number(n) % 2 === 0 ? rig.broker : other).messages.transact({ settle: [ack(got)], push: [{ queue: to, items: [item(n)] }] })));
      assert.equal(race.filter((r) => r.status === "fulfilled").length, 1);
      assert.equal((await rig.drain(to)).length, 1);
    });
  });
}
