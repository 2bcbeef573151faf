import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { openLocal } from "../../src/brokers/local/index.ts";
import { textPayload } from "../../src/core/index.ts";
import { temporaryFolder } from "../support/folder.ts";

test("a partition whose lease ran out comes again, though others are always ready", async (t) => {
  let at = Date.UTC(2026, 0, 1);
  const broker = await openLocal(join(await temporaryFolder(t), "queues.db"), { now: () => at });
  t.after(() => broker.close());
  await broker.messages.push("orders", [{ payload: textPayload("first"), partition: "slow" }]);
  await broker.messages.push("orders", Array.from({ length: 50 }, (_, n) => ({ payload: textPayload("m"), partition: `p-${n % 5}` })));
  const [lost] = await broker.messages.pop("orders", { partition: "slow", lease: 100 });
  assert.equal(lost?.attempt, 1);
  const seen: string[] = [];
  for (let n = 0; n < 30; n++) {
    at += 10;
    const [delivery] = await broker.messages.pop("orders");
    assert.ok(delivery !== undefined);
    if (delivery.partition === "slow") seen.push(`${delivery.attempt} after ${n + 1}`);
    await broker.messages.settle([{ action: "ack", receipt: delivery.receipt ?? "" }]);
  }
  // At most 20 ms late, and then behind those that have waited longer.
  assert.equal(seen.length, 1);
  assert.match(seen[0] ?? "", /^2 after 1[0-9]$/);
});
