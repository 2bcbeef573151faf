import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Broker, isQueuescopeError, type PushItem, type QueuescopeError } from "../../src/core/index.ts";
import { natsSkip, startNatsServer } from "../support/nats-server.ts";
import { openAt } from "./support/open.ts";

const BATCH = 10;
const items = (n: number): PushItem[] => Array.from({ length: BATCH }, (_, i) => ({ partition: "p", payload: { encoding: "text", bytes: Buffer.from(`${n * BATCH + i} ${"x".repeat(20_000)}`) } }));

/** Pushes batches until one is refused. */
async function fill(broker: Broker): Promise<{ readonly confirmed: number; readonly refusal: QueuescopeError }> {
  let confirmed = 0;
  for (let n = 0; n < 10_000; n++) {
    try {
      confirmed += (await broker.messages.push("orders", items(n))).length;
    } catch (error) {
      assert.ok(isQueuescopeError(error), String(error));
      return { confirmed: confirmed + error.stored.length, refusal: isQueuescopeError(error.cause) ? error.cause : error };
    }
  }
  throw new Error("The storage didn't get full.");
}

async function takeAll(broker: Broker): Promise<number[]> {
  const numbers: number[] = [];
  for (;;) {
    const deliveries = await broker.messages.pop("orders", { batch: 100 });
    if (deliveries.length === 0) return numbers;
    numbers.push(...deliveries.map(({ payload }) => Number.parseInt(Buffer.from(payload.bytes.subarray(0, 12)).toString())));
    for (const result of await broker.messages.settle(deliveries.map(({ receipt }) => ({ action: "ack", receipt: receipt ?? "" })))) assert.ok(result.ok);
  }
}

const LIMITS = {
  "the server's store": "jetstream { max_file_store: 4MB }",
  "the account's": "accounts { A { jetstream { max_file: 4MB }, users: [{ user: a, password: a }] } }\nno_auth_user: a",
} as const;

describe("full storage on JetStream", { skip: natsSkip() }, () => {
  for (const [whose, config] of Object.entries(LIMITS)) {
    it(`refuses a push with storage-full, keeps what was confirmed in order, and takes it once there is room (${whose})`, async (t) => {
      const server = await startNatsServer({ config });
      const broker = await openAt(server.url);
      t.after(async () => {
        await broker.close();
        await server.stop();
      });
      await broker.queues.create("ballast");
      const ballast = await broker.messages.push("ballast", [{ payload: { encoding: "bytes", bytes: new Uint8Array(900_000) } }]);
      await broker.queues.create("orders");
      const { confirmed, refusal } = await fill(broker);
      assert.equal(refusal.code, "storage-full", refusal.message);
      assert.match(refusal.message, /Free space|raise/);
      assert.ok(confirmed > 0);
      assert.equal((await broker.inspect.stats("orders")).counts.ready, confirmed, "the refused push left nothing behind but what it named");

      await broker.repair.remove(ballast.map(({ id }) => id));
      const [more] = await broker.messages.push("orders", items(confirmed / BATCH).slice(0, 1));
      assert.equal(more?.status, "queued");
      assert.deepEqual(await takeAll(broker), Array.from({ length: confirmed + 1 }, (_, i) => i));
    });
  }

  it("says so to a pop that can't store its lease, leases nothing, and goes on once there is room", async (t) => {
    const server = await startNatsServer({ config: LIMITS["the server's store"] });
    const broker = await openAt(server.url);
    t.after(async () => {
      await broker.close();
      await server.stop();
    });
    await broker.queues.create("orders");
    await broker.queues.create("ballast");
    await broker.messages.push("orders", [{ payload: { encoding: "text", bytes: Buffer.from("order") } }]);
    const ballast: string[] = [];
    for (let size = 900_000; size > 10; size = Math.floor(size / 2)) {
      try {
        for (;;) ballast.push(...(await broker.messages.push("ballast", [{ payload: { encoding: "bytes", bytes: new Uint8Array(size) } }])).map(({ id }) => id));
      } catch (error) {
        assert.ok(isQueuescopeError(error, "storage-full"), String(error));
      }
    }
    await assert.rejects(broker.messages.pop("orders"), { code: "storage-full" });
    await broker.repair.remove(ballast);
    const [delivery, ...others] = await broker.messages.pop("orders");
    assert.equal(delivery?.deliveryCount, 1, "what couldn't be stored didn't happen");
    assert.deepEqual(others, []);
    assert.ok((await broker.messages.settle([{ action: "ack", receipt: delivery.receipt ?? "" }]))[0]?.ok);
  });
});
