import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { test } from "node:test";
import { openLocal } from "../../src/brokers/local/index.ts";
import { textPayload } from "../../src/core/index.ts";
import { temporaryFolder } from "../support/folder.ts";

function samples(path: string): Record<string, number> {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    const rows = db.prepare("SELECT kind, sum(n) AS n FROM timing GROUP BY kind").all() as { kind: number; n: number }[];
    return Object.fromEntries(rows.map(({ kind, n }) => [kind === 0 ? "wait" : "run", n]));
  } finally {
    db.close();
  }
}

test("each delivery and each ack is timed once, whatever overlaps, and none that was undone", async (t) => {
  const path = join(await temporaryFolder(t), "queues.db");
  const broker = await openLocal(path);
  await broker.messages.push("orders", Array.from({ length: 60 }, () => ({ payload: textPayload("m") })));
  const deliveries = (await Promise.all(Array.from({ length: 60 }, () => broker.messages.pop("orders")))).flat();
  const acks = deliveries.map(({ receipt }) => ({ action: "ack", receipt: receipt ?? "" }) as const);
  const [first] = acks;
  assert.ok(first !== undefined);
  await assert.rejects(broker.messages.transact({ settle: [...acks.slice(0, 10), first], push: [] }));
  await Promise.all(acks.map((ack) => broker.messages.settle([ack])));
  await broker.close();
  assert.deepEqual(samples(path), { wait: 60, run: 60 });
});
