import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { openLocal } from "../../src/brokers/local/index.ts";
import { textPayload } from "../../src/core/index.ts";
import type { Broker, Delivery, PopRequest, PushItem, QueueOptionsInput, Settlement } from "../../src/core/index.ts";
import { temporaryFolder } from "../support/folder.ts";

interface File {
  readonly path: string;
  readonly broker: Broker;
  readonly clock: { at: number };
}

async function newFile(t: TestContext): Promise<File> {
  const clock = { at: Date.UTC(2026, 0, 1) };
  const path = join(await temporaryFolder(t), "queues.db");
  const broker = await opened(t, path, clock);
  await warmUp(broker);
  return { path, clock, broker };
}

/** A queue whose group has taken and acked before: what a connection knows begins with that. */
async function warmUp(broker: Broker, options: QueueOptionsInput = {}): Promise<void> {
  await broker.queues.create("orders", options);
  await broker.messages.push("orders", texts("0"));
  assert.deepEqual(await all(broker), ["0"]);
}

async function opened(t: TestContext, path: string, clock: { at: number }): Promise<Broker> {
  const broker = await openLocal(path, { now: () => clock.at });
  t.after(() => broker.close());
  return broker;
}

const texts = (names: string, where: Partial<PushItem> = {}): PushItem[] => names.split(" ").map((text) => ({ payload: textPayload(text), ...where }));
const textOf = ({ payload }: Delivery): string => new TextDecoder().decode(payload.bytes);
const ack = ({ receipt }: Delivery): Settlement => ({ action: "ack", receipt: receipt ?? "" });

/** A worker's loop: acks what it was given, and takes the next. */
async function next(broker: Broker, held: readonly Delivery[], request: PopRequest = {}): Promise<Delivery[]> {
  const { settled, deliveries } = await broker.messages.settleAndPop(held.map(ack), "orders", request);
  assert.ok(settled.every(({ ok }) => ok));
  return deliveries;
}

/** What a worker's loop takes, until nothing is left. @param after what happens between two messages */
async function all(broker: Broker, after: () => void | Promise<void> = () => undefined, request: PopRequest = {}): Promise<string[]> {
  const seen: string[] = [];
  for (let held = await next(broker, [], request); held.length > 0; held = await next(broker, held, request)) {
    seen.push(held.map(textOf).join("+"));
    await after();
  }
  return seen;
}

test("a worker goes on in its partition for a turn, then the next one has its own", async (t) => {
  const { broker, clock } = await newFile(t);
  await broker.messages.push("orders", texts("a1 a2 a3 a4 a5 a6", { partition: "a" }));
  clock.at += 1;
  await broker.messages.push("orders", texts("b1 b2 b3 b4 b5 b6", { partition: "b" }));
  const seen = await all(broker, () => { clock.at += 20; });
  assert.deepEqual(seen, ["a1", "a2", "a3", "b1", "b2", "b3", "a4", "a5", "a6", "b4", "b5", "b6"]);
});

test("a partition that a worker goes on in, and one without a key, count what was done", async (t) => {
  const { broker } = await newFile(t);
  await broker.messages.push("orders", [...texts("a1 a2 a3 a4", { partition: "a" }), ...texts("1 2 3 4")]);
  let held: Delivery[] = [];
  for (let n = 0; n < 7; n++) held = await next(broker, held);
  for (const partition of (await broker.inspect.partitions("orders")).items) assert.deepEqual([partition.name, partition.lag, partition.leased], ["a", 2, true]);
  const { counts, totalDeliveries } = await broker.inspect.stats("orders");
  assert.deepEqual([counts.completed, counts.leased, counts.ready, totalDeliveries], [7, 1, 1, 8]);
  assert.equal((await broker.inspect.browse("orders", { limit: 10 })).items.filter(({ state }) => state === "leased").length, 1);
});

test("a receipt is stale once the worker went on", async (t) => {
  const { broker, path, clock } = await newFile(t);
  const other = await opened(t, path, clock);
  for (const where of [{ partition: "a" }, {}]) {
    await broker.messages.push("orders", texts("1 2 3", where));
    const first = await next(broker, []);
    const second = await next(broker, first);
    for (const late of [broker, other, broker]) {
      const [result] = await late.messages.settle(first.map(ack));
      assert.equal(result?.ok === false && result.error.code, "lease-lost");
    }
    const third = await next(broker, second);
    assert.deepEqual((await other.messages.settle(third.map(ack))).map(({ ok }) => ok), [true]);
    const [twice] = await broker.messages.settle(third.map(ack));
    assert.equal(twice?.ok, false);
  }
});

