import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Connection } from "../../src/client/connection.ts";
import { HeldLeases } from "../../src/client/leases.ts";
import { silentLogger } from "../../src/client/log.ts";
import { type Messages, QueuescopeError } from "../../src/core/index.ts";
import { openQueues } from "../support/queues.ts";
import { until } from "../support/until.ts";

describe("pushing", () => {
  it("takes a value, several, and values with options", async (t) => {
    const queues = await openQueues(t);
    const orders = queues.queue("orders");
    assert.equal((await orders.push({ id: 1 })).status, "queued");
    const results = await orders.push([{ id: 2 }, { data: { id: 3 }, partition: "a", transactionId: "t-3", headers: { source: "shop" } }, { data: [4], delay: "1h" }]);
    assert.deepEqual(results.map(({ status }) => status), ["queued", "queued", "scheduled"]);
    assert.equal((await orders.push([{ data: 0, partition: "a", transactionId: "t-3" }]))[0]?.id, results[1]?.id);
    const popped = await orders.batch(10).pop();
    assert.deepEqual(new Set(popped.map(({ data }) => JSON.stringify(data))), new Set([`{"id":1}`, `{"id":2}`, `{"id":3}`]));
    const keyed = popped.find(({ partition }) => partition === "a");
    assert.deepEqual(keyed?.headers, { source: "shop" });
    assert.equal(keyed.transactionId, "t-3");
    assert.ok(keyed.createdAt instanceof Date);
  });

  it("gives every message of a builder its partition, unless the message has its own", async (t) => {
    const queues = await openQueues(t);
    const results = await queues.queue("orders").partition("a").push([1, { data: 2, partition: "b" }]);
    assert.deepEqual(results.map(({ partition }) => partition), ["a", "b"]);
  });

  it("brings data out as it went in", async (t) => {
    const queues = await openQueues(t);
    const odd = queues.queue("odd");
    const values = [null, "", {}, [], 0, false, "a\u0000b", { data: 1, other: 2 }, new Uint8Array([0, 255])];
    await odd.push(values.map((data) => ({ data })));
    await odd.push([{ data: `{"n": 12345678901234567890}`, encoding: "json" }, { data: "{no json", encoding: "text" }]);
    const popped = await odd.batch(20).pop();
    assert.deepEqual(popped.slice(0, -2).map(({ data }) => data), values);
    assert.equal(popped.at(-2)?.text, `{"n": 12345678901234567890}`);
    assert.equal(popped.at(-1)?.data, "{no json");
    assert.deepEqual(popped.slice(-3).map(({ encoding }) => encoding), ["bytes", "json", "text"]);
  });

  it("refuses bad input naming the field, before anything is stored", async (t) => {
    const queues = await openQueues(t);
    const orders = queues.queue("orders");
    await orders.create();
    const cycle: Record<string, unknown> = {};
    cycle["self"] = cycle;
    await assert.rejects(orders.push([{ id: 1 }, undefined]), { code: "invalid-input", field: "data" });
    await assert.rejects(orders.push({ a: [1n] }), { code: "invalid-input", field: "data.a[0]" });
    await assert.rejects(orders.push(cycle), { code: "invalid-input", field: "data.self" });
    await assert.rejects(orders.push({ data: "{", encoding: "json" }), { code: "invalid-input", field: "data" });
    await assert.rejects(orders.push({ data: 1, priority: 3, partition: "a" }), { code: "invalid-input", field: "priority" });
    await assert.rejects(orders.push({ data: 1, priority: 10 }), { code: "invalid-input", field: "priority" });
    await assert.rejects(orders.push({ data: 1, delay: "soon" }), { code: "invalid-input", field: "delay" });
    await assert.rejects(orders.push({ data: 1, delay: 1, deliverAt: new Date() }), { code: "invalid-input", field: "deliverAt" });
    await assert.rejects(orders.push({ data: 1, headers: { n: 1 as unknown as string } }), { code: "invalid-input", field: "headers.n" });
    await assert.rejects(orders.push({ data: 1, partition: "" }), { code: "invalid-input", field: "partition" });
    assert.equal((await orders.stats()).counts.ready, 0);
  });
});

