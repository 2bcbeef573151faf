import assert from "node:assert/strict";
import { MESSAGE_STATES, payloadText } from "../../../src/core/index.ts";
import { type BrokerFactory, type Rig, allRefused, conformance, eventually, ids, nth, numbered, only, pages, refused, states, texts, wrong } from "./harness.ts";

export function inspect(factory: BrokerFactory): void {
  conformance(factory, "12. Inspecting changes nothing", (rig) => {
    const browse = (q: string, request: object = {}): Promise<string[]> => pages((after) => rig.broker.inspect.browse(q, { ...request, ...(after === undefined ? {} : { after }) })).then(texts);

    rig.it("no look leases, acks or counts, nor makes a group", async () => {
      const q = await rig.queue();
      const [u] = await rig.push(q, ["u", { data: "k", partition: "a" }]);
      assert.ok(u);
      const { inspect, queues } = rig.broker;
      const look = { group: "g" };
      await inspect.peek(q, look);
      await inspect.browse(q, look);
      await inspect.read(u.id, "g");
      await inspect.exists([u.id]);
      await inspect.partitions(q, look);
      await inspect.leases(q, look);
      await inspect.metrics(q, { ...look, from: 0, to: rig.now() });
      await inspect.stats(q);
      await queues.get(q);
      assert.deepEqual(await inspect.groups(q), []);
      const stats = await inspect.stats(q);
      assert.deepEqual([stats.totalDeliveries, stats.neverDelivered, stats.counts.ready], [0, 2, 2]);
      assert.deepEqual((await rig.drain(q, { group: "g" })).map((d) => [d.attempt, d.deliveryCount]), [[1, 1], [1, 1]]);
    });

    rig.it("every state is told apart, and is that of the group asked for", async () => {
      const q = await allStates(rig);
      const all = (await rig.broker.inspect.browse(q)).items;
      assert.deepEqual(states(all), STATES);
      assert.deepEqual(new Set(all.map((m) => m.group)), new Set(["default"]));
      const other = (await rig.broker.inspect.browse(q, { group: "never-popped" })).items;
      assert.deepEqual(states(other), { ...Object.fromEntries(Object.keys(STATES).map((k) => [k, "ready"])), scheduled: "scheduled" });
      assert.deepEqual(new Set(other.map((m) => m.group)), new Set(["never-popped"]));
    });

    rig.it("browse filters by state", async () => {
      const q = await allStates(rig);
      for (const state of MESSAGE_STATES) {
        assert.deepEqual(await browse(q, { state }), Object.entries(STATES).filter(([, s]) => s === state).map(([k]) => k), state);
      }
    });

    rig.it("counts by state agree with what browse shows", async () => {
      const q = await allStates(rig);
      const expected = Object.fromEntries(MESSAGE_STATES.map((state) => [state, Object.values(STATES).filter((s) => s === state).length]));
      assert.deepEqual({ ...(await rig.broker.queues.get(q)).counts }, expected);
      assert.deepEqual({ ...(await rig.broker.inspect.stats(q)).counts }, expected);
      const group = (await rig.broker.inspect.groups(q)).find((g) => g.name === "default");
      assert.deepEqual({ ...group?.counts }, expected);
      assert.equal(group?.lag, Object.values(STATES).filter((s) => s === "ready" || s === "leased" || s === "retrying").length);
    });

    rig.it("until says when a message is due, retried, or its lease ends; worker says who has it", async () => {
      const q = await rig.queue();
      const deliverAt = rig.now() + 60_000;
      const [later, leased, retrying, ready] = ids([...(await rig.push(q, ["later"], { deliverAt })), ...(await rig.push(q, ["leased", "retrying", "ready"]))]);
      const [one, two] = await rig.pop(q, { batch: 2, worker: "w-1" });
      assert.ok(one && two && later && leased && retrying && ready);
      const { retryAt } = await rig.nack(two, { error: { message: "no" } });
      const view = async (id: string): Promise<unknown[]> => { const m = await rig.broker.inspect.read(id); return [m.state, m.until, m.worker, m.charges, m.deliveryCount]; };
      assert.deepEqual(await view(later), ["scheduled", deliverAt, null, 0, 0]);
      assert.deepEqual(await view(leased), ["leased", one.leaseExpiresAt, "w-1", 0, 1]);
      assert.deepEqual(await view(retrying), ["retrying", retryAt, null, 1, 1]);
      assert.deepEqual(await view(ready), ["ready", null, null, 0, 0]);
    });

    rig.it("a lease that ran out shows as no longer leased, before anybody pops", async () => {
      const q = await rig.queue();
      const [u, k] = ids(await rig.push(q, ["u", { data: "k", partition: "a" }]));
      assert.ok(u && k);
      await rig.expire([...(await rig.pop(q, { lease: 1000 })), ...(await rig.pop(q, { lease: 1000 }))]);
      for (const id of [u, k]) assert.notEqual((await rig.broker.inspect.read(id)).state, "leased");
      assert.deepEqual((await rig.broker.inspect.leases(q)).items, []);
    });

    rig.it("a scheduled message whose time has come shows as ready", async () => {
      const q = await rig.queue();
      const id = await rig.pushOne(q, "m", { deliverAt: rig.now() + 1000 });
      await rig.advance(1001);
      await eventually(async () => { assert.equal((await rig.broker.inspect.read(id)).state, "ready"); });
    });

    rig.it("peek shows what the next pops would give, in their order", async () => {
      const q = await rig.queue();
      await rig.push(q, [{ data: "low", priority: 1 }, { data: "high", priority: 9 }, { data: "mid-1", priority: 5 }, { data: "mid-2", priority: 5 }]);
      const shown = texts(await rig.broker.inspect.peek(q));
      assert.deepEqual(shown, ["high", "mid-1", "mid-2", "low"]);
      assert.deepEqual(texts(await rig.drain(q)), shown);
      assert.deepEqual(await rig.broker.inspect.peek(q), []);
    });

    rig.it("peek of a partition, with a limit, without what is leased or waits", async () => {
      const q = await rig.queue();
      await rig.push(q, numbered(5), { partition: "a" });
      await rig.push(q, ["b"], { partition: "b" });
      assert.deepEqual(texts(await rig.broker.inspect.peek(q, { partition: "a", limit: 3 })), ["0", "1", "2"]);
      const held = await rig.popOne(q, { partition: "a" });
      assert.deepEqual(texts(await rig.broker.inspect.peek(q)), ["b"]);
      assert.equal((await rig.broker.inspect.peek(q, { group: "other", limit: 1000 })).length, 6);
      await rig.nack(held, { delay: 60_000 });
      assert.deepEqual(texts(await rig.broker.inspect.peek(q)), ["b"]);
    });

    rig.it("browse goes through everything in order of entry, page by page, the scheduled ones last by due time", async () => {
      const q = await rig.queue();
      await rig.push(q, ["later-2"], { deliverAt: rig.now() + 120_000 });
      await rig.push(q, ["later-1"], { deliverAt: rig.now() + 60_000 });
      await rig.push(q, numbered(25).map((data, i) => (i % 3 === 0 ? { data, partition: `p${i % 2}` } : data)));
      await rig.drain(q, { batch: 4, partition: "p0" });
      for (const limit of [1, 7, 1000]) assert.deepEqual(await browse(q, { limit }), [...numbered(25), "later-1", "later-2"]);
    });

    rig.it("browse filters by partition, time and text in payload, headers and transaction id, any case", async () => {
      const q = await rig.queue();
      await rig.push(q, ["Apple", { data: "b", headers: { h: "green apple" } }, { data: "c", transactionId: "tx-apple" }, { data: "d", partition: "p" }]);
      await rig.advance(50);
      const from = rig.now();
      await rig.advance(50);
      await rig.push(q, [{ data: "apple sauce", partition: "p" }, "e"]);
      assert.deepEqual(await browse(q, { match: "aPPle" }), ["Apple", "b", "c", "apple sauce"]);
      assert.deepEqual(await browse(q, { match: "apple", from }), ["apple sauce"]);
      assert.deepEqual(await browse(q, { to: from }), ["Apple", "b", "c", "d"]);
      assert.deepEqual(await browse(q, { partition: "p" }), ["d", "apple sauce"]);
      assert.deepEqual(await browse(q, { match: "100%_" }), []);
      assert.deepEqual(await browse(q, { partition: "nowhere" }), []);
    });

    rig.it("search reads at most 2000 messages a call and says where to go on", async () => {
      const q = await rig.queue();
      for (let at = 0; at < 4500; at += 1500) await rig.push(q, numbered(1500).map((n) => String(at + Number(n))));
      await rig.push(q, ["needle"]);
      const first = await rig.broker.inspect.browse(q, { match: "needle" });
      assert.deepEqual(first.items, []);
      assert.notEqual(first.next, null);
      assert.deepEqual(await browse(q, { match: "needle" }), ["needle"]);
    });

    rig.it("read and exists, of completed messages too while they are kept", async () => {
      const q = await rig.queue();
      const [a, b] = ids(await rig.push(q, ["a", "b"]));
      assert.ok(a && b);
      await rig.ack(await rig.popOne(q));
      assert.equal((await rig.broker.inspect.read(a)).state, "completed");
      assert.equal((await rig.broker.inspect.read(a, "other")).state, "ready");
      assert.deepEqual((await rig.broker.inspect.exists([b, "m999-999", a, "garbled", ""])).sort(), [a, b].sort());
      assert.deepEqual(await rig.broker.inspect.exists([]), []);
      for (const id of ["m999-999", "garbled", "", `${a}0`]) await refused(rig.broker.inspect.read(id), "message-not-found");
    });

    rig.it("stats", async () => {
      const q = await rig.queue({ retryDelay: 0 });
      const pushed = ids(await rig.push(q, ["12345", "67890", { data: "abc", partition: "p" }]));
      await rig.advance(2000);
      const held = await rig.popOne(q, { worker: "w" });
      await rig.release(held);
      await rig.ack(await rig.popOne(q));
      await rig.pop(q, { group: "g" });
      const stats = await rig.broker.inspect.stats(q);
      assert.equal(stats.queue, q);
      assert.deepEqual([stats.counts.ready, stats.counts.completed, stats.neverDelivered, stats.totalDeliveries], [2, 1, 2, 3]);
      assert.deepEqual([stats.firstId, stats.lastId, stats.partitions], [nth(pushed, 0), nth(pushed, 2), 1]);
      assert.ok(stats.bytes >= 13, `${stats.bytes} bytes`);
      assert.ok(stats.oldestReadyAge !== null && stats.oldestReadyAge >= 2000);
      assert.deepEqual(stats.groups.map((g) => g.name).sort(), ["default", "g"]);
      if (rig.broker.capabilities.broker === "local") assert.ok((stats.fileSize ?? 0) > 0);
    });

    rig.it("stats of an empty queue", async () => {
      const q = await rig.queue();
      const stats = await rig.broker.inspect.stats(q);
      assert.deepEqual([stats.neverDelivered, stats.totalDeliveries, stats.bytes, stats.oldestReadyAge, stats.firstId, stats.lastId, stats.partitions], [0, 0, 0, null, null, null, 0]);
      assert.deepEqual(Object.values(stats.counts), [0, 0, 0, 0, 0, 0]);
    });

    rig.it("groups: start, lag, age, counts", async () => {
      const q = await rig.queue();
      await rig.push(q, numbered(4));
      await rig.advance(1000);
      await rig.ack(...(await rig.pop(q, { group: "b", batch: 2 })));
      await rig.pop(q, { group: "b" });
      await rig.pop(q, { group: "a", start: "new" });
      const [a, b] = await rig.broker.inspect.groups(q);
      assert.ok(a && b);
      assert.deepEqual([a.name, a.start, a.lag, a.oldestReadyAge, a.paused, a.held], ["a", "new", 0, null, false, null]);
      assert.deepEqual([b.name, b.start, b.lag, b.counts.completed, b.counts.leased, b.counts.ready], ["b", "all", 2, 2, 1, 1]);
      assert.ok(b.oldestReadyAge !== null && b.oldestReadyAge >= 1000);
    });

    rig.it("partitions: the most behind first, or by name, in pages, filtered", async () => {
      const q = await rig.queue();
      for (const [partition, count] of [["one", 1], ["Three", 3], ["two", 2], ["four", 4]] as const) await rig.push(q, numbered(count), { partition });
      await rig.push(q, ["no key"]);
      await rig.ack(...(await rig.pop(q, { partition: "four", batch: 4 })));
      const names = (request: object): Promise<string[]> => pages((after) => rig.broker.inspect.partitions(q, { ...request, ...(after === undefined ? {} : { after }) })).then((all) => all.map((p) => p.name));
      assert.deepEqual((await names({})).slice(0, 3), ["Three", "two", "one"]);
      assert.deepEqual((await names({ limit: 1 })).slice(0, 3), ["Three", "two", "one"]);
      assert.deepEqual((await names({ group: "other" })).slice(0, 4), ["four", "Three", "two", "one"]);
      assert.deepEqual(await names({ sort: "name", match: "t" }), ["Three", "two"]);
      const held = await rig.popOne(q, { partition: "Three" });
      const three = (await rig.broker.inspect.partitions(q, { match: "three" })).items;
      assert.deepEqual([only(three).messages, only(three).lag, only(three).leased, only(three).readyAt], [3, 3, true, held.leaseExpiresAt]);
      assert.ok((only(three).lastPushedAt ?? 0) <= rig.now());
    });

    rig.it("leases: of whom, since when, until when; in pages, by group and worker", async () => {
      const q = await rig.queue();
      await rig.push(q, [...numbered(3), { data: "k", partition: "a" }]);
      const before = rig.now();
      const mine = await rig.pop(q, { batch: 2, worker: "w-1" });
      await rig.pop(q, { batch: 10, worker: "w-2" });
      await rig.pop(q, { group: "g", batch: 10 });
      const leases = (request: object): Promise<string[]> => pages((after) => rig.broker.inspect.leases(q, { ...request, ...(after === undefined ? {} : { after }) })).then((all) => texts(all).sort());
      assert.deepEqual(await leases({ worker: "w-1" }), texts(mine).sort());
      assert.equal((await leases({ group: "default", limit: 1 })).length >= 3, true);
      assert.deepEqual(await leases({ group: "nobody" }), []);
      const one = nth((await rig.broker.inspect.leases(q, { worker: "w-1" })).items, 0);
      assert.deepEqual([one.state, one.worker, one.group, one.leaseExpiresAt], ["leased", "w-1", "default", mine[0]?.leaseExpiresAt]);
      assert.ok(one.leasedAt >= before && one.leasedAt <= rig.now());
    });

    rig.it("a histogram of entries over a time", async () => {
      const q = await rig.queue();
      const from = rig.now();
      await rig.push(q, numbered(3));
      await rig.advance(1000);
      await rig.push(q, numbered(2));
      await rig.advance(1000);
      const counts = await rig.broker.inspect.histogram(q, { from, to: rig.now() + 1, buckets: 4 });
      assert.equal(counts.length, 4);
      assert.equal(counts.reduce((sum, n) => sum + n, 0), 5);
      assert.deepEqual(await rig.broker.inspect.histogram(q, { from: 0, to: from, buckets: 2 }), [0, 0]);
    });

    rig.it("metrics by the minute", async () => {
      const q = await rig.queue({ retryDelay: 0, retryLimit: 1 });
      const from = Math.floor(rig.now() / 60_000) * 60_000;
      await rig.push(q, ["good", "bad"]);
      const [good, bad] = await rig.pop(q, { batch: 2 });
      assert.ok(good && bad);
      await rig.ack(good);
      await rig.nack(bad);
      await rig.nack(await rig.popOne(q));
      await rig.advance(60_000);
      await rig.push(q, ["next minute"]);
      const points = await rig.broker.inspect.metrics(q, { from, to: rig.now() + 60_000 });
      const total = (of: "pushed" | "delivered" | "completed" | "failed" | "dead"): number => points.reduce((sum, p) => sum + p[of], 0);
      assert.deepEqual([total("pushed"), total("delivered"), total("completed"), total("failed"), total("dead")], [3, 3, 1, 2, 1]);
      assert.ok(points.length >= 2, "minutes are told apart");
      assert.deepEqual(points.map((p) => p.minute % 60_000), points.map(() => 0));
      assert.deepEqual(points.map((p) => p.minute), points.map((p) => p.minute).sort((a, b) => a - b));
      assert.equal(points.at(-1)?.depth, 1);
      await eventually(async () => {
        const timed = await rig.broker.inspect.metrics(q, { from, to: rig.now() + 60_000 });
        assert.ok(timed.some((p) => p.runP50 !== null && p.waitP95 !== null), "how long messages waited and ran");
      });
      assert.deepEqual(await rig.broker.inspect.metrics(q, { from: 0, to: from }), []);
    });

    rig.it("health says what it runs on, and that it is well", async () => {
      const health = await rig.broker.inspect.health();
      assert.equal(health.ok, true, health.problems.join());
      assert.deepEqual(health.problems, []);
      assert.ok(health.version.length > 0 && health.broker.length > 0);
    });

    rig.it("refuses wrong requests, naming the field", async () => {
      const q = await rig.queue();
      const { inspect, queues } = rig.broker;
      for (const limit of [0, -1, 1.5, 1001, Number.NaN, wrong<number>("5")]) {
        await allRefused([inspect.browse(q, { limit }), inspect.peek(q, { limit }), inspect.partitions(q, { limit }), inspect.leases(q, { limit }), inspect.deadLetters(q, { limit }), queues.list({ limit }), inspect.traces({ match: "x", limit }), inspect.traceNames({ limit })], "invalid-input", "limit");
      }
      for (const after of ["garbled", "", "\u0000", wrong<string>(7)]) {
        await allRefused([inspect.browse(q, { after }), inspect.partitions(q, { after }), inspect.leases(q, { after }), inspect.deadLetters(q, { after }), inspect.traces({ match: "x", after })], "invalid-input", "after");
      }
      await refused(inspect.browse(q, { state: wrong("gone") }), "invalid-input", "state");
      await refused(inspect.browse(q, { group: "a\u0000" }), "invalid-input", "group");
      await refused(inspect.browse(q, { from: Number.NaN }), "invalid-input", "from");
      await refused(inspect.partitions(q, { sort: wrong("size") }), "invalid-input", "sort");
      for (const buckets of [0, -1, 1.5, Number.NaN, 1e9]) await refused(inspect.histogram(q, { from: 0, to: 1000, buckets }), "invalid-input", "buckets");
      await refused(inspect.histogram(q, { from: 1000, to: 1000, buckets: 2 }), "invalid-input", /from|to/);
      await refused(inspect.exists(wrong("x")), "invalid-input", /ids/);
    });

    rig.it("a page's continuation survives changes in between", async () => {
      const q = await rig.queue();
      await rig.push(q, numbered(10));
      const first = await rig.broker.inspect.browse(q, { limit: 4 });
      await rig.broker.repair.remove(ids(first.items));
      await rig.push(q, ["10"]);
      assert.ok(first.next !== null);
      const rest = await rig.broker.inspect.browse(q, { after: first.next });
      assert.deepEqual(rest.items.map((m) => payloadText(m.payload)), numbered(11).slice(4));
    });
  });
}

const STATES = { completed: "completed", "completed-k": "completed", dead: "dead", leased: "leased", retrying: "retrying", "leased-k": "leased", ready: "ready", "retrying-k": "retrying", "behind-k": "ready", released: "ready", scheduled: "scheduled" };

/** A queue with a message in each state of group default, named after it. */
async function allStates(rig: Rig): Promise<string> {
  const q = await rig.queue({ retryDelay: "1h" });
  await rig.push(q, Object.keys(STATES).filter((name) => name !== "scheduled").map((name) => ({ data: name, ...(name.endsWith("-k") ? { partition: name === "behind-k" ? "retrying-k" : name } : {}) })));
  await rig.push(q, ["scheduled"], { deliverAt: rig.now() + 3_600_000 });
  for (const message of (await rig.broker.inspect.browse(q)).items) {
    const name = payloadText(message.payload);
    if (["ready", "behind-k", "scheduled"].includes(name)) continue;
    const got = only(await rig.pop(q, { messageId: message.id }));
    if (name.startsWith("completed")) await rig.ack(got);
    if (name === "dead") await rig.dead(got);
    if (name.startsWith("retrying")) await rig.nack(got);
    if (name === "released") await rig.release(got);
  }
  return q;
}
