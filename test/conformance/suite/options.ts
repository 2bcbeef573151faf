import assert from "node:assert/strict";
import { type QueueOptions, type QueueOptionsInput, DEFAULT_OPTIONS } from "../../../src/core/index.ts";
import { type BrokerFactory, type Rig, conformance, eventually, ids, nth, numbered, only, refused, texts, wrong } from "./harness.ts";

export function options(factory: BrokerFactory): void {
  conformance(factory, "10. Queue options", (rig) => {
    rig.it("have the documented defaults", async () => {
      const { options: got } = await rig.broker.queues.create(rig.name());
      const expected: QueueOptions = {
        leaseTime: 300_000, retryLimit: 3, retryDelay: 1000, backoff: { kind: "exponential", delays: [], max: 60_000, jitter: 0.1 }, deadLetter: true, chargeExpiry: true,
        priority: 0, delayedProcessing: 0, windowBuffer: 0, maxSize: 0, overflow: "reject", ttl: 0, retentionSeconds: 0, completedRetentionSeconds: 604_800_000,
        maxWaitTimeSeconds: 0, dedupWindowSeconds: 3_600_000, ordered: false, encryptionEnabled: false, trace: "failures", namespace: null, task: null,
      };
      assert.deepEqual(got, expected);
      assert.deepEqual(DEFAULT_OPTIONS, expected);
    });

    rig.it("a bare number has the stated unit, and text its own", async () => {
      const { options: bare } = await rig.broker.queues.create(rig.name(), { leaseTime: 30, retryDelay: 30, ttl: 30, dedupWindowSeconds: 30, delayedProcessing: 30, windowBuffer: 30, retentionSeconds: 30, completedRetentionSeconds: 30, maxWaitTimeSeconds: 30 });
      assert.deepEqual([bare.leaseTime, bare.retryDelay, bare.ttl, bare.dedupWindowSeconds, bare.delayedProcessing, bare.windowBuffer, bare.retentionSeconds, bare.completedRetentionSeconds, bare.maxWaitTimeSeconds], [30_000, 30, 30_000, 30_000, 30_000, 30_000, 30_000, 30_000, 30_000]);
      const { options: own } = await rig.broker.queues.create(rig.name(), { leaseTime: "5m", retryDelay: "1.5s", ttl: "2h", dedupWindowSeconds: "1d", backoff: { kind: "list", delays: ["1s", 250], max: "10m" } });
      assert.deepEqual([own.leaseTime, own.retryDelay, own.ttl, own.dedupWindowSeconds], [300_000, 1500, 7_200_000, 86_400_000]);
      assert.deepEqual(own.backoff, { kind: "list", delays: [1000, 250], max: 600_000, jitter: 0.1 });
    });

    rig.it("configure merges: absent keeps, null resets; get shows it from any handle", async () => {
      const q = await rig.queue({ leaseTime: "1m", retryLimit: 7, namespace: "shop" });
      const configured = await rig.broker.queues.configure(q, { retryLimit: null, retryDelay: 50, namespace: null });
      assert.deepEqual([configured.options.leaseTime, configured.options.retryLimit, configured.options.retryDelay, configured.options.namespace], [60_000, 3, 50, null]);
      const other = await rig.another();
      assert.deepEqual((await other.queues.get(q)).options, configured.options);
    });

    rig.it("configure takes effect for what is there already, in every handle", async () => {
      const q = await rig.queue();
      await rig.push(q, ["m"]);
      const other = await rig.another();
      await other.queues.get(q);
      await rig.broker.queues.configure(q, { leaseTime: 5, retryLimit: 0 });
      const got = only(await other.messages.pop(q));
      assert.ok(got.leaseExpiresAt !== null && got.leaseExpiresAt <= rig.now() + 5000);
      assert.equal((await rig.nack(got)).outcome, "dead");
    });

    for (const [name, values] of Object.entries(WRONG)) {
      rig.it(`${name}: refuses what is out of bounds, naming the option`, async () => {
        const q = await rig.queue();
        for (const value of values) {
          await refused(rig.broker.queues.create(rig.name("refused"), wrong({ [name]: value })), "invalid-input", new RegExp(`^${name}`));
          await refused(rig.broker.queues.configure(q, wrong({ [name]: value })), "invalid-input", new RegExp(`^${name}`));
        }
        assert.deepEqual((await rig.broker.queues.get(q)).options, DEFAULT_OPTIONS);
      });
    }

    for (const [name, values] of Object.entries(RIGHT)) {
      rig.it(`${name}: takes its bounds`, async () => {
        for (const value of values) await rig.broker.queues.create(rig.name(), wrong({ [name]: value }));
      });
    }

    rig.it("an unknown option is refused, with the known ones named", async () => {
      await refused(rig.broker.queues.create(rig.name(), wrong({ leasetime: 5 })), "invalid-input", "leasetime");
      const q = await rig.queue();
      await refused(rig.broker.queues.configure(q, wrong({ mode: "replace", leaseTime: 1 })), "invalid-input", "mode");
      assert.equal((await rig.broker.queues.get(q)).options.leaseTime, 300_000);
    });

    rig.it("priority is the default of pushes without a key", async () => {
      const q = await rig.queue({ priority: 4 });
      await rig.push(q, [{ data: "low", priority: 1 }, "default", { data: "keyed", partition: "a" }, { data: "high", priority: 8 }]);
      const got = await rig.pop(q, { batch: 10 });
      assert.deepEqual(texts(got.filter((d) => d.partition === null)), ["high", "default", "low"]);
      assert.deepEqual(got.filter((d) => d.partition === "a").map((d) => d.priority), [0]);
    });

    rig.it("delayedProcessing hides messages until they have that age", async () => {
      const q = await rig.queue({ delayedProcessing: 2 });
      await rig.push(q, ["u", { data: "k", partition: "a" }]);
      assert.deepEqual(await rig.pop(q, { batch: 2 }), []);
      await rig.advance(2001);
      assert.deepEqual(texts(await rig.popSoon(q, {}, 2)).sort(), ["k", "u"]);
    });

    rig.it("delayedProcessing doesn't delay retries again", async () => {
      const q = await rig.queue({ delayedProcessing: 2 });
      await rig.push(q, ["m"]);
      await rig.advance(2001);
      await rig.release(only(await rig.popSoon(q)));
      assert.equal((await rig.popOne(q)).deliveryCount, 2);
    });

    rig.it("windowBuffer: a partition delivers nothing until it was quiet that long, then all", async () => {
      const q = await rig.queue({ windowBuffer: 2 });
      await rig.push(q, ["1"], { partition: "a" });
      await rig.advance(1200);
      await rig.push(q, ["2"], { partition: "a" });
      await rig.advance(1200);
      assert.deepEqual(await rig.pop(q, { batch: 10 }), []);
      await rig.push(q, ["3"], { partition: "a" });
      await rig.push(q, ["other"], { partition: "b" });
      await rig.advance(2001);
      assert.deepEqual(texts(await rig.popSoon(q, { partition: "a" }, 3)), ["1", "2", "3"]);
      assert.deepEqual(texts(await rig.popSoon(q)), ["other"]);
    });

    rig.it("windowBuffer: a partition that is pushed to doesn't hold another back", async () => {
      const q = await rig.queue({ windowBuffer: 2 });
      await rig.push(q, ["quiet"], { partition: "a" });
      await rig.advance(1500);
      await rig.push(q, ["busy"], { partition: "b" });
      await rig.advance(700);
      assert.deepEqual(texts(await rig.popSoon(q)), ["quiet"]);
      assert.deepEqual(await rig.pop(q), []);
    });

    rig.it("maxSize refuses what goes beyond it, and storing nothing of the push", async () => {
      const q = await rig.queue({ maxSize: 3 });
      await rig.push(q, ["1", "2", { data: "3", partition: "a" }]);
      await refused(rig.push(q, ["4"]), "queue-full");
      assert.equal((await rig.broker.queues.get(q)).counts.ready, 3);
    });

    rig.it("maxSize counts what some group hasn't completed", async () => {
      const q = await rig.queue({ maxSize: 2, retryDelay: 0 });
      await rig.push(q, ["1", "2"]);
      await rig.pop(q, { group: "slow", batch: 1, atMostOnce: true });
      await rig.drain(q, { group: "fast" });
      await refused(rig.push(q, ["3", "4"]), "queue-full");
      const second = await rig.popOne(q, { group: "slow" });
      await refused(rig.push(q, ["3", "4"]), "queue-full");
      await rig.ack(second);
      await rig.push(q, ["3", "4"]);
      await refused(rig.push(q, ["5"]), "queue-full");
    });

    rig.it("maxSize counts scheduled messages, and not duplicates", async () => {
      const q = await rig.queue({ maxSize: 2 });
      await rig.push(q, ["1", { data: "2", transactionId: "tx", deliverAt: rig.now() + 60_000 }]);
      assert.equal(only(await rig.push(q, [{ data: "2", transactionId: "tx" }])).status, "duplicate");
      await refused(rig.push(q, ["3"]), "queue-full");
    });

    rig.it("overflow drop-oldest makes room, sparing what is leased", async () => {
      const q = await rig.queue({ maxSize: 3, overflow: "drop-oldest" });
      await rig.push(q, ["1", "2", "3"]);
      const leased = await rig.popOne(q);
      await rig.push(q, ["4"]);
      assert.deepEqual(texts(await rig.drain(q)), ["3", "4"]);
      await rig.ack(leased);
    });

    rig.it("overflow drop-oldest with everything leased is queue-full", async () => {
      const q = await rig.queue({ maxSize: 2, overflow: "drop-oldest" });
      await rig.push(q, ["1", "2"]);
      const got = await rig.pop(q, { batch: 2 });
      await refused(rig.push(q, ["3"]), "queue-full");
      await rig.ack(...got);
      await rig.push(q, ["3"]);
    });

    rig.it("overflow drop-oldest never drops what the push itself brings", async () => {
      const q = await rig.queue({ maxSize: 2, overflow: "drop-oldest" });
      await rig.push(q, ["1", "2"]);
      await refused(rig.push(q, ["3", "4", "5"]), "queue-full");
      await rig.push(q, ["3", "4"]);
      assert.deepEqual(texts(await rig.drain(q)), ["3", "4"]);
    });

    rig.it("maxSize holds for a redrive too", async () => {
      const q = await rig.queue({ maxSize: 1 });
      await rig.push(q, ["dead"]);
      await rig.dead(await rig.popOne(q));
      await rig.push(q, ["fills"]);
      await refused(rig.broker.repair.redrive(q, { filter: {} }), "queue-full");
      await rig.drain(q);
      await rig.broker.repair.redrive(q, { filter: {} });
      assert.deepEqual(texts(await rig.drain(q)), ["dead"]);
    });

    rig.it("ttl: what expires is delivered to nobody any more", async () => {
      const q = await rig.queue({ ttl: 2 });
      await rig.push(q, ["1", { data: "k", partition: "a" }, { data: "longer", ttl: 60_000 }]);
      await rig.advance(2001);
      assert.deepEqual(texts(await rig.drain(q)), ["longer"]);
    });

    rig.it("ttl: an expired head doesn't stop its partition", async () => {
      const q = await rig.queue();
      await rig.push(q, [{ data: "short", ttl: 1000 }, "long"], { partition: "a" });
      await rig.advance(1001);
      assert.deepEqual(texts(await rig.popSoon(q, { partition: "a" })), ["long"]);
    });

    rig.it("ttl: an ack of a leased message that expired meanwhile still counts", async () => {
      const q = await rig.queue({ ttl: 2 });
      await rig.push(q, ["m", { data: "k", partition: "a" }]);
      const got = [...(await rig.pop(q)), ...(await rig.pop(q))];
      await rig.advance(2001);
      await rig.pop(q);
      await rig.ack(...got);
    });

    for (const partition of [undefined, "a"]) {
      const key = partition === undefined ? {} : { partition };
      const where = partition === undefined ? "without a key" : "in a partition";

      rig.it(`retentionSeconds deletes by age, completed or not, ${where}`, async () => {
        const q = await rig.queue({ retentionSeconds: 10 });
        const old = ids(await rig.push(q, ["done", "waiting"], key));
        await rig.ack(await rig.popOne(q));
        await rig.advance(9000);
        assert.deepEqual(await rig.broker.inspect.exists(old), old);
        const kept = await rig.pushOne(q, "young", key);
        await rig.advance(1500);
        await gone(rig, q, old);
        assert.deepEqual(await rig.broker.inspect.exists([kept]), [kept]);
        assert.deepEqual(texts(await rig.drain(q)), ["young"]);
      });

      rig.it(`completedRetentionSeconds deletes by age what every group completed, ${where}`, async () => {
        const q = await rig.queue({ completedRetentionSeconds: 10 });
        const all = ids(await rig.push(q, ["both", "one"], key));
        await rig.drain(q, { group: "x" });
        await rig.ack(await rig.popOne(q, { group: "y" }));
        await rig.advance(10_001);
        await gone(rig, q, [nth(all, 0)], "x");
        assert.deepEqual(await rig.broker.inspect.exists(all), [nth(all, 1)]);
        assert.deepEqual(texts(await rig.drain(q, { group: "y" })), ["one"]);
        await gone(rig, q, all, "x");
      });

      rig.it(`completedRetentionSeconds keeps what no group exists to complete, ${where}`, async () => {
        const q = await rig.queue({ completedRetentionSeconds: 1 });
        const kept = await rig.pushOne(q, "kept", key);
        await rig.advance(5000);
        await rig.push(q, ["another"], key);
        assert.deepEqual(await rig.broker.inspect.exists([kept]), [kept]);
      });

      rig.it(`maxWaitTimeSeconds deletes what waited that long, leased or not, ${where}`, async () => {
        const q = await rig.queue({ maxWaitTimeSeconds: 10 });
        const all = ids(await rig.push(q, ["leased", "waiting"], key));
        const leased = await rig.popOne(q);
        await rig.advance(10_001);
        await gone(rig, q, all);
        await rig.assertStale(leased);
        assert.deepEqual(await rig.pop(q), []);
        assert.deepEqual((await rig.broker.inspect.deadLetters(q)).items, []);
      });
    }

    for (const [name, options] of [["ttl", { ttl: 10 }], ["retentionSeconds", { retentionSeconds: 10 }]] as const) {
      for (const partition of [undefined, "a"]) {
        rig.it(`${name}: a pop of another group doesn't take a message from who works on it, ${partition === undefined ? "without a key" : "in a partition"}`, async () => {
          const q = await rig.queue({ ...options, leaseTime: 60 });
          await rig.push(q, ["old"], { partition });
          const again = only(await rig.pop(q, { group: "returned" }));
          await rig.release(again);
          const held = await rig.popOne(q, { group: "works" });
          await rig.advance(10_001);
          for (const group of ["comes", "returned"]) assert.deepEqual(await rig.pop(q, { group }), []);
          await rig.ack(held);
          for (const { lag } of await rig.broker.inspect.groups(q)) assert.equal(lag, 0);
        });
      }
    }

    rig.it("ttl: many that are over and worked on don't keep others", async () => {
      const [q, other] = [await rig.queue({ leaseTime: 60 }), await rig.queue()];
      await rig.push(q, numbered(250), { ttl: 9000 });
      await rig.pop(q, { batch: 250 });
      await rig.push(other, ["m"], { ttl: 10_000 });
      await rig.advance(10_001);
      await eventually(async () => { assert.equal((await rig.broker.inspect.stats(other)).messages, 0); });
      assert.equal((await rig.broker.inspect.stats(q)).messages, 250);
    });

    rig.it("ttl: a partition goes on around a message that is over and that another group works on", async () => {
      const q = await rig.queue({ leaseTime: 60 });
      await rig.push(q, ["1", { data: "over", ttl: 10_000 }, "3", { data: "over too", ttl: 10_000 }], { partition: "a" });
      const held = await rig.pop(q, { group: "works", batch: 4 });
      await rig.advance(10_001);
      assert.deepEqual(texts(await rig.drain(q, { group: "comes", batch: 2 })), ["1", "3"]);
      await rig.ack(...held);
      for (const { name, lag, counts } of await rig.broker.inspect.groups(q)) assert.deepEqual([name, lag, counts.ready, counts.leased], [name, 0, 0, 0]);
    });

    rig.it("what expires or is dropped leaves a trace event", async () => {
      const q = await rig.queue({ maxSize: 1, overflow: "drop-oldest", ttl: 5, retryLimit: 0, deadLetter: false });
      const dropped = await rig.pushOne(q, "dropped by overflow");
      const expired = await rig.pushOne(q, "expires");
      await rig.advance(5001);
      await rig.pop(q);
      const exhausted = await rig.pushOne(q, "exhausted");
      await rig.nack(await rig.popOne(q));
      for (const [id, type] of [[dropped, "dropped"], [expired, "expired or dropped"], [exhausted, "dropped"]] as const) {
        await eventually(async () => {
          await rig.pop(q);
          const { items } = await rig.broker.inspect.traces({ messageId: id });
          assert.ok(items.some((event) => type.includes(event.type)), `${id} was ${type}: ${items.map((e) => e.type).join()}`);
        });
      }
    });

    rig.it("namespace and task filter the list of queues", async () => {
      const [a, b] = [await rig.queue({ namespace: "shop", task: "bill" }), await rig.queue({ namespace: "shop", task: "ship" })];
      await rig.queue({ namespace: "other", task: "bill" });
      const named = async (request: object): Promise<string[]> => (await rig.broker.queues.list(request)).items.map((q) => q.name);
      assert.deepEqual(await named({ namespace: "shop" }), [a, b].sort());
      assert.deepEqual(await named({ namespace: "shop", task: "ship" }), [b]);
      assert.deepEqual(await named({ namespace: "nobody's" }), []);
    });
  });
}