describe("buffered pushes", () => {
  it("refuse at once what would never be stored, and go on without it", async (t) => {
    const events = (await openQueues(t)).queue("events");
    const buffer = events.buffer({ timeMillis: "1h" });
    await assert.rejects(buffer.push([{ data: 1, partition: "a", priority: 5 }]), { code: "invalid-input", field: "priority" });
    await buffer.push(2);
    await events.flushBuffer();
    assert.deepEqual((await events.batch(10).pop()).map(({ data }) => data), [2]);
  });

  it("go together when enough wait, or after the time, or on flush, in their order", async (t) => {
    const queues = await openQueues(t);
    const events = queues.queue("events");
    const stored = async (): Promise<number> => (await events.stats().catch(() => null))?.counts.ready ?? 0;
    const full = events.buffer({ messageCount: 3, timeMillis: "1h" });
    await full.push(1);
    await full.push([2]);
    assert.equal(queues.bufferStats().messages, 2);
    await full.push(3);
    await until("the full buffer to be pushed", async () => (await stored()) === 3);
    await events.buffer({ messageCount: 100, timeMillis: 10 }).push(4);
    await until("the timer to push", async () => (await stored()) === 4);
    await events.buffer({ timeMillis: "1h" }).push(5);
    await events.flushBuffer();
    assert.deepEqual((await events.batch(10).pop()).map(({ data }) => data), [1, 2, 3, 4, 5]);
    assert.deepEqual(queues.bufferStats(), { buffers: 0, messages: 0, oldestAge: 0 });
  });

  it("are all stored by close", async (t) => {
    const queues = await openQueues(t);
    const { connect } = await import("../../src/client/connect.ts");
    const other = await connect(queues.url);
    for (let n = 0; n < 250; n++) await other.queue("events").buffer({ timeMillis: "1h" }).push(n);
    await other.close();
    assert.deepEqual((await queues.queue("events").batch(1000).pop()).map(({ data }) => data), Array.from({ length: 250 }, (_, n) => n));
  });

  it("return to the front when they fail, and hold back further pushes at the limit", async (t) => {
    const queues = await openQueues(t);
    const events = queues.queue("events");
    await events.config({ maxSize: 1 }).create();
    await events.push("first");
    const buffer = events.buffer({ messageCount: 2, maxSize: 4, timeMillis: "1h" });
    await buffer.push([1, 2]);
    await buffer.push([3, 4]);
    await assert.rejects(buffer.push(5), { code: "queue-full" });
    await assert.rejects(queues.flushAllBuffers(), { code: "queue-full" });
    assert.equal(queues.bufferStats().messages, 4);
    await events.config({ maxSize: 0 }).create();
    await buffer.push(5);
    await queues.flushAllBuffers();
    assert.deepEqual((await events.batch(10).pop()).map(({ data }) => data), ["first", 1, 2, 3, 4, 5]);
  });

  it("that the queue's options refuse are dropped and told by the flush, once the others are pushed", async (t) => {
    const queues = await openQueues(t);
    const events = queues.queue("events");
    await events.config({ ordered: true }).create();
    const buffer = events.buffer({ messageCount: 3, timeMillis: "1h" });
    for (const [n, message] of [1, { data: 2, priority: 5 }, 3, 4, { data: 5, priority: 1 }].entries()) {
      await buffer.push(message);
      if (n === 2) await until("the full buffer to be pushed", async () => (await events.stats()).counts.ready === 2);
    }
    await assert.rejects(events.flushBuffer(), { code: "invalid-input", field: "priority", message: /^2 messages .*dropped/ });
    assert.equal(queues.bufferStats().messages, 0);
    await events.flushBuffer();
    assert.deepEqual((await events.batch(10).pop()).map(({ data }) => data), [1, 3, 4]);
  });

  it("are pushed on behind what a push that failed in the middle had stored", async (t) => {
    const queues = await openQueues(t);
    const { messages } = queues.broker;
    let pushes = 0;
    const push: Messages["push"] = async (queue, items) => {
      pushes += 1;
      if (pushes > 1) return messages.push(queue, items);
      const stored = (await messages.push(queue, items.slice(0, 2))).map(({ id }) => id);
      throw new QueuescopeError("partial-push", "The test cut the push off.", { stored });
    };
    const connection = new Connection({ broker: { ...queues.broker, messages: { ...messages, push } }, held: new HeldLeases(), logger: silentLogger, release: () => Promise.resolve() });
    const events = connection.queue("events");
    await events.buffer({ timeMillis: "1h" }).push([1, 2, 3, 4, 5]);
    await assert.rejects(events.flushBuffer(), { code: "partial-push" });
    await events.flushBuffer();
    assert.deepEqual((await events.batch(10).pop()).map(({ data }) => data), [1, 2, 3, 4, 5]);
  });

  it("that are refused don't keep the connection open: close tells of them and closes", async (t) => {
    const queues = await openQueues(t);
    const events = queues.queue("events");
    await events.config({ ordered: true }).create();
    await events.buffer({ timeMillis: "1h" }).push([{ data: 1, priority: 5 }]);
    await assert.rejects(queues.close(), { code: "invalid-input", field: "priority" });
    await assert.rejects(events.stats(), { code: "unavailable" });
    await queues.close();
  });

  it("refuse bad input at once", async (t) => {
    const queues = await openQueues(t);
    await assert.rejects(queues.queue("events").buffer().push({ data: 1, partition: "a", priority: 1 }), { code: "invalid-input", field: "priority" });
    assert.equal(queues.bufferStats().messages, 0);
  });
});
