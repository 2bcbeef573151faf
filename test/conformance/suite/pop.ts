import assert from "node:assert/strict";
import { type BrokerFactory, conformance, eventually, nth, numbered, only, receipt, refusal, refused, texts, wrong } from "./harness.ts";

export function pop(factory: BrokerFactory): void {
  conformance(factory, "3. Pop", (rig) => {
    rig.it("gives one message by default, and at most `batch`", async () => {
      const q = await rig.queue();
      await rig.push(q, numbered(10));
      assert.equal((await rig.pop(q)).length, 1);
      assert.equal((await rig.pop(q, { batch: 4 })).length, 4);
      assert.equal((await rig.pop(q, { batch: 10_000 })).length, 5);
    });

    rig.it("`batch` is the most over all partitions together", async () => {
      const q = await rig.queue();
      await rig.push(q, numbered(30).map((data, i) => ({ data, partition: `p${i % 10}` })));
      const got = await rig.pop(q, { batch: 7 });
      assert.ok(got.length > 0 && got.length <= 7, `${got.length} deliveries`);
    });

    rig.it("answers at once with nothing when nothing is ready", async () => {
      const q = await rig.queue();
      assert.deepEqual(await rig.pop(q), []);
      assert.deepEqual(await rig.pop(q, { wait: 0, partition: "nowhere" }), []);
    });

    rig.it("waits for a message that comes within `wait`", async () => {
      const q = await rig.queue();
      const waiting = rig.pop(q, { wait: 30_000 });
      await rig.push(q, ["came"]);
      assert.deepEqual(texts(await waiting), ["came"]);
    });

    rig.it("waits for a message from another handle", async () => {
      const q = await rig.queue();
      const other = await rig.another();
      const waiting = other.messages.pop(q, { wait: 30_000, partition: "a" });
      await rig.push(q, ["came"], { partition: "a" });
      assert.deepEqual(texts(await waiting), ["came"]);
    });

    rig.it("ends an empty wait with nothing", async () => {
      const q = await rig.queue();
      assert.deepEqual(await rig.pop(q, { wait: 30 }), []);
    });

    rig.it("gives one message to one of many who wait", async () => {
      const q = await rig.queue();
      const stop = new AbortController();
      const waiting = numbered(5).map(() => rig.pop(q, { wait: 30_000, signal: stop.signal }));
      await rig.push(q, ["one"]);
      const first = await Promise.race(waiting.map(async (w) => ((await w).length > 0 ? w : new Promise<never>(() => undefined))));
      assert.deepEqual(texts(first), ["one"]);
      stop.abort();
      assert.equal((await Promise.all(waiting)).flat().length, 1);
    });

    rig.it("wakes for a message that becomes due, a lease that runs out, a retry and a resumed queue", async () => {
      const q = await rig.queue({ chargeExpiry: false, retryDelay: "1h" });
      await rig.push(q, ["due"], { deliverAt: rig.now() + 60_000 });
      let waiting = rig.pop(q, { wait: 30_000, lease: 1000 });
      await rig.advance(60_001);
      const due = only(await waiting);
      waiting = rig.pop(q, { wait: 30_000 });
      await rig.expire([due]);
      const back = only(await waiting);
      assert.deepEqual(texts([due, back]), ["due", "due"]);
      waiting = rig.pop(q, { wait: 30_000 });
      const { retryAt } = await rig.nack(back, { delay: 120_000 });
      await rig.reach(retryAt);
      assert.deepEqual(texts(await waiting), ["due"]);
      await rig.broker.queues.pause(q);
      await rig.push(q, ["paused"]);
      waiting = rig.pop(q, { wait: 30_000 });
      await rig.broker.queues.resume(q);
      assert.deepEqual(texts(await waiting), ["paused"]);
    });

    rig.it("wakes for a message that reaches its age, and a partition that is quiet at last", async () => {
      const [aged, quiet] = [await rig.queue({ delayedProcessing: 60 }), await rig.queue({ windowBuffer: 60 })];
      await rig.push(aged, ["aged"]);
      await rig.push(quiet, ["quiet"], { partition: "a" });
      const waiting = [rig.pop(aged, { wait: 30_000 }), rig.pop(quiet, { wait: 30_000 })];
      await rig.advance(60_001);
      assert.deepEqual(texts((await Promise.all(waiting)).flat()), ["aged", "quiet"]);
    });

    rig.it("wakes when the partition it waits for is acked, and when its group is resumed", async () => {
      const q = await rig.queue();
      await rig.push(q, ["1", "2"], { partition: "a" });
      const first = await rig.popOne(q);
      const other = await rig.another();
      const second = other.messages.pop(q, { wait: 30_000 });
      await rig.ack(first);
      assert.deepEqual(texts(await second), ["2"]);
      await rig.broker.repair.pauseGroup(q, "g");
      const paused = other.messages.pop(q, { group: "g", wait: 30_000 });
      await rig.broker.repair.resumeGroup(q, "g");
      assert.deepEqual(texts(await paused), ["1"]);
    });

    rig.it("a signal ends the wait with nothing", async () => {
      const q = await rig.queue();
      const stop = new AbortController();
      const waiting = rig.pop(q, { wait: 600_000, signal: stop.signal });
      stop.abort();
      assert.deepEqual(await waiting, []);
      assert.deepEqual(await rig.pop(q, { wait: 600_000, signal: AbortSignal.abort() }), []);
    });

    rig.it("leases for the queue's leaseTime, or for the pop's own `lease`", async () => {
      const q = await rig.queue({ leaseTime: "10m" });
      await rig.push(q, ["1", "2"]);
      const before = rig.now();
      const [long, short] = [await rig.popOne(q), await rig.popOne(q, { lease: 5000 })];
      const after = rig.now();
      const within = (at: number | null, length: number): void => {
        assert.ok(at !== null && at >= before + length && at <= after + length, `${String(at)} is ${length} ms after the pop`);
      };
      within(long.leaseExpiresAt, 600_000);
      within(short.leaseExpiresAt, 5000);
    });

    rig.it("takes from one partition when asked to", async () => {
      const q = await rig.queue();
      await rig.push(q, ["u", { data: "a1", partition: "a" }, { data: "b1", partition: "b" }, { data: "b2", partition: "b" }]);
      assert.deepEqual(texts(await rig.pop(q, { partition: "b", batch: 10 })), ["b1", "b2"]);
      assert.deepEqual(await rig.pop(q, { partition: "b", batch: 10 }), []);
      assert.deepEqual(await rig.pop(q, { partition: "c", batch: 10 }), []);
    });

    rig.it("onlyNew skips what was delivered before", async () => {
      const q = await rig.queue();
      await rig.push(q, ["1", "2"]);
      await rig.release(await rig.popOne(q));
      assert.deepEqual(texts(await rig.pop(q, { onlyNew: true, batch: 10 })), ["2"]);
      assert.deepEqual(texts(await rig.pop(q, { batch: 10 })), ["1"]);
    });

    rig.it("onlyNew gives nothing from a partition whose head was delivered", async () => {
      const q = await rig.queue();
      await rig.push(q, ["1", "2"], { partition: "a" });
      await rig.push(q, ["3"], { partition: "b" });
      await rig.release(await rig.popOne(q, { partition: "a" }));
      assert.deepEqual(texts(await rig.pop(q, { onlyNew: true, batch: 10 })), ["3"]);
      assert.deepEqual(await rig.pop(q, { onlyNew: true, partition: "a" }), []);
      await rig.ack(await rig.popOne(q, { partition: "a" }));
      assert.deepEqual(texts(await rig.pop(q, { onlyNew: true, partition: "a" })), ["2"]);
    });

    rig.it("onlyNew is of the group: another group's deliveries don't count", async () => {
      const q = await rig.queue();
      await rig.push(q, ["1"]);
      await rig.release(await rig.popOne(q, { group: "x" }));
      assert.deepEqual(await rig.pop(q, { group: "x", onlyNew: true }), []);
      assert.deepEqual(texts(await rig.pop(q, { group: "y", onlyNew: true })), ["1"]);
    });

    rig.it("atMostOnce completes on delivery, without a lease or a receipt", async () => {
      const q = await rig.queue();
      await rig.push(q, ["u", { data: "k1", partition: "a" }, { data: "k2", partition: "a" }]);
      const got = [...(await rig.pop(q, { atMostOnce: true, batch: 2 })), ...(await rig.pop(q, { atMostOnce: true, batch: 2 }))];
      assert.deepEqual(texts(got).sort(), ["k1", "k2", "u"]);
      assert.deepEqual(got.map((d) => [d.receipt, d.leaseExpiresAt]), Array(3).fill([null, null]));
      await rig.advance(301_000);
      assert.deepEqual(await rig.pop(q), []);
      assert.deepEqual((await rig.broker.queues.get(q)).counts.completed, 3);
    });

    rig.it("atMostOnce waits for a partition that somebody leases, as any pop does", async () => {
      const q = await rig.queue();
      await rig.push(q, ["1", "2"], { partition: "a" });
      const held = await rig.popOne(q);
      assert.deepEqual(await rig.pop(q, { atMostOnce: true }), []);
      await rig.release(held);
      assert.deepEqual(texts(await rig.pop(q, { atMostOnce: true, batch: 2 })), ["1", "2"]);
    });

    rig.it("gives this message only with messageId, if it is at the head or has no partition", async () => {
      const q = await rig.queue();
      const [u1, u2, k1, k2] = await rig.push(q, ["u1", "u2", { data: "k1", partition: "a" }, { data: "k2", partition: "a" }]);
      assert.ok(u1 && u2 && k1 && k2);
      assert.deepEqual(await rig.pop(q, { messageId: k2.id }), []);
      const picked = only(await rig.pop(q, { messageId: u2.id }));
      assert.deepEqual(texts([picked]), ["u2"]);
      assert.deepEqual(await rig.pop(q, { messageId: u2.id }), []);
      const head = only(await rig.pop(q, { messageId: k1.id }));
      await rig.ack(picked, head);
      assert.deepEqual(texts(await rig.pop(q, { messageId: k2.id })), ["k2"]);
      assert.deepEqual(texts(await rig.drain(q)), ["u1"]);
      await rig.advance(301_000);
      assert.equal((await rig.popOne(q, { messageId: k2.id })).attempt, 2);
    });

    rig.it("gives random receipts that tell nothing about one another", async () => {
      const q = await rig.queue();
      await rig.push(q, [...numbered(20), ...numbered(20).map((data) => ({ data, partition: data }))]);
      const receipts = (await rig.pop(q, { batch: 20 })).concat(await rig.pop(q, { batch: 20 })).map(receipt);
      assert.equal(new Set(receipts).size, receipts.length);
      for (const one of receipts) {
        assert.ok(one.length >= 16, "long enough not to be guessed");
        assert.match(one, /^[\w.~-]+$/, "goes into a command line and a URL as it is");
      }
    });

    rig.it("a receipt settles and renews from another handle", async () => {
      const q = await rig.queue();
      await rig.push(q, ["1", { data: "2", partition: "a" }]);
      const receipts = [...(await rig.pop(q)), ...(await rig.pop(q))].map(receipt);
      const other = await rig.another();
      for (const renewed of await other.messages.renew(receipts, 60_000)) assert.ok(renewed.ok);
      for (const settled of await other.messages.settle(receipts.map((one) => ({ action: "ack", receipt: one })))) assert.ok(settled.ok);
      assert.equal((await rig.broker.queues.get(q)).counts.completed, 2);
    });

    rig.it("a receipt from a process that has ended is acked in another", async () => {
      const q = await rig.queue();
      await rig.push(q, ["1", { data: "2", partition: "a" }]);
      const popper = await rig.elsewhere();
      const deliveries = [...(await popper.call("messages", "pop", q)), ...(await popper.call("messages", "pop", q))];
      await popper.close();
      assert.deepEqual(await rig.pop(q, { batch: 10 }), [], "the leases outlive their process");
      await rig.ack(...deliveries);
      const acker = await rig.elsewhere();
      const late = await acker.call("messages", "settle", deliveries.map((d) => ({ action: "ack", receipt: receipt(d) })));
      assert.deepEqual(late.map(refusal), ["lease-lost", "lease-lost"]);
    });

    rig.it("a receipt ends with its lease, though nobody popped the message again", async () => {
      const q = await rig.queue();
      await rig.push(q, ["1", { data: "2", partition: "a" }]);
      const held = [...(await rig.pop(q, { lease: 1000 })), ...(await rig.pop(q, { lease: 1000 }))];
      await rig.expire(held);
      for (const delivery of held) await rig.assertStale(delivery);
      assert.equal((await rig.broker.queues.get(q)).counts.completed, 0);
      assert.deepEqual(texts(await rig.popSoon(q, {}, 2)).sort(), ["1", "2"]);
    });

    rig.it("a stale receipt doesn't touch the lease of who has the message now", async () => {
      const q = await rig.queue();
      await rig.push(q, ["1", { data: "2", partition: "a" }]);
      const old = [...(await rig.pop(q, { lease: 1000 })), ...(await rig.pop(q, { lease: 1000 }))];
      await rig.expire(old);
      const now = await rig.popSoon(q, {}, 2);
      for (const delivery of old) await rig.assertStale(delivery);
      assert.deepEqual(await rig.pop(q, { batch: 2 }), []);
      await rig.ack(...now);
      assert.equal((await rig.broker.queues.get(q)).counts.completed, 2);
    });

    rig.it("a receipt is good for one settlement", async () => {
      const q = await rig.queue();
      await rig.push(q, ["1", "2", "3"], { partition: "a" });
      const [first, second] = await rig.pop(q, { batch: 3 });
      assert.ok(first && second);
      await rig.ack(first);
      await rig.assertStale(first);
      await rig.ack(second);
      await rig.assertStale(first);
    });

    rig.it("carries everything that was pushed", async () => {
      const q = await rig.queue();
      const before = rig.now();
      const id = await rig.pushOne(q, { data: "body", headers: { a: "1", "x-b": "ü" }, partition: "p", transactionId: "tx-1", ttl: 60_000 });
      const delivery = await rig.popOne(q);
      const { payload, receipt: given, leaseExpiresAt, createdAt, expiresAt, ...rest } = delivery;
      assert.equal(payload.encoding, "text");
      assert.ok(given !== null && leaseExpiresAt !== null);
      assert.ok(createdAt >= before && createdAt <= rig.now());
      assert.equal(expiresAt, createdAt + 60_000);
      assert.deepEqual(rest, {
        id, queue: q, partition: "p", headers: { a: "1", "x-b": "ü" }, transactionId: "tx-1", priority: 0,
        redrivenFrom: null, editedAt: null, group: "default", attempt: 1, deliveryCount: 1,
      });
    });

    rig.it("a message without a transaction id has its own id as such", async () => {
      const q = await rig.queue();
      const pushed = only(await rig.push(q, ["m"]));
      assert.equal(pushed.transactionId, pushed.id);
      assert.equal((await rig.popOne(q)).transactionId, pushed.id);
    });

    rig.it("settleAndPop settles and pops in one call", async () => {
      const q = await rig.queue();
      await rig.push(q, ["1", "2", "3"], { partition: "a" });
      const first = await rig.popOne(q);
      const { settled, deliveries } = await rig.broker.messages.settleAndPop([{ action: "ack", receipt: receipt(first) }], q, { batch: 2 });
      assert.ok(only(settled).ok);
      assert.deepEqual(texts(deliveries), ["2", "3"]);
      const late = await rig.broker.messages.settleAndPop([{ action: "ack", receipt: receipt(first) }, { action: "ack", receipt: receipt(nth(deliveries, 0)) }], q);
      assert.deepEqual(late.settled.map(refusal), ["lease-lost", "applied"]);
      assert.deepEqual(late.deliveries, []);
    });

    rig.it("settleAndPop may settle for another queue, and wait", async () => {
      const [from, to] = [await rig.queue(), await rig.queue()];
      await rig.push(from, ["m"]);
      const settling = rig.broker.messages.settleAndPop([{ action: "ack", receipt: receipt(await rig.popOne(from)) }], to, { wait: 30_000 });
      await eventually(async () => { assert.equal((await rig.broker.queues.get(from)).counts.completed, 1); });
      await rig.push(to, ["next"]);
      const { settled, deliveries } = await settling;
      assert.ok(only(settled).ok);
      assert.deepEqual(texts(deliveries), ["next"]);
    });

    rig.it("settleAndPop answers what it settled, though what it waits for fails", async () => {
      const [from, to] = [await rig.queue(), await rig.queue()];
      await rig.push(from, ["m"]);
      const settling = rig.broker.messages.settleAndPop([{ action: "ack", receipt: receipt(await rig.popOne(from)) }], to, { wait: 30_000 });
      await eventually(async () => { assert.equal((await rig.broker.queues.get(from)).counts.completed, 1); });
      await rig.broker.queues.delete(to);
      const { settled, deliveries } = await settling;
      assert.ok(only(settled).ok);
      assert.deepEqual(deliveries, []);
      await refused(rig.pop(to, { wait: 1000 }), "queue-not-found");
    });

    rig.it("settleAndPop settles nothing when its first pop fails", async () => {
      const from = await rig.queue();
      await rig.push(from, ["m"]);
      const settlement = { action: "ack", receipt: receipt(await rig.popOne(from)) } as const;
      await refused(rig.broker.messages.settleAndPop([settlement], "nowhere", { wait: 1000 }), "queue-not-found");
      assert.ok(only(await rig.broker.messages.settle([settlement])).ok);
    });

    rig.it("refuses an unknown queue", async () => {
      await refused(rig.pop("nowhere"), "queue-not-found");
      await refused(rig.pop("nowhere", { wait: 1000 }), "queue-not-found");
      await refused(rig.broker.messages.settleAndPop([], "nowhere"), "queue-not-found");
    });

    for (const [field, values] of Object.entries({
      batch: [0, -1, 1.5, 10_001, Number.NaN, "5"],
      wait: [-1, Number.NaN, "1s"],
      lease: [0, -1, Number.NaN, Number.POSITIVE_INFINITY, "1s"],
      group: ["", "a\u0000b", "a\nb", "\ud800", "x".repeat(256), 7],
      partition: ["", "a\u0000b", "a\tb", "\udc00", "x".repeat(1025), 7],
      start: ["later", "", Number.NaN, {}],
      onlyNew: ["yes", 1],
      atMostOnce: ["yes", 1],
      messageId: [7],
    })) {
      rig.it(`refuses a wrong ${field}, naming it`, async () => {
        const q = await rig.queue();
        await rig.push(q, ["m"]);
        for (const value of values) await refused(rig.pop(q, wrong({ group: "g", [field]: value })), "invalid-input", field);
        assert.deepEqual(await rig.broker.inspect.groups(q), [], "a refused pop makes no group");
      });
    }
  });
}
