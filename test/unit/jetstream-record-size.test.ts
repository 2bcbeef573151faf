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
});
