import assert from "node:assert/strict";
import type { BackoffInput, QueueOptionsInput } from "../../../src/core/index.ts";
import { type BrokerFactory, conformance, nth, numbered, only, texts } from "./harness.ts";

export function attempts(factory: BrokerFactory): void {
  conformance(factory, "5. Attempts", (rig) => {
    rig.it("attempt is 1 + charges; deliveryCount counts every delivery", async () => {
      for (const partition of [undefined, "a"]) {
        const q = await rig.queue({ retryDelay: 0, chargeExpiry: true, retryLimit: 10 });
        await rig.push(q, [{ data: "m", ...(partition === undefined ? {} : { partition }) }]);
        const seen: [number, number][] = [];
        for (const end of ["release", "nack", "expire", "release", "nack", "look"] as const) {
          const d = only(await rig.popSoon(q, { lease: 1000 }));
          seen.push([d.attempt, d.deliveryCount]);
          if (end === "release") await rig.release(d);
          if (end === "nack") await rig.nack(d);
          if (end === "expire") await rig.expire([d]);
        }
        assert.deepEqual(seen, [[1, 1], [1, 2], [2, 3], [3, 4], [3, 5], [4, 6]]);
      }
    });

    rig.it("are of the message and the group: neighbours and other groups have their own", async () => {
      const q = await rig.queue({ retryDelay: 0 });
      await rig.push(q, ["1", "2"], { partition: "a" });
      await rig.nack(await rig.popOne(q));
      await rig.nack(await rig.popOne(q));
      const [one, two] = await rig.pop(q, { batch: 2 });
      assert.deepEqual([one?.attempt, two?.attempt], [3, 1]);
      assert.equal((await rig.popOne(q, { group: "g" })).attempt, 1);
    });

    rig.it("by default the 4th charge makes a dead letter", async () => {
      for (const partition of [undefined, "a"]) {
        const q = await rig.queue({ retryDelay: 0 });
        await rig.push(q, [{ data: "m", ...(partition === undefined ? {} : { partition }) }]);
        const outcomes = [];
        for (let i = 0; i < 4; i += 1) outcomes.push(await rig.nack(await rig.popOne(q), { error: { message: `try ${i + 1}` } }));
        assert.deepEqual(outcomes.map((o) => o.outcome), ["retrying", "retrying", "retrying", "dead"]);
        const letter = only((await rig.broker.inspect.deadLetters(q)).items);
        assert.deepEqual([letter.id, letter.attempts, letter.deliveryCount, letter.reason, letter.error], [nth(outcomes, 3).deadLetterId, 4, 4, "retries-exhausted", "try 4"]);
        assert.deepEqual(await rig.pop(q), []);
      }
    });

    rig.it("retryLimit n makes charge n + 1 the last; 0 the first", async () => {
      for (const retryLimit of [0, 1, 5]) {
        const q = await rig.queue({ retryLimit, retryDelay: 0 });
        await rig.push(q, ["m"], { partition: "a" });
        for (let i = 0; i < retryLimit; i += 1) assert.equal((await rig.nack(await rig.popOne(q))).outcome, "retrying");
        assert.equal((await rig.nack(await rig.popOne(q))).outcome, "dead");
      }
    });

    rig.it("deadLetter: false drops what is exhausted", async () => {
      const q = await rig.queue({ retryLimit: 0, deadLetter: false });
      await rig.push(q, ["u", { data: "k", partition: "a" }, { data: "next", partition: "a" }]);
      for (const d of [await rig.popOne(q), await rig.popOne(q)]) {
        const result = await rig.nack(d);
        assert.deepEqual([result.outcome, result.deadLetterId], ["dropped", null]);
      }
      assert.deepEqual((await rig.broker.inspect.deadLetters(q)).items, []);
      assert.deepEqual(texts(await rig.drain(q)), ["next"]);
    });

    rig.it("in a partition what is behind an exhausted message goes on", async () => {
      const q = await rig.queue({ retryLimit: 0 });
      await rig.push(q, ["bad", "good"], { partition: "a" });
      const [bad, good] = await rig.pop(q, { batch: 2 });
      assert.ok(bad && good);
      await rig.nack(bad);
      await rig.assertStale(good);
      assert.deepEqual(texts(await rig.drain(q)), ["good"]);
    });

    rig.it("in a partition a lease that runs out charges its first unsettled message only", async () => {
      const q = await rig.queue();
      await rig.push(q, numbered(4), { partition: "a" });
      const got = await rig.pop(q, { batch: 4, lease: 1000 });
      await rig.ack(nth(got, 0));
      await rig.expire(got);
      const again = await rig.popSoon(q, {}, 3);
      assert.deepEqual(texts(again), ["1", "2", "3"]);
      assert.deepEqual(again.map((d) => [d.attempt, d.deliveryCount]), [[2, 2], [1, 2], [1, 2]]);
    });

    rig.it("without a key a lease that runs out charges each unsettled one, and each comes back in a batch of its own", async () => {
      const q = await rig.queue();
      await rig.push(q, numbered(4));
      const got = await rig.pop(q, { batch: 4, lease: 1000 });
      await rig.ack(nth(got, 0));
      await rig.expire(got);
      await rig.push(q, ["fresh"]);
      const back = [];
      for (let i = 0; i < 3; i += 1) back.push(only(await rig.pop(q, { batch: 10 })));
      assert.deepEqual(texts(back).sort(), ["1", "2", "3"]);
      assert.deepEqual(back.map((d) => [d.attempt, d.deliveryCount]), [[2, 2], [2, 2], [2, 2]]);
      assert.deepEqual(texts(await rig.pop(q, { batch: 10 })), ["fresh"]);
    });

    rig.it("a poison message that kills its consumers ends as a dead letter, and takes no other with it", async () => {
      const q = await rig.queue({ retryLimit: 2 });
      await rig.push(q, ["good-1", "poison", "good-2"]);
      for (let crash = 0; crash < 20; crash += 1) {
        const got = await rig.pop(q, { batch: 10, lease: 1000 });
        if (got.length === 0) break;
        if (texts(got).includes("poison")) await rig.expire(got);
        else await rig.ack(...got);
      }
      const letters = (await rig.broker.inspect.deadLetters(q)).items;
      assert.deepEqual(texts(letters), ["poison"]);
      assert.deepEqual([only(letters).reason, only(letters).attempts], ["lease-expired", 3]);
      assert.equal((await rig.broker.queues.get(q)).counts.completed, 2);
    });

    rig.it("in a partition a poison message ends as a dead letter too, and the next ones are delivered", async () => {
      const q = await rig.queue({ retryLimit: 1 });
      await rig.push(q, ["poison", "good-1", "good-2"], { partition: "a" });
      for (let crash = 0; crash < 2; crash += 1) await rig.expire(await rig.popSoon(q, { batch: 3, lease: 1000 }, 3));
      assert.deepEqual(texts(await rig.popSoon(q, {}, 2)), ["good-1", "good-2"]);
      assert.deepEqual(texts((await rig.broker.inspect.deadLetters(q)).items), ["poison"]);
    });

    rig.it("an exhausted expiry is dropped with deadLetter: false", async () => {
      const q = await rig.queue({ retryLimit: 0, deadLetter: false });
      await rig.push(q, ["m", { data: "k", partition: "a" }]);
      await rig.expire([...(await rig.pop(q, { lease: 1000 })), ...(await rig.pop(q, { lease: 1000 }))]);
      assert.deepEqual(await rig.pop(q, { batch: 2 }), []);
      assert.deepEqual((await rig.broker.inspect.deadLetters(q)).items, []);
    });

    rig.it("a pop looks past leases that ran out and left nothing to deliver", async () => {
      for (const partition of [false, true]) {
        const q = await rig.queue({ retryLimit: 1, retryDelay: 0 });
        await rig.push(q, ["dies", "lives"].map((data) => (partition ? { data, partition: data } : data)));
        await rig.nack(await rig.popOne(q));
        const held = [await rig.popOne(q, { lease: 1000 }), await rig.popOne(q, { lease: 1000 })];
        assert.deepEqual(texts(held).sort(), ["dies", "lives"]);
        await rig.expire(held);
        assert.deepEqual(texts(await rig.pop(q)), ["lives"]);
      }
    });

    rig.it("chargeExpiry: false charges no expiry, however many there are", async () => {
      for (const partition of [undefined, "a"]) {
        const q = await rig.queue({ chargeExpiry: false, retryLimit: 1 });
        await rig.push(q, ["0", "1"], partition === undefined ? {} : { partition });
        for (let i = 1; i <= 5; i += 1) {
          const got = await rig.popSoon(q, { lease: 1000 }, 2);
          assert.deepEqual(got.map((d) => [d.attempt, d.deliveryCount]), [[1, i], [1, i]]);
          await rig.expire(got);
        }
      }
    });

    rig.it("a lease that ran out is redelivered at once: waiting for it was the delay", async () => {
      const q = await rig.queue({ retryDelay: "1h" });
      await rig.push(q, ["u", { data: "k", partition: "a" }]);
      await rig.expire([...(await rig.pop(q, { lease: 1000 })), ...(await rig.pop(q, { lease: 1000 }))]);
      assert.deepEqual(texts([...(await rig.pop(q)), ...(await rig.pop(q))]).sort(), ["k", "u"]);
    });

    const delays: [string, QueueOptionsInput & { backoff: BackoffInput }, number[]][] = [
      ["fixed", { retryDelay: 100, backoff: { kind: "fixed", jitter: 0 } }, [100, 100, 100, 100]],
      ["linear", { retryDelay: 100, backoff: { kind: "linear", jitter: 0 } }, [100, 200, 300, 400]],
      ["exponential", { retryDelay: 100, backoff: { kind: "exponential", jitter: 0 } }, [100, 200, 400, 800]],
      ["list, whose last entry repeats", { backoff: { kind: "list", delays: [50, "1s", 200], jitter: 0 } }, [50, 1000, 200, 200]],
      ["max", { retryDelay: 100, backoff: { kind: "exponential", max: 250, jitter: 0 } }, [100, 200, 250, 250]],
    ];
    for (const [name, options, expected] of delays) {
      rig.it(`backoff: ${name}`, async () => {
        const q = await rig.queue({ retryLimit: 10, ...options });
        await rig.push(q, ["m"]);
        for (const delay of expected) {
          const got = only(await rig.popSoon(q));
          const before = rig.now();
          const { retryAt } = await rig.nack(got);
          assert.ok(retryAt !== null && retryAt >= before + delay && retryAt <= rig.now() + delay, `retried ${delay} ms after the charge`);
          await rig.reach(retryAt);
        }
      });
    }

    rig.it("backoff: jitter spreads around the delay", async () => {
      const q = await rig.queue({ retryDelay: 100_000, backoff: { kind: "fixed", jitter: 0.5, max: "1h" } });
      await rig.push(q, numbered(40));
      const seen = new Set<number>();
      for (const delivery of await rig.pop(q, { batch: 40 })) {
        const before = rig.now();
        const { retryAt } = await rig.nack(delivery);
        assert.ok(retryAt !== null && retryAt >= before + 50_000 && retryAt <= rig.now() + 150_000);
        seen.add(Math.round((retryAt - before) / 1000));
      }
      assert.ok(seen.size > 5, `${seen.size} different delays`);
    });

    rig.it("the last error is shown while the message waits for its retry", async () => {
      const q = await rig.queue();
      const id = await rig.pushOne(q, "m");
      const { retryAt } = await rig.nack(await rig.popOne(q), { error: { message: "card declined" } });
      const message = await rig.broker.inspect.read(id);
      assert.deepEqual([message.state, message.lastError, message.charges, message.until], ["retrying", "card declined", 1, retryAt]);
    });
  });
}
