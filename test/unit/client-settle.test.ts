import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { connect } from "../../src/client/connect.ts";
import { openQueues } from "../support/queues.ts";

describe("settling popped messages", () => {
  it("takes the message or its receipt, from another handle too", async (t) => {
    const queues = await openQueues(t);
    const orders = queues.queue("orders");
    await orders.push([1, 2]);
    const [first, second] = await orders.batch(2).pop();
    assert.ok(first && second?.receipt);
    const result = await queues.ack(first);
    assert.ok(result.ok && result.outcome === "completed");
    await using other = await connect(queues.url);
    await other.ack(second.receipt);
    assert.equal((await orders.stats()).counts.completed, 2);
  });

  it("throws for one stale receipt, and answers a result each for several", async (t) => {
    const queues = await openQueues(t);
    const orders = queues.queue("orders");
    await orders.push([1, 2]);
    const popped = await orders.batch(2).pop();
    const [first] = popped;
    assert.ok(first);
    await queues.release(first);
    await assert.rejects(queues.ack(first), { code: "lease-lost" });
    assert.deepEqual((await queues.ack(popped)).map(({ ok }) => ok), [false, true]);
  });

  it("renews a lease", async (t) => {
    const queues = await openQueues(t);
    const orders = queues.queue("orders");
    await orders.push(1);
    const [message] = await orders.lease("1m").pop();
    assert.ok(message?.leaseExpiresAt);
    const renewed = await queues.renew(message, "10m");
    assert.ok(renewed.ok && renewed.leaseExpiresAt > message.leaseExpiresAt.getTime());
  });

  it("refuses what has no receipt, and never takes a failure for an ack", async (t) => {
    const queues = await openQueues(t);
    const orders = queues.queue("orders");
    await orders.push([1, 2]);
    const [message] = await orders.atMostOnce().pop();
    assert.ok(message);
    assert.equal(message.receipt, null);
    await assert.rejects(queues.ack(message), { code: "invalid-input", message: /popped at most once/ });
    await assert.rejects(queues.ack({} as never), { code: "invalid-input" });
    const [second] = await orders.pop();
    assert.ok(second);
    await assert.rejects(queues.ack(second, false as never), { code: "invalid-input", message: /nack/ });
    await queues.ack(second);
  });

  it("waits for a message when asked to", async (t) => {
    const queues = await openQueues(t);
    const orders = queues.queue("orders");
    await orders.create();
    assert.deepEqual(await orders.pop(), []);
    const popping = orders.wait(true).timeout("20s").pop();
    await orders.push("late");
    assert.equal((await popping)[0]?.data, "late");
  });
});

describe("a transaction", () => {
  it("settles and pushes together", async (t) => {
    const queues = await openQueues(t);
    await queues.queue("in").push([1, 2]);
    const [first, second] = await queues.queue("in").batch(2).pop();
    assert.ok(first && second);
    const result = await queues.transaction().ack(first).nack(second, { error: "no", delay: "1h" }).queue("out").push(["a", "b"]).queue("log").partition("p").push({ data: "c", transactionId: "t" }).commit();
    assert.deepEqual(result.pushed.map((rows) => rows.length), [2, 1]);
    assert.deepEqual((await queues.queue("out").batch(5).pop()).map(({ data }) => data), ["a", "b"]);
    assert.equal((await queues.queue("log").pop())[0]?.partition, "p");
    const { counts } = await queues.queue("in").stats();
    assert.deepEqual([counts.completed, counts.retrying], [1, 1]);
  });

  it("changes nothing when a receipt is stale", async (t) => {
    const queues = await openQueues(t);
    await queues.queue("in").push([1, 2]);
    const [first, second] = await queues.queue("in").batch(2).pop();
    assert.ok(first && second);
    await queues.release(first);
    await assert.rejects(queues.transaction().ack([first, second]).queue("out").push("a").commit(), { code: "lease-lost" });
    await assert.rejects(queues.queue("out").pop(), { code: "queue-not-found" });
    assert.equal((await queues.queue("in").stats()).counts.leased, 1);
  });

  it("is refused when it is empty or committed already", async (t) => {
    const queues = await openQueues(t);
    await assert.rejects(queues.transaction().commit(), { code: "invalid-input", message: /empty/ });
    const transaction = queues.transaction().queue("out").push("a");
    await transaction.commit();
    await assert.rejects(transaction.commit(), { code: "invalid-input", message: /committed already/ });
  });
});

