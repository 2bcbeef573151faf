import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { connect } from "@nats-io/transport-node";
import { openJetStream } from "../../src/brokers/jetstream/index.ts";
import { payloadText, textPayload } from "../../src/core/index.ts";
import type { Broker, Delivery, PopRequest, QueueOptionsInput } from "../../src/core/index.ts";
import { natsSkip, startNatsServer } from "../support/nats-server.ts";
import type { NatsServer } from "../support/nats-server.ts";

describe("what a pop takes on NATS", { skip: natsSkip("newest") }, () => {
  let server: NatsServer | undefined;
  let broker: Broker;
  let moved = 0;
  let made = 0;
  let queue = "";

  before(async () => {
    server = await startNatsServer({ version: "newest" });
    broker = await openJetStream({ url: server.url, now: () => Date.now() + moved });
  });

  beforeEach(() => {
    made += 1;
    queue = `q${made}`;
  });

  after(async () => {
    await broker.close();
    await server?.stop();
  });

  const create = (options: QueueOptionsInput): Promise<unknown> => broker.queues.create(queue, options);
  const push = (partition: string | undefined, ...names: string[]): Promise<unknown> =>
    broker.messages.push(queue, names.map((name) => ({ payload: textPayload(name), ...(partition === undefined ? {} : { partition }) })));
  const settle = (action: "ack" | "nack" | "release", ...deliveries: readonly (Delivery | undefined)[]): Promise<unknown> =>
    broker.messages.settle(deliveries.map((delivery) => ({ action, receipt: delivery?.receipt ?? "" })));
  const names = (deliveries: readonly Delivery[]): string[] => deliveries.map(({ payload }) => payloadText(payload));

  /** Everything that comes, in order, each acked, as the clock goes on. */
  async function drain(group = "default", batch = 10): Promise<string[]> {
    const found: string[] = [];
    for (let empty = 0; empty < 3; ) {
      const deliveries = await broker.messages.pop(queue, { batch, group });
      found.push(...names(deliveries));
      if (deliveries.length > 0) await settle("ack", ...deliveries);
      else {
        empty += 1;
        moved += 100_000;
      }
    }
    return found;
  }

  it("has its own headers, whether or not those before it had the same", async () => {
    const headers = [undefined, undefined, { a: "1" }, { a: "1" }, { a: "2" }, undefined, { a: "1", b: "" }, { a: "1" }];
    await create({});
    await broker.messages.push(queue, headers.map((own, i) => ({ payload: textPayload(String(i)), ...(own === undefined ? {} : { headers: own }), ...(i % 3 === 0 ? { transactionId: `t${i}` } : {}) })));
    const deliveries = await broker.messages.pop(queue, { batch: 10 });
    assert.deepEqual(deliveries.map((delivery) => delivery.headers), headers.map((own) => own ?? {}));
    assert.deepEqual(deliveries.map(({ id, transactionId }, i) => (i % 3 === 0 ? transactionId : transactionId === id)), headers.map((_, i) => (i % 3 === 0 ? `t${i}` : true)));
  });

  it("is nothing new of a partition that waits for a retry behind what was returned", async () => {
    await create({ retryDelay: 60_000, backoff: "fixed" });
    await push("a", "1", "2", "3");
    const deliveries = await broker.messages.pop(queue, { batch: 3 });
    await settle("nack", deliveries[1]);
    await settle("release", ...(await broker.messages.pop(queue, { batch: 3 })));
    await push("a", "4");
    const first = await broker.messages.pop(queue, { batch: 10 });
    assert.deepEqual(names(first), ["1"]);
    await settle("ack", ...first);
    assert.deepEqual(await drain(), ["2", "3", "4"]);
  });

  it("leaves what isn't old enough to those who come later, behind what was returned", async () => {
    await create({ delayedProcessing: 60 });
    await push("a", "1");
    moved += 61_000;
    for (let i = 0; i < 2; i++) await settle("release", ...(await broker.messages.pop(queue)));
    await push("a", "2");
    const first = await broker.messages.pop(queue, { batch: 10 });
    assert.deepEqual(names(first), ["1"]);
    await settle("ack", ...first);
    assert.deepEqual(await drain(), ["2"]);
  });

  it("leaves what came into a quiet partition to those who come when it is quiet again", async () => {
    await create({ windowBuffer: 60 });
    await push("a", "1");
    assert.deepEqual(await broker.messages.pop(queue), []);
    moved += 61_000;
    await push("a", "2");
    const first = names(await broker.messages.pop(queue, { batch: 10 }).then(async (found) => { await settle("ack", ...found); return found; }));
    assert.deepEqual([...first, ...(await drain())], ["1", "2"]);
  });

  it("misses nothing when a message for another group is removed from among its partition's", async () => {
    await create({ retryLimit: 0 });
    await push("a", "dies", "2");
    const [dies] = await broker.messages.pop(queue, { group: "one" });
    await broker.messages.pop(queue, { group: "two" });
    await settle("nack", dies);
    const { items } = await broker.inspect.deadLetters(queue, { group: "one" });
    await broker.repair.redrive(queue, { filter: { ids: items.map(({ id }) => id) } });
    await push("a", "3");
    // Both know of all four.
    await broker.messages.pop(queue, { group: "two" });
    const { items: all } = await broker.inspect.browse(queue, { group: "one" });
    const redriven = all.filter(({ payload }) => payloadText(payload) === "dies").at(-1);
    await broker.repair.remove([redriven?.id ?? ""]);
    moved += 400_000;
    assert.deepEqual(await drain("two", 1), ["2", "3"]);
  });

  /** A pop that finds nothing asks the server this often in 300 ms. */
  async function requestsOf(request: PopRequest): Promise<number> {
    const nc = await connect({ servers: server?.url ?? "" });
    let requests = 0;
    nc.subscribe("$JS.API.>", { callback: () => { requests += 1; } });
    await nc.flush();
    assert.deepEqual(await broker.messages.pop(queue, { ...request, wait: 300 }), []);
    await nc.close();
    return requests;
  }

  const FEW = 40;

  it("is asked for again only when something may have changed: not while the queue is paused and a lease has run out", async () => {
    await push("a", "1");
    await broker.messages.pop(queue, { lease: 1_000 });
    await broker.queues.pause(queue);
    moved += 1_001;
    assert.ok((await requestsOf({})) < FEW);
  });

  it("is asked for again only when something may have changed: not while another partition's retry is due", async () => {
    await push("a", "1");
    await settle("nack", ...(await broker.messages.pop(queue)));
    moved += 100_000;
    assert.ok((await requestsOf({ partition: "b" })) < FEW);
  });

  it("is asked for again only when something may have changed: not once what was too young is gone", async () => {
    await create({ delayedProcessing: 60 });
    await push(undefined, "1");
    assert.deepEqual(await broker.messages.pop(queue), []);
    moved += 61_000;
    await settle("ack", ...(await broker.messages.pop(queue)));
    assert.ok((await requestsOf({})) < FEW);
  });

  it("is asked for again only when something may have changed: not while a scheduled message's second goes by", async () => {
    moved += 1_000 - ((Date.now() + moved) % 1_000);
    await broker.messages.push(queue, [{ payload: textPayload("1"), deliverAt: Date.now() + moved + 900 }]);
    assert.ok((await requestsOf({})) < FEW);
  });

  it("comes from a partition by its name as soon as it is old enough", async () => {
    await create({ delayedProcessing: 0.2 });
    await push("a", "1");
    assert.deepEqual(names(await broker.messages.pop(queue, { partition: "a", wait: 10_000 })), ["1"]);
  });

  it("goes on behind any number of messages that wait in a held partition", async () => {
    for (let i = 0; i < 12; i++) await push("a", ...Array.from({ length: 1_000 }, (_, n) => String(n)));
    await push("b", "last");
    await broker.messages.pop(queue);
    assert.deepEqual(names(await broker.messages.pop(queue)), ["last"]);
  });

  it("goes on behind any number of partitions that were taken by their names", async (t) => {
    const small = await startNatsServer({ version: "newest", config: "max_payload: 128KB" });
    t.after(() => small.stop());
    const own = await openJetStream({ url: small.url });
    t.after(() => own.close());
    const many = Array.from({ length: 1_600 }, (_, n) => `p${n}`);
    await own.messages.push(queue, [...many, "last"].map((partition) => ({ payload: textPayload(partition), partition })));
    while (many.length > 0) await Promise.all(many.splice(0, 200).map((partition) => own.messages.pop(queue, { partition, atMostOnce: true })));
    assert.deepEqual(names(await own.messages.pop(queue)), ["last"]);
  });
});
