import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { openLocal } from "../../src/brokers/local/index.ts";
import { temporaryFolder } from "../support/folder.ts";

const BYTES: readonly Uint8Array[] = [
  Uint8Array.of(),
  Uint8Array.of(0),
  Uint8Array.of(0, 0, 7),
  Uint8Array.of(0xff, 0xfe, 0x80, 0xc3),
  Uint8Array.from({ length: 256 }, (_, byte) => byte),
  new TextEncoder().encode("naïve 🙂\u0000, \"text\""),
  ...Array.from({ length: 14 }, (_, n) => new Uint8Array(n).fill(n)),
];

for (const encryptionEnabled of [false, true]) {
  test(`a batch gives each message its own bytes, whatever they are (${encryptionEnabled ? "encrypted" : "not encrypted"})`, async (t) => {
    const broker = await openLocal(join(await temporaryFolder(t), "queues.db"), { encryptionKey: "a1".repeat(32) });
    t.after(() => broker.close());
    await broker.queues.create("orders", { encryptionEnabled });
    for (const partition of ["a", null]) {
      for (const more of [[], [new Uint8Array(100_000).fill(3)]]) {
        const bodies = [...BYTES, ...more, ...BYTES];
        const place = partition === null ? {} : { partition };
        await broker.messages.push("orders", bodies.map((bytes) => ({ payload: { encoding: "bytes", bytes }, ...place })));
        const got = [...(await broker.messages.pop("orders", { batch: 30 })), ...(await broker.messages.pop("orders", { batch: 100, ...place }))];
        if (partition !== null) got.push(...(await broker.messages.settleAndPop(got.map(({ receipt }) => ({ action: "ack", receipt: receipt ?? "" })), "orders", { batch: 100 })).deliveries);
        assert.deepEqual(got.map(({ payload }) => Buffer.from(payload.bytes).toString("hex")), bodies.map((bytes) => Buffer.from(bytes).toString("hex")));
        await broker.messages.settle(got.map(({ receipt }) => ({ action: "ack", receipt: receipt ?? "" })));
      }
    }
  });
}

test("a batch of nothing but empty messages is delivered", async (t) => {
  const broker = await openLocal(join(await temporaryFolder(t), "queues.db"));
  t.after(() => broker.close());
  await broker.messages.push("orders", Array.from({ length: 20 }, () => ({ payload: { encoding: "bytes", bytes: Uint8Array.of() } })));
  for (let n = 0; n < 2; n++) {
    const deliveries = await broker.messages.pop("orders", { batch: 10 });
    assert.deepEqual(deliveries.map(({ payload }) => payload.bytes.byteLength), Array<number>(10).fill(0));
    await broker.messages.settle(deliveries.map(({ receipt }) => ({ action: "ack", receipt: receipt ?? "" })));
  }
});