describe("dead letters", () => {
  it("are listed, counted, redriven, and discarded", async (t) => {
    const queues = await openQueues(t);
    const orders = queues.queue<number>("orders");
    await orders.push([1, 2, 3]);
    await queues.dead(await orders.batch(3).pop(), { error: new Error("hopeless") });
    assert.equal(await orders.dlq("default").count(), 3);
    const { items } = await orders.dlq("default").list({ match: "hopeless" });
    assert.deepEqual(items.map(({ data, reason }) => [data, reason]), [[1, "rejected"], [2, "rejected"], [3, "rejected"]]);
    const redriven = await orders.dlq().redrive({ ids: [items[0]?.id ?? ""], data: 10 });
    assert.equal(redriven.length, 1);
    const [again] = await orders.pop();
    assert.deepEqual([again?.data, again?.redrivenFrom?.messageId], [10, items[0]?.messageId]);
    assert.equal(await orders.dlq().discard({ redriven: true }), 1);
    assert.equal(await orders.dlq().count(), 2);
  });

  it("are redriven and discarded whatever their number, again too", async (t) => {
    const queues = await openQueues(t);
    const orders = queues.queue<number>("orders");
    await orders.push(Array.from({ length: 450 }, (_, n) => n));
    await queues.dead(await orders.batch(1000).pop());
    assert.equal((await orders.dlq().redrive()).length, 450);
    assert.equal((await orders.dlq().redrive({ again: true })).length, 450);
    assert.equal((await orders.stats()).counts.ready, 900);
    assert.equal(await orders.dlq().discard(), 450);
  });

  it("are consumed: a return discards, a throw keeps", async (t) => {
    const queues = await openQueues(t);
    const orders = queues.queue<number>("orders");
    await orders.push([1, 2, 3]);
    const ids = await orders.batch(3).pop();
    await queues.dead(ids);
    const result = await orders.dlq().consume(async (letter, { trace }) => {
      await trace({ eventType: "reviewed" });
      if (letter.data === 2) throw new Error("a person must look");
    });
    assert.deepEqual(result, { discarded: 2, kept: 1 });
    assert.deepEqual((await orders.dlq().list()).items.map(({ data }) => data), [2]);
  });
});

describe("a queue", () => {
  it("is created, then configured by create with other options, paused, resumed, and deleted", async (t) => {
    const queues = await openQueues(t);
    const orders = queues.queue("orders");
    assert.equal((await orders.config({ retryLimit: 5, leaseTime: "1m" }).create()).options.retryLimit, 5);
    const changed = await orders.config({ leaseTime: 30 }).create();
    assert.deepEqual([changed.options.retryLimit, changed.options.leaseTime], [5, 30_000]);
    await orders.push(1);
    await orders.pause();
    assert.deepEqual(await orders.pop(), []);
    await orders.resume();
    assert.equal((await orders.pop()).length, 1);
    await orders.delete();
    await assert.rejects(orders.info(), { code: "queue-not-found" });
  });

  it("gives groups their own place, from where they asked to start", async (t) => {
    const queues = await openQueues(t);
    const orders = queues.queue<number>("orders");
    await orders.push(1);
    assert.equal((await orders.group("all").pop()).length, 1);
    assert.equal((await orders.group("late").start("new").pop()).length, 0);
    await orders.push(2);
    assert.deepEqual((await orders.group("late").pop()).map(({ data }) => data), [2]);
    assert.throws(() => orders.start("whenever"), { code: "invalid-input", field: "start" });
    assert.throws(() => orders.batch(0), { code: "invalid-input", field: "batch" });
  });
});
