import assert from "node:assert/strict";
import { bytesPayload, jsonTextPayload } from "../../../src/core/index.ts";
import { type BrokerFactory, conformance, eventually, ids, item, nth, numbered, only, receipt, refusal, refused, texts } from "./harness.ts";

/**
 * The behaviours that Queen MQ's own tests hold an engine to, by their numbers, on our port. Where our
 * contract differs on purpose, the test is of ours: docs/semantics.md has the table of those.
 */
export function queen(factory: BrokerFactory): void {
  conformance(factory, "Queen MQ 1-10: push", (rig) => {
    rig.it("Queen 1: the same id in the same partition is a duplicate with the original's id, in another it is queued", async () => {
      const q = await rig.queue();
      const original = only(await rig.push(q, ["1"], { transactionId: "tx", partition: "a" }));
      const again = only(await rig.push(q, ["2"], { transactionId: "tx", partition: "a" }));
      assert.deepEqual([again.status, again.id], ["duplicate", original.id]);
      assert.equal(only(await rig.push(q, ["3"], { transactionId: "tx", partition: "b" })).status, "queued");
    });

    rig.it("Queen 2: repeats in one request share the winner's id", async () => {
      const q = await rig.queue();
      const results = await rig.push(q, ["1", "2", { data: "3", transactionId: "other" }, "4"], { transactionId: "tx", partition: "a" });
      assert.deepEqual(results.map((r) => r.status), ["queued", "duplicate", "queued", "duplicate"]);
      assert.equal(new Set([0, 1, 3].map((i) => nth(results, i).id)).size, 1);
    });

    rig.it("Queen 3: of concurrent pushes of one id there is one winner", async () => {
      const q = await rig.queue();
      const handles = [rig.broker, await rig.another(), await rig.another()];
      const results = await Promise.all(numbered(30).map((n) => nth(handles, Number(n) % 3).messages.push(q, [item(n, { transactionId: "tx", partition: "a" })])));
      assert.equal(results.flat().filter((r) => r.status === "queued").length, 1);
      assert.equal(new Set(ids(results.flat())).size, 1);
    });

    rig.it("Queen 4: missing ids are unique", async () => {
      const q = await rig.queue();
      const results = await rig.push(q, numbered(500), { partition: "a" });
      assert.equal(new Set(results.map((r) => r.transactionId)).size, 500);
    });

    rig.it("Queen 5: an empty push is nothing", async () => {
      const q = await rig.queue();
      assert.deepEqual(await rig.push(q, []), []);
    });

    rig.it("Queen 6: null, {} and payloads over 1 MB come out as they went in", async () => {
      const q = await rig.queue();
      const big = bytesPayload(new Uint8Array(1_300_000).fill(7));
      await rig.push(q, [jsonTextPayload("null"), jsonTextPayload("{}"), big].map((payload) => ({ payload })), { partition: "a" });
      const got = await rig.pop(q, { batch: 3 });
      assert.deepEqual(texts(got.slice(0, 2)), ["null", "{}"]);
      assert.ok(Buffer.from(nth(got, 2).payload.bytes).equals(big.bytes));
    });

    rig.it("Queen 7: a delay of 2 s hides, then shows", async () => {
      const q = await rig.queue({ delayedProcessing: 2 });
      await rig.push(q, ["m"], { partition: "a" });
      assert.deepEqual(await rig.pop(q), []);
      await rig.advance(2001);
      assert.deepEqual(texts(await rig.popSoon(q)), ["m"]);
    });

    rig.it("Queen 8: a windowBuffer of 2 s gives all 3 together", async () => {
      const q = await rig.queue({ windowBuffer: 2 });
      for (const n of numbered(3)) await rig.push(q, [n], { partition: "a" });
      assert.deepEqual(await rig.pop(q, { batch: 10 }), []);
      await rig.advance(2001);
      const got = await eventually(async () => {
        const deliveries = await rig.pop(q, { batch: 10 });
        assert.notEqual(deliveries.length, 0);
        return deliveries;
      });
      assert.deepEqual(texts(got), numbered(3));
    });

    rig.it("Queen 9: an encrypted round trip", async () => {
      rig.needs((c) => c.encryption, "encryption");
      const broker = await rig.another({ encryptionKeys: ["ab".repeat(32)] });
      const q = rig.name("encrypted");
      await broker.queues.create(q, { encryptionEnabled: true });
      await broker.messages.push(q, [item("m", { partition: "a" })]);
      assert.deepEqual(texts(await broker.messages.pop(q)), ["m"]);
    });

    rig.it("Queen 10 (ours): a push-only queue is listed; its namespace is what was configured, never guessed from its name", async () => {
      const q = `acme.billing.${rig.name()}`;
      await rig.push(q, ["m"]);
      const found = only((await rig.broker.queues.list({ match: q })).items);
      assert.deepEqual([found.name, found.options.namespace], [q, null]);
      await rig.broker.queues.configure(q, { namespace: "acme", task: "billing" });
      assert.deepEqual((await rig.broker.queues.list({ namespace: "acme", task: "billing" })).items.map((i) => i.name), [q]);
    });
  });

  conformance(factory, "Queen MQ 11-18: pop and leases", (rig) => {
    rig.it("Queen 11: a long poll wakes on a push that comes later", async () => {
      const q = await rig.queue();
      const waiting = rig.pop(q, { wait: 30_000 });
      await rig.push(q, ["m"], { partition: "a", deliverAt: rig.now() + 2000 });
      await rig.advance(2001);
      assert.deepEqual(texts(await waiting), ["m"]);
    });

    rig.it("Queen 12: a lease of 1 s that runs out redelivers", async () => {
      const q = await rig.queue({ leaseTime: 1 });
      await rig.push(q, ["m"], { partition: "a" });
      await rig.expire([await rig.popOne(q)]);
      const again = only(await rig.popSoon(q));
      assert.equal(again.deliveryCount, 2);
    });

    rig.it("Queen 13: the pop's lease overrides the queue's", async () => {
      const q = await rig.queue({ leaseTime: "10m" });
      await rig.push(q, ["m"], { partition: "a" });
      await rig.expire([await rig.popOne(q, { lease: 1000 })]);
      assert.equal(only(await rig.popSoon(q)).deliveryCount, 2);
    });

    rig.it("Queen 14 (ours): a pop takes from several partitions up to its batch; each partition has a lease of its own", async () => {
      const q = await rig.queue({ retryDelay: 0 });
      for (const partition of ["a", "b", "c"]) await rig.push(q, numbered(4, partition), { partition });
      const got = await rig.pop(q, { batch: 10 });
      assert.ok(got.length <= 10);
      const all = [...got];
      while (all.length < 10) all.push(...(await rig.pop(q, { batch: 10 - all.length })));
      assert.equal(all.length, 10);
      const a = all.filter((d) => d.partition === "a");
      await rig.release(nth(a, 0));
      await rig.assertStale(nth(a, 1));
      const b = all.filter((d) => d.partition === "b");
      await rig.ack(...b);
    });

    rig.it("Queen 15: one renewal renews the lease for every message of it", async () => {
      const q = await rig.queue({ leaseTime: 1 });
      await rig.push(q, numbered(3), { partition: "a" });
      const got = await rig.pop(q, { batch: 3 });
      assert.ok(only(await rig.broker.messages.renew([receipt(nth(got, 2))], 60_000)).ok);
      await rig.advance(5000);
      await rig.ack(...got);
    });

    rig.it("Queen 16: order holds with 10 consumers", async () => {
      const q = await rig.queue({ retryDelay: 0, retryLimit: 1000 });
      const partitions = numbered(8, "p");
      for (const partition of partitions) await rig.push(q, numbered(30), { partition });
      const handles = [rig.broker, await rig.another(), await rig.another()];
      const done = new Map(partitions.map((p) => [p, [] as string[]]));
      let open = 8 * 30;
      await Promise.all(numbered(10).map(async (n) => {
        const { messages } = nth(handles, Number(n) % 3);
        for (let turn = Number(n); open > 0; turn += 1) {
          const got = await messages.pop(q, { batch: 1 + (turn % 4) });
          const stopped = new Set<string | null>();
          for (const [i, d] of got.entries()) {
            if (stopped.has(d.partition)) continue;
            const fail = (turn + i) % 7 === 0;
            // When it is asked for: answers come over three connections, and may overtake one another.
            if (!fail) done.get(d.partition ?? "")?.push(...texts([d]));
            const result = only(await messages.settle([fail ? { action: "nack", receipt: receipt(d), delay: 0 } : { action: "ack", receipt: receipt(d) }]));
            assert.equal(refusal(result), "applied");
            if (fail) {
              stopped.add(d.partition);
              continue;
            }
            open -= 1;
          }
        }
      }));
      for (const partition of partitions) assert.deepEqual(done.get(partition), numbered(30), partition);
    });

    rig.it("Queen 17: two groups each see everything", async () => {
      const q = await rig.queue();
      await rig.push(q, numbered(40).map((data, i) => ({ data, partition: `p${i % 4}` })));
      for (const group of ["x", "y"]) assert.deepEqual(texts(await rig.drain(q, { group })).sort(), numbered(40).sort());
    });

    rig.it("Queen 18: 10,000 acks, one by one, in order", async () => {
      const q = await rig.queue();
      for (let at = 0; at < 10_000; at += 1000) await rig.push(q, numbered(1000).map((n) => String(at + Number(n))), { partition: "a" });
      let expected = 0;
      let settlements: { action: "ack"; receipt: string }[] = [];
      let batch = await rig.pop(q, { batch: 100 });
      while (batch.length > 0) {
        for (const d of batch.slice(0, -1)) {
          assert.equal(texts([d])[0], String(expected));
          expected += 1;
          await rig.ack(d);
        }
        const last = nth(batch, -1);
        assert.equal(texts([last])[0], String(expected));
        expected += 1;
        settlements = [{ action: "ack", receipt: receipt(last) }];
        batch = (await rig.broker.messages.settleAndPop(settlements, q, { batch: 100 })).deliveries;
      }
      assert.equal(expected, 10_000);
    });
  });

  conformance(factory, "Queen MQ 19-29: settling", (rig) => {
    const leased = async (count: number, options: Parameters<typeof rig.queue>[0] = { retryDelay: 0 }): Promise<{ q: string; got: Awaited<ReturnType<typeof rig.pop>> }> => {
      const q = await rig.queue(options);
      await rig.push(q, numbered(count), { partition: "a" });
      return { q, got: await rig.pop(q, { batch: count }) };
    };

    rig.it("Queen 19: fails twice, then succeeds", async () => {
      const { q, got } = await leased(1);
      await rig.nack(nth(got, 0));
      await rig.nack(await rig.popOne(q));
      const third = await rig.popOne(q);
      assert.equal(third.attempt, 3);
      await rig.ack(third);
      assert.deepEqual((await rig.broker.inspect.deadLetters(q)).items, []);
    });

    rig.it("Queen 20: by default the 4th failure makes a dead letter", async () => {
      const { q, got } = await leased(1);
      await rig.nack(nth(got, 0));
      for (let i = 0; i < 2; i += 1) assert.equal((await rig.nack(await rig.popOne(q))).outcome, "retrying");
      assert.equal((await rig.nack(await rig.popOne(q))).outcome, "dead");
    });

    rig.it("Queen 21: six releases cost nothing", async () => {
      const { q, got } = await leased(1);
      await rig.release(nth(got, 0));
      for (let i = 0; i < 5; i += 1) await rig.release(await rig.popOne(q));
      assert.equal((await rig.popOne(q)).attempt, 1);
    });

    rig.it("Queen 22 (ours): four leases that run out make a dead letter", async () => {
      const { q, got } = await leased(1, { leaseTime: 1 });
      await rig.expire(got);
      for (let i = 0; i < 3; i += 1) await rig.expire(await rig.popSoon(q));
      assert.deepEqual(await rig.pop(q), []);
      assert.equal(only((await rig.broker.inspect.deadLetters(q)).items).reason, "lease-expired");
    });

    rig.it("Queen 22 (as Queen, with chargeExpiry: false): four leases that run out cost nothing", async () => {
      const { q, got } = await leased(1, { leaseTime: 1, chargeExpiry: false });
      await rig.expire(got);
      for (let i = 0; i < 3; i += 1) await rig.expire(await rig.popSoon(q));
      const again = only(await rig.popSoon(q));
      assert.deepEqual([again.attempt, again.deliveryCount], [1, 5]);
    });

    rig.it("Queen 23: dead is immediate", async () => {
      const { q, got } = await leased(1);
      await rig.dead(nth(got, 0));
      assert.equal((await rig.broker.inspect.deadLetters(q)).items.length, 1);
    });

    rig.it("Queen 24 (ours): an ack of the last of a batch completes the earlier ones if it is cumulative, and only then", async () => {
      const plain = await leased(3);
      await rig.ack(nth(plain.got, 2));
      await rig.release(nth(plain.got, 0));
      assert.deepEqual(texts(await rig.drain(plain.q)), ["0", "1"]);
      const cumulative = await leased(3);
      await rig.settled({ action: "ack", receipt: receipt(nth(cumulative.got, 2)), cumulative: true });
      assert.deepEqual(await rig.drain(cumulative.q), []);
    });

    rig.it("Queen 25: acks out of order never lose messages", async () => {
      const { q, got } = await leased(6, { leaseTime: 1 });
      await rig.ack(nth(got, 5), nth(got, 3), nth(got, 1));
      await rig.expire(got);
      assert.deepEqual(texts(await rig.popSoon(q, {}, 3)), ["0", "2", "4"]);
    });

    rig.it("Queen 26 (ours): a failure in mid-batch returns it and what wasn't settled; what was acked behind it stays so", async () => {
      const { q, got } = await leased(4);
      const results = await rig.settle(
        { action: "ack", receipt: receipt(nth(got, 0)) },
        { action: "nack", receipt: receipt(nth(got, 1)) },
        { action: "ack", receipt: receipt(nth(got, 3)) },
      );
      assert.deepEqual(results.map(refusal), ["applied", "applied", "applied"]);
      assert.deepEqual(texts(await rig.drain(q)), ["1", "2"]);
    });

    rig.it("Queen 27 (ours): a settled message can't be settled again, neither nacked nor acked", async () => {
      const { q, got } = await leased(3);
      await rig.ack(nth(got, 0));
      await rig.assertStale(nth(got, 0));
      assert.equal((await rig.broker.queues.get(q)).counts.completed, 1);
      await rig.ack(nth(got, 1), nth(got, 2));
    });

    rig.it("Queen 28: an unknown receipt fails, and the lease survives it", async () => {
      const { got } = await leased(2);
      assert.notEqual(refusal((await rig.settle({ action: "ack", receipt: "unknown" }))[0]), "applied");
      await rig.ack(...got);
    });

    rig.it("Queen 29 (ours): nothing is acked after its lease ran out, redelivered or not", async () => {
      const { q, got } = await leased(1, { leaseTime: 1 });
      await rig.expire(got);
      await rig.assertStale(nth(got, 0));
      const again = only(await rig.popSoon(q));
      await rig.assertStale(nth(got, 0));
      await rig.ack(again);
    });
  });

  conformance(factory, "Queen MQ 30-42: groups, transactions, scale", (rig) => {
    rig.it("Queen 30: a `new` group skips the backlog but gets partitions born later", async () => {
      const q = await rig.queue();
      await rig.push(q, ["old"], { partition: "a" });
      assert.deepEqual(await rig.pop(q, { group: "g", start: "new" }), []);
      await rig.push(q, ["1", "2"], { partition: "late" });
      assert.deepEqual(texts(await rig.drain(q, { group: "g" })), ["1", "2"]);
    });

    rig.it("Queen 31: group default ignores where a group starts", async () => {
      const q = await rig.queue();
      await rig.push(q, ["old"], { partition: "a" });
      assert.deepEqual(texts(await rig.drain(q, { start: "new" })), ["old"]);
    });

    rig.it("Queen 32: empty polls during a lease don't strand the backlog", async () => {
      const q = await rig.queue({ leaseTime: 1 });
      await rig.push(q, numbered(3), { partition: "a" });
      const held = await rig.pop(q);
      for (let i = 0; i < 5; i += 1) assert.deepEqual(await rig.pop(q), []);
      await rig.expire(held);
      assert.deepEqual(texts(await rig.popSoon(q, {}, 3)), numbered(3));
    });

    rig.it("Queen 33: a seek back, or a deleted group, consumes again", async () => {
      const q = await rig.queue();
      await rig.push(q, numbered(3), { partition: "a" });
      await rig.drain(q, { group: "g" });
      await rig.broker.repair.seek(q, "g", "all");
      assert.deepEqual(texts(await rig.drain(q, { group: "g" })), numbered(3));
      await rig.broker.repair.deleteGroup(q, "g");
      assert.deepEqual(texts(await rig.drain(q, { group: "g" })), numbered(3));
    });

    rig.it("Queen 34: a transaction of ack and pushes is atomic, over queues, and chains", async () => {
      const stages = [await rig.queue(), await rig.queue(), await rig.queue()];
      const log = await rig.queue();
      await rig.push(nth(stages, 0), ["m"], { partition: "a" });
      for (let i = 0; i < 2; i += 1) {
        const got = await rig.popOne(nth(stages, i));
        await rig.broker.messages.transact({ settle: [{ action: "ack", receipt: receipt(got) }], push: [{ queue: nth(stages, i + 1), items: [item(`stage ${i + 1}`)] }, { queue: log, items: [item(`log ${i}`)] }] });
      }
      assert.deepEqual(texts(await rig.drain(nth(stages, 2))), ["stage 2"]);
      assert.deepEqual(texts(await rig.drain(log)), ["log 0", "log 1"]);
    });

    rig.it("Queen 35: a bad ack rolls back pushes and acks", async () => {
      const [from, to] = [await rig.queue(), await rig.queue()];
      await rig.push(from, ["1", "2"]);
      const [one, two] = await rig.pop(from, { batch: 2 });
      assert.ok(one && two);
      await rig.ack(two);
      await refused(rig.broker.messages.transact({ settle: [one, two].map((d) => ({ action: "ack", receipt: receipt(d) })), push: [{ queue: to, items: [item("out")] }] }), "lease-lost");
      assert.deepEqual(await rig.pop(to), []);
      await rig.ack(one);
    });

    rig.it("Queen 36: a transaction's settlements are of the group, and may nack or make dead", async () => {
      const q = await rig.queue({ retryDelay: 0 });
      await rig.push(q, ["m"], { partition: "a" });
      const [x, y] = [await rig.popOne(q, { group: "x" }), await rig.popOne(q, { group: "y" })];
      await rig.broker.messages.transact({ settle: [{ action: "nack", receipt: receipt(x) }, { action: "dead", receipt: receipt(y) }], push: [] });
      assert.equal((await rig.popOne(q, { group: "x" })).attempt, 2);
      assert.deepEqual((await rig.broker.inspect.deadLetters(q)).items.map((l) => l.group), ["y"]);
    });

    rig.it("Queen 37: an empty transaction is refused: it is a mistake of the caller", async () => {
      await refused(rig.broker.messages.transact({ settle: [], push: [] }), "invalid-input");
      await refused(rig.broker.messages.transact({ settle: [], push: [{ queue: "q", items: [] }] }), "invalid-input");
    });

    rig.it("Queen 38: a nack stops its partition and no other", async () => {
      const q = await rig.queue();
      for (const partition of ["a", "b"]) await rig.push(q, numbered(2, partition), { partition });
      const a = await rig.pop(q, { partition: "a", batch: 2 });
      const b = await rig.pop(q, { partition: "b", batch: 2 });
      await rig.nack(nth(a, 0));
      await rig.assertStale(nth(a, 1));
      await rig.ack(...b);
    });

    rig.it("Queen 39: a renewed lease outlives the queue's leaseTime", async () => {
      const q = await rig.queue({ leaseTime: 1 });
      await rig.push(q, ["m"], { partition: "a" });
      const got = await rig.popOne(q);
      for (let i = 0; i < 4; i += 1) {
        await rig.advance(500);
        assert.ok(only(await rig.broker.messages.renew([receipt(got)])).ok);
      }
      await rig.ack(got);
    });

    rig.it("Queen 40: retention and maxWaitTime delete", async () => {
      for (const options of [{ retentionSeconds: 2 }, { maxWaitTimeSeconds: 2 }]) {
        const q = await rig.queue(options);
        const old = await rig.pushOne(q, "old", { partition: "a" });
        await rig.advance(2500);
        await eventually(async () => {
          assert.deepEqual(await rig.pop(q, { partition: "a" }), []);
          assert.deepEqual(await rig.broker.inspect.exists([old]), []);
        });
      }
    });

    rig.it("Queen 41: a new group gets all of 5,000 partitions", async () => {
      const q = await rig.queue();
      for (let at = 0; at < 5000; at += 1000) await rig.push(q, numbered(1000).map((n) => ({ data: "m", partition: `p${at + Number(n)}` })));
      const got = await rig.drain(q, { group: "g" });
      assert.equal(new Set(got.map((d) => d.partition)).size, 5000);
      assert.equal(got.length, 5000);
    });

    rig.it("Queen 42: 100,000 messages in order", async () => {
      const q = await rig.queue();
      for (let at = 0; at < 100_000; at += 5000) await rig.push(q, numbered(5000).map((n) => String(at + Number(n))), { partition: "a" });
      let expected = 0;
      let batch = await rig.pop(q, { batch: 2000 });
      while (batch.length > 0) {
        for (const text of texts(batch)) {
          if (text !== String(expected)) assert.equal(text, String(expected));
          expected += 1;
        }
        batch = (await rig.broker.messages.settleAndPop([{ action: "ack", receipt: receipt(nth(batch, -1)), cumulative: true }], q, { batch: 2000 })).deliveries;
      }
      assert.equal(expected, 100_000);
      await rig.broker.queues.delete(q);
    });
  });
}
