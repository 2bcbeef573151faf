import assert from "node:assert/strict";
import { type TestContext, describe, it } from "node:test";
import { type Broker, textPayload } from "../../src/core/index.ts";
import { natsSkip, startNatsServer } from "../support/nats-server.ts";
import { openAt } from "./support/open.ts";

async function opened(t: TestContext, config = ""): Promise<Broker> {
  const server = await startNatsServer({ config });
  const broker = await openAt(server.url);
  t.after(async () => {
    await broker.close();
    await server.stop();
  });
  return broker;
}

const KEYS = [
  "a.b.c", ".", "..", "a b", " leading and trailing ", "*", ">", "a.*.b", "a.>", "=41", "=b", "=bQQ", "-", "ключ 键 🔑", "👩‍👩‍👧".repeat(40), "ü".repeat(512),
];

describe("difficult input on JetStream", { skip: natsSkip() }, () => {
  it("keeps any partition key: its order, its own lease, its name", async (t) => {
    const broker = await opened(t);
    const pushed = await broker.messages.push("orders", KEYS.flatMap((partition) => [1, 2].map((n) => ({ partition, payload: textPayload(`${partition} ${n}`) }))));
    assert.deepEqual(pushed.map(({ partition }) => partition), KEYS.flatMap((key) => [key, key]));
    for (const partition of KEYS) {
      const deliveries = await broker.messages.pop("orders", { partition, batch: 10 });
      assert.deepEqual(deliveries.map(({ payload }) => Buffer.from(payload.bytes).toString()), [`${partition} 1`, `${partition} 2`]);
      assert.ok(deliveries.every((delivery) => delivery.partition === partition));
      assert.deepEqual(await broker.messages.pop("orders", { partition, group: "default" }), [], "one lease at a time");
      const settled = await broker.messages.settle(deliveries.map(({ receipt }) => ({ action: "ack", receipt: receipt ?? "" })));
      assert.ok(settled.every(({ ok }) => ok));
    }
    const { items } = await broker.inspect.partitions("orders", { limit: 100 });
    assert.deepEqual(items.map(({ name }) => name).sort(), [...KEYS].sort());
    assert.deepEqual(await broker.messages.pop("orders", { batch: 100 }), []);
  });

  it("refuses a payload above the server's max_payload with its size, and nothing else", async (t) => {
    const broker = await opened(t, "max_payload: 200KB");
    const { maxPayload } = broker.capabilities;
    const largest = { payload: { encoding: "bytes", bytes: new Uint8Array(maxPayload) } } as const;
    const larger = { payload: { encoding: "bytes", bytes: new Uint8Array(maxPayload + 1) } } as const;
    await assert.rejects(broker.messages.push("orders", [largest, larger]), { code: "payload-too-large", field: "items[1].payload" });
    await broker.messages.push("orders", [largest]);
    const [delivery, ...others] = await broker.messages.pop("orders", { batch: 10 });
    assert.equal(delivery?.payload.bytes.length, maxPayload, "the largest fits, and nothing of the refused push was stored");
    assert.deepEqual(others, []);
    const error = { message: "x".repeat(20_000), stack: "y".repeat(50_000) };
    const [dead] = await broker.messages.settle([{ action: "dead", receipt: delivery.receipt ?? "", error }]);
    assert.ok(dead?.ok, "and it fits as a dead letter, with a long error");
    assert.equal((await broker.inspect.deadLetters("orders")).items.length, 1);
  });

  it("refuses a transaction whose pushes don't fit whole, before anything is settled", async (t) => {
    const broker = await opened(t, "max_payload: 200KB");
    await broker.messages.push("orders", [{ payload: textPayload("order") }]);
    const [delivery] = await broker.messages.pop("orders");
    const settle = [{ action: "ack", receipt: delivery?.receipt ?? "" } as const];
    const item = { payload: { encoding: "bytes", bytes: new Uint8Array(broker.capabilities.maxPayload - 100) } } as const;
    // Each by itself is small enough; together they don't fit into the commit that holds them.
    await assert.rejects(broker.messages.transact({ settle, push: [{ queue: "next", items: [item, item, item] }] }), { code: "payload-too-large" });
    assert.ok((await broker.messages.settle(settle)).every(({ ok }) => ok), "the lease still stands");
    assert.deepEqual(await broker.messages.pop("next").catch(() => []), []);
  });
});
