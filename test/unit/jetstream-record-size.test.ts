import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { openJetStream } from "../../src/brokers/jetstream/index.ts";
import { type Broker, textPayload } from "../../src/core/index.ts";
import { natsSkip, startNatsServer } from "../support/nats-server.ts";
import type { NatsServer } from "../support/nats-server.ts";

describe("a group that holds more than one message can store", { skip: natsSkip() }, () => {
  let server: NatsServer;
  let broker: Broker;
  before(async () => {
    server = await startNatsServer({ config: "max_payload: 256KB" });
    broker = await openJetStream({ url: server.url });
  });
  after(async () => {
    await broker.close();
    await server.stop();
  });

  it("takes up as many partitions as fit, and goes on when some are settled", async () => {
    const names = Array.from({ length: 3_000 }, (_, i) => `customer ${i} of a shop with a long name`);
    for (let from = 0; from < names.length; from += 500) {
      await broker.messages.push("q", names.slice(from, from + 500).map((partition) => ({ payload: textPayload(partition), partition })));
    }
    const done: string[] = [];
    let held = await broker.messages.pop("q", { batch: 10_000 });
    assert.ok(held.length > 100 && held.length < names.length, `${held.length} of ${names.length} fit`);
    assert.deepEqual(await broker.messages.pop("q", { batch: 10_000 }), [], "until some are settled");
    while (held.length > 0) {
      const settled = await broker.messages.settle(held.map(({ receipt }) => ({ action: "ack", receipt: receipt ?? "" })));
      assert.ok(settled.every(({ ok }) => ok));
      done.push(...held.map(({ partition }) => partition ?? ""));
      held = await broker.messages.pop("q", { batch: 10_000 });
    }
    assert.deepEqual(done.sort(), [...names].sort());
  });

  it("may lease thousands of messages without a partition at once", async () => {
    for (let i = 0; i < 10; i += 1) await broker.messages.push("plain", Array.from({ length: 1_000 }, () => ({ payload: textPayload("m") })));
    let count = 0;
    for (let got = await broker.messages.pop("plain", { batch: 10_000 }); got.length > 0; got = await broker.messages.pop("plain", { batch: 10_000 })) {
      count += got.length;
      const settled = await broker.messages.settle(got.map(({ receipt }) => ({ action: "ack", receipt: receipt ?? "" })));
      assert.ok(settled.every(({ ok }) => ok));
    }
    assert.equal(count, 10_000);
  });

  it("refuses only the call that is too large of those that are stored together", async () => {
    await broker.messages.push("together", Array.from({ length: 40 }, (_, i) => ({ payload: textPayload(String(i)) })));
    const held = await broker.messages.pop("together", { batch: 40 });
    const receipts = held.map(({ receipt }) => receipt ?? "");
    const error = { message: "failed", stack: "at ".repeat(5_000) };
    const dead = (from: number, to: number) => broker.messages.settle(receipts.slice(from, to).map((receipt) => ({ action: "dead", receipt, error })));
    const ack = (at: number) => broker.messages.settle([{ action: "ack", receipt: receipts[at] ?? "" }]);
    const refused = assert.rejects(dead(0, 30), { code: "payload-too-large", message: /fewer/ });
    const [acked, few, last] = await Promise.all([ack(30), dead(31, 33), ack(33)]);
    await refused;
    assert.deepEqual([...acked, ...few, ...last].map(({ ok }) => ok), [true, true, true, true]);
    assert.ok((await dead(0, 5)).every(({ ok }) => ok), "nothing of it was stored: a part of it can be");
    const { completed, leased } = (await broker.inspect.stats("together")).counts;
    assert.deepEqual([completed, leased, await broker.inspect.countDeadLetters("together", {})], [2, 31, 7]);
  });

  it("refuses a transaction whose messages don't fit, with nothing settled", async () => {
    await broker.messages.push("source", [{ payload: textPayload("m") }]);
    const [held] = await broker.messages.pop("source");
    const items = [{ payload: textPayload("x".repeat(150_000)) }, { payload: textPayload("y".repeat(150_000)) }];
    const settle = [{ action: "ack" as const, receipt: held?.receipt ?? "" }];
    await assert.rejects(broker.messages.transact({ settle, push: [{ queue: "target", items }] }), { code: "payload-too-large", message: /fewer/ });
    assert.equal((await broker.inspect.stats("source")).counts.leased, 1);
    const { pushed } = await broker.messages.transact({ settle, push: [{ queue: "target", items: items.slice(0, 1) }] });
    assert.equal(pushed.flat().length, 1);
  });
});