/** Until housekeeping has deleted these, which a consumer's calls may start. */
async function gone(rig: Rig, queue: string, messages: readonly string[], group = "housekeeper"): Promise<void> {
  await eventually(async () => {
    if (group !== "housekeeper") await rig.pop(queue, { group });
    assert.deepEqual(await rig.broker.inspect.exists(messages), []);
  });
}

const BAD_DURATIONS = [-1, Number.NaN, Number.POSITIVE_INFINITY, "5x", "", "-1s", "1e3", true, [], 1e15];

const WRONG: Record<string, unknown[]> = {
  leaseTime: [...BAD_DURATIONS, 0],
  retryLimit: [-1, 1.5, 1_000_001, "three", Number.NaN, true],
  retryDelay: BAD_DURATIONS,
  backoff: ["random", 7, true, [], { kind: "list" }, { kind: "fixed", delays: [1] }, { jitter: 1.1 }, { jitter: -0.1 }, { max: -1 }, { min: 1 }, [-1], { kind: "list", delays: ["x"] }],
  deadLetter: ["yes", 1, {}],
  chargeExpiry: ["yes", 0],
  priority: [-1, 10, 1.5, "high"],
  delayedProcessing: BAD_DURATIONS,
  windowBuffer: BAD_DURATIONS,
  maxSize: [-1, 1.5, Number.MAX_SAFE_INTEGER + 1, "many"],
  overflow: ["drop", "", 1],
  ttl: BAD_DURATIONS,
  retentionSeconds: BAD_DURATIONS,
  completedRetentionSeconds: BAD_DURATIONS,
  maxWaitTimeSeconds: BAD_DURATIONS,
  dedupWindowSeconds: BAD_DURATIONS,
  ordered: ["yes", 1],
  encryptionEnabled: ["yes", 1],
  trace: ["some", true],
  namespace: ["", "x".repeat(256), 7],
  task: ["", "x".repeat(256), 7],
};

const RIGHT: { readonly [K in keyof QueueOptions]?: readonly unknown[] } = {
  leaseTime: [0.001, "1ms", "100d"],
  retryLimit: [0, 1_000_000, "5"],
  retryDelay: [0, "1d"],
  backoff: ["fixed", "linear", "exponential", "1s,5s", { max: 0 }, { jitter: 0 }, { jitter: 1 }, ["1s", 5]],
  priority: [0, 9],
  maxSize: [0, Number.MAX_SAFE_INTEGER],
  overflow: ["reject", "drop-oldest"],
  trace: ["off", "failures", "all"],
  namespace: ["x".repeat(255), "a.b c"],
} satisfies { readonly [K in keyof QueueOptionsInput]?: readonly unknown[] };
