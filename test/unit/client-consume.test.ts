import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Connection } from "../../src/client/connection.ts";
import type { HandlerContext } from "../../src/client/handler.ts";
import { HeldLeases } from "../../src/client/leases.ts";
import { silentLogger, type Logger } from "../../src/client/log.ts";
import type { Message } from "../../src/client/message.ts";
import { isQueuescopeError, QueuescopeError } from "../../src/core/index.ts";
import type { Broker, Messages } from "../../src/core/index.ts";
import { openQueues } from "../support/queues.ts";
import { until } from "../support/until.ts";

const numbers = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

describe("consuming", () => {
  it("gives one message at a time in push order, acks on return, and ends at the limit", async (t) => {
    const queues = await openQueues(t);
    const orders = queues.queue<number>("orders");
    await orders.push(numbers(5));
    const seen: number[] = [];
    const summary = await orders.limit(3).consume((message) => { seen.push(message.data); });
    assert.deepEqual(summary, { processed: 3, failed: 0, reason: "limit" });
    assert.deepEqual(seen, [0, 1, 2]);
    const { counts } = await orders.stats();
    assert.deepEqual([counts.completed, counts.ready, counts.leased], [3, 2, 0]);
  });

  it("waits for messages, and for a queue that doesn't exist yet, until the signal", async (t) => {
    const queues = await openQueues(t);
    const orders = queues.queue<number>("orders");
    const stop = new AbortController();
    const seen: number[] = [];
    const consuming = orders.concurrency(3).consume((message) => { seen.push(message.data); }, { signal: stop.signal });
    await orders.push(1);
    await until("the first message", () => seen.length === 1);
    await orders.push([2, 3, 4, 5]);
    await until("the others", () => seen.length === 5);
    stop.abort();
    assert.deepEqual(await consuming, { processed: 5, failed: 0, reason: "stopped" });
    assert.equal((await orders.stats()).counts.completed, 5);
  });

  it("with wait(false) ends when nothing is ready, what handlers pushed meanwhile included", async (t) => {
    const queues = await openQueues(t);
    const orders = queues.queue<number>("orders");
    await orders.push(3);
    const seen: number[] = [];
    const summary = await orders.concurrency(2).wait(false).consume(async ({ data }, context) => {
      seen.push(data);
      await sleep(30);
      if (data > 0) await context.queues.queue("orders").push(data - 1);
    });
    assert.deepEqual(seen, [3, 2, 1, 0]);
    assert.equal(summary.reason, "drained");
  });

  it("with idle ends after that long without a message, an absent queue included", async (t) => {
    const queues = await openQueues(t);
    const orders = queues.queue<number>("orders");
    assert.equal((await orders.idle(30).consume(() => undefined)).reason, "drained");
    await orders.push(1);
    assert.deepEqual(await orders.idle(30).consume(() => undefined), { processed: 1, failed: 0, reason: "drained" });
  });

  it("runs as many handlers at once as concurrency says, and no more", async (t) => {
    const queues = await openQueues(t);
    const orders = queues.queue<number>("orders");
    await orders.push(numbers(12));
    let [running, most] = [0, 0];
    await orders.concurrency(4).wait(false).consume(async () => {
      running += 1;
      most = Math.max(most, running);
      await sleep(20);
      running -= 1;
    });
    assert.equal(most, 4);
  });

  it("keeps the order of a partition, whatever the concurrency and the failures", async (t) => {
    const queues = await openQueues(t);
    const orders = queues.queue<number>("orders");
    await orders.config({ retryDelay: 1 }).create();
    await orders.push(numbers(60).map((n) => ({ data: n, partition: `p${n % 3}` })));
    const seen = new Map<string, number[]>();
    const running = new Set<string>();
    await orders.concurrency(6).batch(4).each().idle(300).consume(async ({ data, partition, attempt }) => {
      const key = partition ?? "";
      assert.ok(!running.has(key), "one at a time in a partition");
      running.add(key);
      await sleep(1);
      running.delete(key);
      if (data % 7 === 0 && attempt === 1) throw new Error("the first attempt fails");
      seen.set(key, [...(seen.get(key) ?? []), data]);
    });
    for (const [key, values] of seen) assert.deepEqual(values, numbers(60).filter((n) => `p${n % 3}` === key));
    assert.equal(seen.size, 3);
  });
});

