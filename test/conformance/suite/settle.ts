import assert from "node:assert/strict";
import type { Delivery, RenewResult, SettleResult } from "../../../src/core/index.ts";
import { type BrokerFactory, type Rig, conformance, nth, numbered, only, receipt, refusal, refused, texts, wrong } from "./harness.ts";

export function settle(factory: BrokerFactory): void {
  conformance(factory, "4. Settle", (rig) => {
    const batch = async (count: number, partition?: string): Promise<{ q: string; got: Delivery[] }> => leaseBatch(rig, count, partition);

    rig.it("ack completes", async () => {
      const { q, got } = await batch(1);
      const result = only(await rig.ack(...got));
      assert.deepEqual([result.messageId, result.outcome, result.retryAt, result.deadLetterId], [nth(got, 0).id, "completed", null, null]);
      assert.equal(result.receipt, nth(got, 0).receipt);
      await rig.advance(301_000);
      assert.deepEqual(await rig.pop(q), []);
    });

    rig.it("nack charges and retries after the backoff", async () => {
      const q = await rig.queue({ retryDelay: 5000, backoff: { kind: "fixed", jitter: 0 } });
      await rig.push(q, ["m"]);
      const before = rig.now();
      const result = await rig.nack(await rig.popOne(q));
      assert.equal(result.outcome, "retrying");
      assert.ok(result.retryAt !== null && result.retryAt >= before + 5000 && result.retryAt <= rig.now() + 5000);
      assert.deepEqual(await rig.pop(q), []);
      await rig.reach(result.retryAt);
      assert.equal(only(await rig.popSoon(q)).attempt, 2);
    });

    rig.it("nack retries after a given delay instead of the backoff", async () => {
      const q = await rig.queue({ retryDelay: "1h" });
      await rig.push(q, ["u", { data: "k", partition: "a" }]);
      for (const delivery of [await rig.popOne(q), await rig.popOne(q)]) {
        const before = rig.now();
        const { retryAt } = await rig.nack(delivery, { delay: 2000 });
        assert.ok(retryAt !== null && retryAt >= before + 2000 && retryAt <= rig.now() + 2000);
      }
      assert.deepEqual(await rig.pop(q, { batch: 2 }), []);
      await rig.advance(2001);
      assert.equal((await rig.popSoon(q, {}, 2)).length, 2);
    });

    rig.it("nack with delay 0 retries at once", async () => {
      const { q, got } = await batch(1);
      await rig.nack(nth(got, 0), { delay: 0 });
      assert.equal((await rig.popOne(q)).attempt, 2);
    });

    rig.it("release isn't charged and returns at once", async () => {
      for (const partition of [undefined, "a"]) {
        const { q, got } = await batch(1, partition);
        const result = await rig.release(nth(got, 0));
        assert.deepEqual([result.outcome, result.retryAt, result.deadLetterId], ["released", null, null]);
        const again = await rig.popOne(q);
        assert.deepEqual([again.attempt, again.deliveryCount], [1, 2]);
      }
    });

    rig.it("dead makes a dead letter now", async () => {
      for (const partition of [undefined, "a"]) {
        const { q, got } = await batch(1, partition);
        const result = await rig.dead(nth(got, 0), { message: "no such customer" });
        assert.equal(result.outcome, "dead");
        const letter = only((await rig.broker.inspect.deadLetters(q)).items);
        assert.deepEqual([letter.id, letter.error, letter.reason, letter.attempts], [result.deadLetterId, "no such customer", "rejected", 1]);
        assert.deepEqual(await rig.pop(q), []);
      }
    });

    rig.it("dead makes a dead letter though deadLetter is false: it was asked for", async () => {
      const q = await rig.queue({ deadLetter: false });
      await rig.push(q, ["m"]);
      assert.equal((await rig.dead(await rig.popOne(q))).outcome, "dead");
      assert.equal((await rig.broker.inspect.deadLetters(q)).items.length, 1);
    });

    rig.it("each receipt has a result of its own, in order", async () => {
      const { q, got } = await batch(4);
      const receipts = got.map(receipt);
      const results = await rig.settle(
        { action: "nack", receipt: nth(receipts, 0), delay: 0 },
        { action: "ack", receipt: "garbled" },
        { action: "release", receipt: nth(receipts, 1) },
        { action: "dead", receipt: nth(receipts, 2) },
        { action: "ack", receipt: nth(receipts, 3) },
      );
      assert.deepEqual(results.map((r) => (r.ok ? r.outcome : "refused")), ["retrying", "refused", "released", "dead", "completed"]);
      assert.deepEqual(results.map((r) => r.receipt), [nth(receipts, 0), "garbled", nth(receipts, 1), nth(receipts, 2), nth(receipts, 3)]);
      assert.deepEqual(texts(await rig.drain(q)).sort(), ["0", "1"]);
    });

    rig.it("settles receipts of several queues, groups and partitions in one call", async () => {
      const [a, b] = [await batch(3), await batch(3, "p")];
      await rig.push(b.q, ["late"], { partition: "other" });
      const more = await rig.pop(b.q, { group: "g", batch: 10 });
      const results = await rig.ack(...a.got, ...b.got, ...more);
      assert.deepEqual(results.map((r) => r.messageId), [...a.got, ...b.got, ...more].map((d) => d.id));
    });

    rig.it("without a key, nack and release leave the rest of the batch leased", async () => {
      const { q, got } = await batch(3);
      await rig.nack(nth(got, 0), { delay: 0 });
      await rig.release(nth(got, 1));
      assert.deepEqual(texts(await rig.drain(q)).sort(), ["0", "1"]);
      await rig.ack(nth(got, 2));
    });

    rig.it("in a partition nack ends the lease: what is behind returns uncharged, its receipts stale", async () => {
      const { q, got } = await batch(3, "a");
      await rig.nack(nth(got, 0), { delay: 0 });
      await rig.assertStale(nth(got, 1));
      await rig.assertStale(nth(got, 2));
      const again = await rig.pop(q, { batch: 3 });
      assert.deepEqual(texts(again), ["0", "1", "2"]);
      assert.deepEqual(again.map((d) => d.attempt), [2, 1, 1]);
      assert.deepEqual(again.map((d) => d.deliveryCount), [2, 2, 2]);
    });

    rig.it("in a partition release ends the lease too, and charges nothing", async () => {
      const { q, got } = await batch(3, "a");
      await rig.release(nth(got, 1));
      await rig.assertStale(nth(got, 0));
      await rig.assertStale(nth(got, 2));
      const again = await rig.pop(q, { batch: 3 });
      assert.deepEqual(texts(again), ["0", "1", "2"]);
      assert.deepEqual(again.map((d) => d.attempt), [1, 1, 1]);
    });

    rig.it("in a partition a nack in mid-batch keeps the order: those before it come back first, then it, then the rest", async () => {
      const { q, got } = await batch(3, "a");
      await rig.nack(nth(got, 1), { delay: 60_000 });
      const before = await rig.pop(q, { batch: 3 });
      assert.deepEqual(texts(before), ["0"]);
      await rig.ack(...before);
      assert.deepEqual(await rig.pop(q, { batch: 3 }), []);
      await rig.advance(60_001);
      const rest = await rig.popSoon(q, {}, 2);
      assert.deepEqual(texts(rest), ["1", "2"]);
      assert.deepEqual(rest.map((d) => d.attempt), [2, 1]);
    });

    rig.it("in a partition a retry holds back what is behind it", async () => {
      const { q, got } = await batch(1, "a");
      await rig.push(q, ["behind"], { partition: "a" });
      await rig.nack(nth(got, 0), { delay: 60_000 });
      assert.deepEqual(await rig.pop(q, { batch: 2 }), []);
      await rig.advance(60_001);
      assert.deepEqual(texts(await rig.popSoon(q, {}, 2)), ["0", "behind"]);
    });

    rig.it("without a key a retry holds nothing back", async () => {
      const { q, got } = await batch(1);
      await rig.push(q, ["behind"]);
      await rig.nack(nth(got, 0), { delay: 60_000 });
      assert.deepEqual(texts(await rig.pop(q, { batch: 2 })), ["behind"]);
    });

    rig.it("in a partition what was acked isn't redelivered, also when it stood behind", async () => {
      const { q, got } = await batch(5, "a");
      await rig.ack(nth(got, 1), nth(got, 3));
      await rig.nack(nth(got, 0), { delay: 0 });
      const again = await rig.pop(q, { batch: 5 });
      assert.deepEqual(texts(again), ["0", "2", "4"]);
      await rig.ack(...again);
      assert.deepEqual(await rig.pop(q), []);
      assert.equal((await rig.broker.queues.get(q)).counts.completed, 5);
    });

    rig.it("in a partition what was acked stays so through a lease that runs out", async () => {
      const { q, got } = await batch(4, "a");
      await rig.ack(nth(got, 1), nth(got, 2));
      await rig.expire(got);
      assert.deepEqual(texts(await rig.popSoon(q, {}, 2)), ["0", "3"]);
    });

    rig.it("within one call acks are applied first", async () => {
      const { q, got } = await batch(4, "a");
      const [r0, r1, r2, r3] = got.map(receipt);
      assert.ok(r0 && r1 && r2 && r3);
      const results = await rig.settle(
        { action: "nack", receipt: r0, delay: 0 },
        { action: "ack", receipt: r1 },
        { action: "ack", receipt: r3 },
      );
      assert.deepEqual(results.map(refusal), ["applied", "applied", "applied"]);
      assert.deepEqual(texts(await rig.pop(q, { batch: 4 })), ["0", "2"]);
    });

    rig.it("within one call dead ones are applied next, then what is given back", async () => {
      const { q, got } = await batch(3, "a");
      const results = await rig.settle(
        { action: "release", receipt: receipt(nth(got, 1)) },
        { action: "dead", receipt: receipt(nth(got, 2)) },
        { action: "ack", receipt: receipt(nth(got, 0)) },
      );
      assert.deepEqual(results.map((r) => r.ok && r.outcome), ["released", "dead", "completed"]);
      assert.deepEqual(texts(await rig.drain(q)), ["1"]);
    });

    rig.it("in a partition the first message in its order that fails ends the lease, however the call names them", async () => {
      const { q, got } = await batch(3, "a");
      const results = await rig.settle(...[2, 0].map((i) => ({ action: "nack", receipt: receipt(nth(got, i)), delay: 0 }) as const));
      assert.deepEqual(results.map(refusal), ["lease-lost", "applied"]);
      assert.deepEqual((await rig.pop(q, { batch: 3 })).map((d) => d.attempt), [2, 1, 1]);
    });

    rig.it("a cumulative ack comes before a nack of what it covers", async () => {
      const { q, got } = await batch(3, "a");
      const results = await rig.settle({ action: "nack", receipt: receipt(nth(got, 0)), delay: 0 }, { action: "ack", receipt: receipt(nth(got, 1)), cumulative: true });
      assert.deepEqual(results.map(refusal), ["lease-lost", "applied"]);
      await rig.release(nth(got, 2));
      assert.deepEqual(texts(await rig.drain(q)), ["2"]);
    });

    rig.it("a cumulative ack comes before a dead one of what it covers, and beside an ack of it", async () => {
      const { q, got } = await batch(3, "a");
      const results = await rig.settle(
        { action: "ack", receipt: receipt(nth(got, 2)), cumulative: true },
        { action: "dead", receipt: receipt(nth(got, 0)) },
        { action: "ack", receipt: receipt(nth(got, 1)) },
      );
      assert.deepEqual(results.map(refusal), ["applied", "lease-lost", "applied"]);
      const { counts } = await rig.broker.queues.get(q);
      assert.deepEqual([counts.completed, counts.dead], [3, 0]);
      const minutes = await rig.broker.inspect.metrics(q, { from: 0, to: rig.now() + 60_000 });
      assert.equal(minutes.reduce((sum, m) => sum + m.completed, 0), 3, "each is counted once");
    });

    rig.it("in a partition the second nack of one call finds the lease ended", async () => {
      const { q, got } = await batch(2, "a");
      const results = await rig.settle(...got.map((d) => ({ action: "nack", receipt: receipt(d), delay: 0 }) as const));
      assert.deepEqual(results.map(refusal), ["applied", "lease-lost"]);
      assert.deepEqual((await rig.pop(q, { batch: 2 })).map((d) => d.attempt), [2, 1]);
    });

    rig.it("in a partition dead lets the lease go on", async () => {
      const { q, got } = await batch(3, "a");
      await rig.dead(nth(got, 0));
      assert.deepEqual(await rig.pop(q), []);
      await rig.ack(nth(got, 1), nth(got, 2));
      assert.equal((await rig.broker.inspect.deadLetters(q)).items.length, 1);
      assert.deepEqual(await rig.pop(q), []);
    });

    rig.it("cumulative acks all before it in a partition's lease, and nothing behind", async () => {
      const { q, got } = await batch(5, "a");
      await rig.settled({ action: "ack", receipt: receipt(nth(got, 2)), cumulative: true });
      await rig.assertStale(nth(got, 0));
      await rig.assertStale(nth(got, 1));
      assert.deepEqual(await rig.pop(q), []);
      await rig.release(nth(got, 3));
      assert.deepEqual(texts(await rig.pop(q, { batch: 5 })), ["3", "4"]);
      assert.equal((await rig.broker.queues.get(q)).counts.completed, 3);
    });

    rig.it("cumulative leaves dead ones before it dead", async () => {
      const { q, got } = await batch(3, "a");
      await rig.dead(nth(got, 0));
      await rig.settled({ action: "ack", receipt: receipt(nth(got, 2)), cumulative: true });
      const { counts } = await rig.broker.queues.get(q);
      assert.deepEqual([counts.dead, counts.leased, counts.ready], [1, 0, 0]);
      assert.deepEqual(await rig.pop(q), []);
    });

    rig.it("without a key cumulative acks its own message only: there is no order to be before", async () => {
      const { q, got } = await batch(3);
      await rig.settled({ action: "ack", receipt: receipt(nth(got, 2)), cumulative: true });
      await rig.release(nth(got, 0));
      await rig.release(nth(got, 1));
      assert.deepEqual(texts(await rig.drain(q)).sort(), ["0", "1"]);
    });

    rig.it("renewing one receipt renews its whole lease", async () => {
      const q = await rig.queue({ leaseTime: 2 });
      await rig.push(q, ["0", "1", "2"], { partition: "a" });
      const got = await rig.pop(q, { batch: 3 });
      const before = rig.now();
      const renewed = only(await rig.broker.messages.renew([receipt(nth(got, 1))], 60_000));
      assert.ok(renewed.ok);
      assert.ok(renewed.leaseExpiresAt >= before + 60_000 && renewed.leaseExpiresAt <= rig.now() + 60_000);
      await rig.advance(2500);
      assert.deepEqual(await rig.pop(q), []);
      await rig.ack(...got);
    });

    rig.it("renewing again and again outlives any lease time", async () => {
      const q = await rig.queue({ leaseTime: 2 });
      await rig.push(q, ["u", { data: "k", partition: "a" }]);
      const got = [...(await rig.pop(q)), ...(await rig.pop(q))];
      for (let round = 0; round < 5; round += 1) {
        await rig.advance(1000);
        for (const renewed of await rig.broker.messages.renew(got.map(receipt))) assert.ok(renewed.ok);
        assert.deepEqual(await rig.pop(q, { batch: 2 }), []);
      }
      for (const result of await rig.ack(...got)) assert.equal(result.outcome, "completed");
    });

    rig.it("renew defaults to the queue's leaseTime, and may shorten", async () => {
      const q = await rig.queue({ leaseTime: "10m" });
      await rig.push(q, ["m"]);
      const got = await rig.popOne(q, { lease: 1000 });
      const longer = only(await rig.broker.messages.renew([receipt(got)]));
      assert.ok(longer.ok && longer.leaseExpiresAt > rig.now() + 590_000);
      const shorter = only(await rig.broker.messages.renew([receipt(got)], 500));
      assert.ok(shorter.ok);
      await rig.reach(shorter.leaseExpiresAt);
      await rig.assertStale(got);
    });

    rig.it("renewing answers per receipt", async () => {
      const { got } = await batch(1);
      const results = await rig.broker.messages.renew(["garbled", receipt(nth(got, 0))]);
      assert.deepEqual(results.map((r) => r.ok), [false, true]);
      assert.deepEqual(results.map((r) => r.receipt), ["garbled", nth(got, 0).receipt]);
    });

    rig.it("settling nothing is nothing", async () => {
      assert.deepEqual(await rig.settle(), []);
      assert.deepEqual(await rig.broker.messages.renew([]), []);
    });

    rig.it("a changed, foreign or invented receipt is refused for itself and settles nothing", async () => {
      const { q, got } = await batch(2, "a");
      const real = receipt(nth(got, 0));
      const foreign = await rig.ownStorage();
      const stranger = await foreign.open();
      try {
        await stranger.messages.push("q", numbered(3).map((n) => ({ payload: nth(got, 0).payload, partition: n })));
        const theirs = (await stranger.messages.pop("q", { batch: 3 })).map(receipt);
        const swapped = real.slice(0, -1) + (real.endsWith("A") ? "B" : "A");
        for (const bad of [...theirs, `${real}x`, real.slice(0, -3), swapped.slice(0, 5) + real.slice(5) + "==", real.toUpperCase() + real, "", " ", "\u0000", "💥", "a".repeat(100_000), Buffer.alloc(64).toString("base64url")]) {
          for (const action of ["ack", "nack", "release", "dead"] as const) {
            assertRefused(only(await rig.settle({ action, receipt: bad })), bad);
          }
          assertRefused(only(await rig.broker.messages.renew([bad])), bad);
        }
      } finally {
        await stranger.close();
      }
      assert.equal((await rig.broker.queues.get(q)).counts.completed, 0);
      await rig.ack(...got);
    });

    rig.it("refuses what isn't a settlement, and then settles none of the call", async () => {
      const { got } = await batch(1);
      const good = { action: "ack", receipt: receipt(nth(got, 0)) } as const;
      for (const bad of [{ action: "ack" }, { action: "ack", receipt: 7 }, { action: "finish", receipt: good.receipt }, { receipt: good.receipt }, null, "x"]) {
        await refused(rig.settle(good, wrong(bad)), "invalid-input");
      }
      for (const delay of [-1, Number.NaN, Number.POSITIVE_INFINITY, "1s"]) {
        await refused(rig.settle(good, { action: "nack", receipt: good.receipt, delay: wrong(delay) }), "invalid-input", /delay/);
      }
      for (const lease of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, "1s"]) {
        await refused(rig.broker.messages.renew([good.receipt], wrong(lease)), "invalid-input", /lease/);
      }
      await rig.ack(...got);
    });
  });
}

/** What can't be a receipt of this broker is `invalid-input`; what could be one is `lease-lost`. */
function assertRefused(result: SettleResult | RenewResult, bad: string): void {
  assert.ok(!result.ok, `${JSON.stringify(bad.slice(0, 80))} is refused`);
  assert.ok(["lease-lost", "invalid-input"].includes(result.error.code), result.error.code);
}

async function leaseBatch(rig: Rig, count: number, partition?: string): Promise<{ q: string; got: Delivery[] }> {
  const q = await rig.queue();
  await rig.push(q, numbered(count), partition === undefined ? {} : { partition });
  const got = await rig.pop(q, { batch: count });
  assert.equal(got.length, count);
  return { q, got };
}