test("what another process settles or takes in between isn't given again", async (t) => {
  const { broker, path, clock } = await newFile(t);
  const other = await opened(t, path, clock);
  for (const where of [{ partition: "a" }, {}]) {
    await broker.messages.push("orders", texts("1 2 3 4 5 6", where));
    const one = await next(broker, []);
    const two = await next(broker, one);
    await other.messages.settle(two.map(ack));
    const three = await other.messages.pop("orders");
    assert.deepEqual([...one, ...two, ...three].map(textOf), ["1", "2", "3"]);
    const [late] = await broker.messages.settle(two.map(ack));
    assert.equal(late?.ok, false);
    await other.messages.settle(three.map(ack));
    assert.deepEqual(await all(broker), ["4", "5", "6"]);
  }
});

test("going on ends where the queue or the group is paused, and at the lease's end", async (t) => {
  const { broker, clock } = await newFile(t);
  await broker.messages.push("orders", texts("1 2 3 4 5", { partition: "a" }));
  const one = await next(broker, []);
  await broker.queues.pause("orders");
  assert.deepEqual(await next(broker, one), []);
  await broker.queues.resume("orders");
  const two = await next(broker, []);
  const three = await next(broker, two, { lease: 1_000 });
  assert.deepEqual([...two, ...three].map(textOf), ["2", "3"]);
  clock.at += 1_000;
  const [late] = await broker.messages.settle(three.map(ack));
  assert.equal(late?.ok, false);
  const again = await next(broker, []);
  assert.deepEqual(again.map((delivery) => [textOf(delivery), delivery.attempt]), [["3", 2]]);
});

test("a lease that is shorter than the ones before it ends in time", async (t) => {
  const { broker, clock } = await newFile(t);
  await broker.messages.push("orders", texts("1 2 3 4"));
  const one = await next(broker, []);
  await next(broker, one, { lease: 1_000 });
  clock.at += 1_000;
  assert.deepEqual(await all(broker), ["2", "3", "4"]);
});

test("higher priorities, other groups' messages, and expired ones keep their rules while a worker goes on", async (t) => {
  const { broker, clock } = await newFile(t);
  await broker.messages.push("orders", [...texts("a1 a2 a3", { partition: "a" }), ...texts("first", { priority: 9 })]);
  await broker.messages.pop("orders", { lease: 10 });
  const one = await next(broker, []);
  clock.at += 10;
  const two = await next(broker, one);
  assert.deepEqual([...one, ...two].map(textOf), ["a1", "first"]);
  assert.deepEqual((await next(broker, two)).map(textOf), ["a2"]);

  await broker.queues.delete("orders");
  await warmUp(broker, { retryLimit: 0 });
  await broker.messages.push("orders", texts("b1", { partition: "b" }));
  const [dead] = await broker.messages.pop("orders", { group: "g", partition: "b" });
  await broker.messages.settle([{ action: "nack", receipt: dead?.receipt ?? "" }]);
  await broker.messages.push("orders", texts("b2", { partition: "b" }));
  assert.equal((await broker.repair.redrive("orders", { filter: {} })).redriven.length, 1);
  await broker.messages.push("orders", [...texts("b3", { partition: "b", ttl: 10 }), ...texts("b4", { partition: "b" })]);
  assert.deepEqual(await all(broker, () => { clock.at += 8; }), ["b1", "b2", "b4"]);
});

test("a lease that lost a message to a removal ends with what is left of it", async (t) => {
  const { broker } = await newFile(t);
  for (const where of [{ partition: "a" }, {}]) {
    await broker.messages.push("orders", texts("1 2 3 4", where));
    const [one, two, three] = await next(broker, [], { batch: 3 });
    assert.ok(one !== undefined && two !== undefined && three !== undefined);
    await broker.repair.remove([two.id]);
    const four = await next(broker, [one, three]);
    assert.deepEqual(four.map(textOf), ["4"]);
    assert.equal((await broker.inspect.stats("orders")).counts.leased, 1);
    assert.deepEqual(await next(broker, four), []);
  }
});

test("a batch goes on where it was and fills up elsewhere", async (t) => {
  const { broker } = await newFile(t);
  await broker.messages.push("orders", texts("a1 a2 a3", { partition: "a" }));
  await broker.messages.push("orders", texts("b1 b2 b3", { partition: "b" }));
  assert.deepEqual(await all(broker, undefined, { batch: 2 }), ["a1+a2", "a3+b1", "b2+b3"]);
});

test("what a redrive adds stands behind what was due before", async (t) => {
  const { broker, clock } = await newFile(t);
  await broker.messages.push("orders", texts("1", { partition: "a" }));
  await broker.messages.push("orders", texts("2", { partition: "a", deliverAt: clock.at + 1_000 }));
  const [first] = await broker.messages.pop("orders");
  await broker.messages.settle([{ action: "dead", receipt: first?.receipt ?? "" }]);
  clock.at += 1_000;
  await broker.repair.redrive("orders", { filter: {} });
  assert.deepEqual(await all(broker), ["2", "1"]);
});