describe("a handler that fails", () => {
  const failing = (queue: { attempts: number[] }) => (message: Message): void => {
    queue.attempts.push(message.attempt);
    throw new TypeError("no such field");
  };

  it("by a throw is retried, then dead, with its error and stack", async (t) => {
    const queues = await openQueues(t);
    const orders = queues.queue("orders");
    await orders.config({ retryLimit: 2, retryDelay: 1 }).create();
    await orders.push({ id: 1 });
    const calls = { attempts: [] };
    const summary = await orders.limit(3).consume(failing(calls));
    assert.deepEqual(calls.attempts, [1, 2, 3]);
    assert.equal(summary.failed, 3);
    const [letter] = (await orders.dlq().list()).items;
    assert.equal(letter?.error, "TypeError: no such field");
    assert.match(letter.stack ?? "", /client-consume\.test\.ts:\d+:\d+/);
    assert.doesNotMatch(letter.stack ?? "", /src\/client\//, "how the handler was called is nobody's concern");
    assert.deepEqual(letter.data, { id: 1 });
    assert.equal(letter.attempts, 3);
  });

  it("by { success: false } keeps the error and its details", async (t) => {
    const queues = await openQueues(t);
    const orders = queues.queue("orders");
    await orders.config({ retryLimit: 0 }).create();
    await orders.push([1, 2, 3]);
    const results = [{ success: false, error: "declined", details: { code: 7 } }, { success: false, details: { stack: "at somewhere" } }, { success: true }] as const;
    let call = 0;
    await orders.limit(3).consume(() => results[call++]);
    const letters = (await orders.dlq("default").list()).items.map(({ error, stack }) => ({ error, stack }));
    assert.deepEqual(letters, [{ error: "declined", stack: `{"code":7}` }, { error: "The handler returned success: false.", stack: "at somewhere" }]);
  });
});

describe("a batch", () => {
  it("is an array, acked or failed as a whole", async (t) => {
    const queues = await openQueues(t);
    const orders = queues.queue<number>("orders");
    await orders.config({ retryDelay: 1 }).create();
    await orders.push(numbers(5));
    const sizes: number[] = [];
    await orders.batch(3).limit(10).idle(200).consume((messages) => {
      sizes.push(messages.length);
      if (sizes.length === 1) throw new Error("all of them");
    });
    assert.equal(sizes[0], 3);
    assert.equal((await orders.stats()).counts.completed, 5);
    assert.ok((await orders.stats()).totalDeliveries >= 8);
  });

  it("of each() skips only the later messages of the partition that failed, and these aren't charged", async (t) => {
    const queues = await openQueues(t);
    const orders = queues.queue<string>("orders");
    await orders.config({ retryDelay: "1h", backoff: { kind: "fixed", max: "1h" } }).create();
    await orders.push(["a1", "a2", "a3"].map((data) => ({ data, partition: "a" })));
    await orders.push(["b1", "b2"].map((data) => ({ data, partition: "b" })));
    const seen: string[] = [];
    await orders.each().batch(10).wait(false).consume(({ data }) => {
      seen.push(data);
      if (data === "a2") throw new Error("a2 fails");
    });
    assert.deepEqual(seen.filter((data) => data.startsWith("a")), ["a1", "a2"]);
    assert.deepEqual(seen.filter((data) => data.startsWith("b")), ["b1", "b2"]);
    const { counts } = await orders.stats();
    assert.deepEqual([counts.completed, counts.retrying, counts.leased], [3, 1, 0]);
    const [behind] = (await queues.broker.inspect.browse("orders", { match: "a3" })).items;
    assert.equal(behind?.charges, 0);
  });
});

describe("settling in a handler", () => {
  it("stays as the handler did it", async (t) => {
    const queues = await openQueues(t);
    const orders = queues.queue<string>("orders");
    await orders.push(["dead", "release", "nack", "transaction", "receipt"]);
    const outcomes: string[] = [];
    const consumer = orders.limit(6).consumer(async (message, context) => {
      if (message.data === "dead") await context.queues.dead(message, { error: new Error("hopeless") });
      if (message.data === "release" && message.deliveryCount === 1) await context.queues.release(message);
      if (message.data === "nack") await context.queues.nack(message, { error: "later", delay: "1h" });
      if (message.data === "transaction") await context.queues.transaction().ack(message).queue("next").push("made").commit();
      if (message.data === "receipt") await context.queues.ack(message.receipt ?? "");
    }, { hooks: { finished: ({ message, outcome }) => { outcomes.push(`${message.data as string} ${outcome}`); } } });
    await consumer.run();
    assert.deepEqual(outcomes.sort(), ["dead dead", "nack retrying", "receipt completed", "release completed", "release released", "transaction completed"]);
    assert.equal((await queues.queue("next").pop())[0]?.data, "made");
    assert.equal((await orders.dlq().list()).items[0]?.error, "hopeless");
  });

  it("is the handler's own business with autoAck(false)", async (t) => {
    const queues = await openQueues(t);
    const orders = queues.queue("orders");
    await orders.push(1);
    const kept: Message[] = [];
    await orders.autoAck(false).limit(1).consume((message) => { kept.push(message); });
    assert.equal((await orders.stats()).counts.leased, 1);
    await queues.ack(kept[0] ?? "");
    assert.equal((await orders.stats()).counts.completed, 1);
  });
});

describe("leases of a consumer", () => {
  it("are renewed while the handler runs, when asked for", async (t) => {
    const queues = await openQueues(t);
    const orders = queues.queue("orders");
    await orders.push(1);
    const expiries = new Set<number>();
    await orders.lease(300).renewLease().limit(1).consume(async (_message, { signal }) => {
      await until("several renewals", async () => {
        const [leased] = (await queues.broker.inspect.leases("orders")).items;
        if (leased !== undefined) expiries.add(leased.leaseExpiresAt);
        return expiries.size > 4;
      });
      assert.equal(signal.aborted, false);
    });
    const { counts } = await orders.stats();
    assert.equal(counts.completed, 1);
  });

  it("that end tell the handler through its signal, and its result doesn't count", async (t) => {
    const queues = await openQueues(t);
    const orders = queues.queue("orders");
    await orders.push(1);
    const outcomes: string[] = [];
    const consumer = orders.lease(50).limit(1).consumer(async (_message: Message, { signal }: HandlerContext) => {
      await new Promise((resolve) => { signal.addEventListener("abort", resolve); });
    }, { hooks: { finished: ({ outcome }) => { outcomes.push(outcome); } } });
    await consumer.run();
    assert.deepEqual(outcomes, ["lease-lost"]);
    assert.equal((await orders.stats()).counts.completed, 0);
  });

  it("of what wasn't started are released by a stop, and what runs is finished", async (t) => {
    const queues = await openQueues(t);
    const orders = queues.queue<number>("orders");
    await orders.push([...numbers(3), ...numbers(3).map((data) => ({ data, partition: "a" }))]);
    const stop = new AbortController();
    const seen: number[] = [];
    await orders.batch(6).each().consume(async ({ data }) => {
      seen.push(data);
      stop.abort();
      await sleep(20);
    }, { signal: stop.signal });
    assert.equal(seen.length, 1);
    const { counts } = await orders.stats();
    assert.deepEqual([counts.completed, counts.ready, counts.leased, counts.retrying], [1, 5, 0, 0]);
  });

  it("fails when its connection is closed, and doesn't try for ever", async (t) => {
    const queues = await openQueues(t);
    const orders = queues.queue<number>("orders");
    await orders.push(1);
    let handled = 0;
    const consuming = orders.consume(() => { handled += 1; });
    const failed = assert.rejects(consuming, (error) => isQueuescopeError(error, "unavailable"));
    await until("the message", () => handled === 1);
    await queues.close();
    await failed;
  });

  for (const what of ["pop", "settle"] as const) {
    it(`told to stop doesn't sit out the pause after a ${what} that failed for the moment`, async (t) => {
      const queues = await openQueues(t);
      await queues.queue("orders").push(1);
      let down = true;
      const stored = queues.broker.messages;
      const unlessDown = <R>(call: () => Promise<R>): Promise<R> => (down ? Promise.reject(new QueuescopeError("unavailable", "The test took it down.")) : call());
      const messages: Messages = {
        ...stored,
        pop: (...given) => (what === "pop" ? unlessDown(() => stored.pop(...given)) : stored.pop(...given)),
        settle: (...given) => (what === "settle" ? unlessDown(() => stored.settle(...given)) : stored.settle(...given)),
      };
      const pausing = Promise.withResolvers<number>();
      const warn: Logger["warn"] = (_text, { wait } = {}) => { if (typeof wait === "number" && wait >= 800) pausing.resolve(wait); };
      const connection = new Connection({ broker: { ...queues.broker, messages }, held: new HeldLeases(), logger: { ...silentLogger, warn }, release: () => Promise.resolve() });
      const stop = new AbortController();
      const ended = connection.queue("orders").limit(1).consume(() => undefined, { signal: stop.signal }).then(() => "ended");
      const wait = await pausing.promise;
      down = false;
      stop.abort();
      assert.equal(await Promise.race([ended, sleep(wait / 2, "still waiting")]), "ended");
      assert.equal((await queues.queue("orders").stats()).counts.completed, what === "settle" ? 1 : 0);
    });
  }

  it("stores what was handled before it fails on a pop that no retry can cure", async (t) => {
    const queues = await openQueues(t);
    await queues.queue("orders").push(1);
    const failing = (): Promise<never> => Promise.reject(new QueuescopeError("encryption-key-missing", "The test took the key away."));
    let handled = false;
    const { messages } = queues.broker;
    const broker: Broker = { ...queues.broker, messages: { ...messages, settleAndPop: failing, pop: (...given) => (handled ? failing() : messages.pop(...given)) } };
    const connection = new Connection({ broker, held: new HeldLeases(), logger: silentLogger, release: () => Promise.resolve() });
    await assert.rejects(connection.queue("orders").consume(() => { handled = true; }), { code: "encryption-key-missing" });
    assert.equal((await queues.queue("orders").stats()).counts.completed, 1);
  });

  it("stores a slow batch message by message, so that a crash redelivers little", async (t) => {
    const queues = await openQueues(t);
    const orders = queues.queue<number>("orders");
    await orders.push([1, 2, 3]);
    const completed: number[] = [];
    await orders.batch(3).each().wait(false).consume(async () => {
      completed.push((await orders.stats()).counts.completed);
      const from = performance.now();
      // Longer than acks are held back.
      await until("time to pass", () => performance.now() - from > 60);
    });
    assert.deepEqual(completed, [0, 1, 2]);
  });

  for (const how of ["nack", "release"] as const) {
    it(`a handler's own ${how} ends its partition's batch: what is behind comes after it again`, async (t) => {
      const queues = await openQueues(t);
      const orders = queues.queue<number>("orders");
      await queues.broker.queues.create("orders", { retryDelay: 0 });
      await orders.partition("a").push([1, 2, 3]);
      const seen: number[] = [];
      const summary = await orders.batch(3).each().limit(4).consume(async (message, context) => {
        seen.push(message.data);
        if (seen.length === 1) await context.queues[how](message);
      });
      assert.deepEqual([seen, summary.reason], [[1, 1, 2, 3], "limit"]);
    });
  }

  it("with wait(false) ends also when the queue is deleted meanwhile", async (t) => {
    const queues = await openQueues(t);
    const orders = queues.queue<number>("orders");
    await orders.push([1, 2]);
    const summary = await orders.concurrency(3).wait(false).consume(async ({ data }, context) => {
      if (data === 1) await orders.delete();
      await until("the queue to be gone", async () => !(await context.queues.broker.queues.list()).items.some(({ name }) => name === "orders"));
      await sleep(2 * 100);
    });
    assert.equal(summary.reason, "drained");
  });
});

describe("a handler's traces", () => {
  it("stand on the timeline of its message and are found by their names", async (t) => {
    const queues = await openQueues(t);
    const orders = queues.queue("orders");
    const { id } = await orders.push(1);
    await orders.group("billing").limit(1).consume(async (_message, { trace }) => {
      await trace({ eventType: "charged", traceName: ["order-1", "customer-7"], data: { cents: 500 } });
      await trace({ data: "plain" });
    });
    const timeline = (await queues.broker.inspect.traces({ messageId: id })).items;
    const charged = timeline.find(({ type }) => type === "charged");
    assert.deepEqual([charged?.data, charged?.group, charged?.attempt], [`{"cents":500}`, "billing", 1]);
    assert.ok(timeline.some(({ type, data }) => type === "info" && data === `"plain"`));
    assert.deepEqual((await queues.broker.inspect.traces({ name: "customer-7" })).items.map(({ messageId }) => messageId), [id]);
  });
});
