import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { test } from "node:test";
import { openLocal } from "../../src/brokers/local/index.ts";
import type { Broker } from "../../src/core/index.ts";
import { textPayload } from "../../src/core/index.ts";
import { temporaryFolder } from "../support/folder.ts";

const MINUTE = 60_000;
const items = (n: number) => Array.from({ length: n }, () => ({ payload: textPayload("m") }));

async function work(broker: Broker, n: number): Promise<void> {
  let settle: { action: "ack"; receipt: string }[] = [];
  for (let i = 0; i <= n; i++) {
    const { deliveries } = await broker.messages.settleAndPop(settle, "orders", i < n ? {} : { messageId: "m1-999" });
    settle = deliveries.map(({ receipt }) => ({ action: "ack", receipt: receipt ?? "" }));
  }
}

function groupRow(path: string): Record<string, unknown> {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    return { ...db.prepare("SELECT passed, delivered, completed, minute FROM grp").get() };
  } finally {
    db.close();
  }
}

test("acks are counted in the minute of their own, whoever makes them, though they leave the group's row alone", async (t) => {
  const path = join(await temporaryFolder(t), "queues.db");
  const start = Date.UTC(2026, 0, 1);
  let at = start;
  const [one, other] = [await openLocal(path, { now: () => at }), await openLocal(path, { now: () => at })];
  await one.messages.push("orders", items(40));
  await work(one, 1);
  const stored = groupRow(path);
  await work(other, 4);
  await work(one, 5);
  assert.deepEqual(groupRow(path), stored);

  at = start + MINUTE;
  await work(other, 3);
  await work(one, 6);
  at = start + 3 * MINUTE;
  await work(one, 2);
  await work(other, 1);
  const [{ receipt } = { receipt: null }] = await other.messages.pop("orders");
  await other.messages.settle([{ action: "dead", receipt: receipt ?? "" }]);

  const metrics = await one.inspect.metrics("orders", { from: start, to: start + 10 * MINUTE });
  assert.deepEqual(metrics.map(({ minute, completed, delivered, dead, depth }) => [(minute - start) / MINUTE, completed, delivered, dead, depth]), [
    [0, 10, 10, 0, 30],
    [1, 9, 9, 0, 21],
    [3, 3, 4, 1, 17],
  ]);
  const stats = await one.inspect.stats("orders");
  assert.deepEqual([stats.counts.completed, stats.counts.dead, stats.counts.ready, stats.totalDeliveries], [22, 1, 17, 23]);
  assert.equal((await one.inspect.leases("orders")).items.length, 0);

  await other.repair.seek("orders", "default", "all");
  const again = await one.inspect.stats("orders");
  assert.deepEqual([again.counts.ready, again.totalDeliveries], [40, 23]);
  await work(one, 2);
  assert.deepEqual((await other.inspect.stats("orders")).totalDeliveries, 25);
  await Promise.all([one.close(), other.close()]);
});
