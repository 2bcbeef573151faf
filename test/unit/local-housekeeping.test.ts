import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type TestContext, test } from "node:test";
import { openLocal } from "../../src/brokers/local/index.ts";
import { Store } from "../../src/brokers/local/store.ts";
import { type Broker, textPayload } from "../../src/core/index.ts";
import { temporaryFolder } from "../support/folder.ts";
import { until } from "../support/until.ts";

const item = { payload: textPayload("x") };

async function fileWithClock(t: TestContext): Promise<{ path: string; broker: Broker; store: Store; advance: (ms: number) => void }> {
  const path = join(await temporaryFolder(t), "queues.db");
  let moved = 0;
  const now = (): number => Date.now() + moved;
  const broker = await openLocal(path, { now });
  const store = await Store.open(path, { readOnly: false, durability: "normal", now });
  t.after(async () => {
    store.close();
    await broker.close();
  });
  return { path, broker, store, advance: (ms) => { moved += ms; } };
}

async function rowsOf(store: Store, table: string): Promise<number> {
  return store.read((tx) => tx.get<{ n: number }>(`SELECT count(*) AS n FROM ${table}`)?.n ?? 0);
}

test("old messages that must stay don't hide completed ones behind them from retention", async (t) => {
  const { broker, advance } = await fileWithClock(t);
  await broker.queues.create("q", { completedRetentionSeconds: 60, leaseTime: "1d" });
  const stay = await broker.messages.push("q", Array.from({ length: 450 }, () => ({ ...item, partition: "stay" })));
  const go = await broker.messages.push("q", Array.from({ length: 50 }, () => ({ ...item, partition: "go" })));
  await broker.messages.pop("q", { partition: "go", batch: 100, atMostOnce: true });
  advance(61_000);
  await until("the completed ones to go", async () => (await broker.inspect.exists(go.map(({ id }) => id))).length === 0);
  assert.equal((await broker.inspect.exists(stay.map(({ id }) => id))).length, 450);
});

test("of more queues than are looked at in one go, each is kept house for", async (t) => {
  const { broker, store, advance } = await fileWithClock(t);
  for (let n = 0; n <= 1000; n++) await broker.queues.create(`q${String(n).padStart(4, "0")}`, { completedRetentionSeconds: 60, dedupWindowSeconds: 60 });
  for (const q of ["q0000", "q1000"]) {
    await broker.messages.push(q, [{ ...item, transactionId: "tx" }]);
    await broker.messages.pop(q, { atMostOnce: true });
  }
  advance(61_000);
  await until("completed messages and transaction ids to go", async () => (await rowsOf(store, "msg")) + (await rowsOf(store, "dedup")) === 0);
});

test("everything of a deleted queue goes, in small steps, and nothing of others", async (t) => {
  const { broker, store } = await fileWithClock(t);
  await broker.queues.create("gone", { trace: "all", retryLimit: 0 });
  await broker.messages.push("other", [item]);
  const pushed = await broker.messages.push("gone", Array.from({ length: 700 }, (_, i) => ({ ...item, partition: `p${i % 7}`, transactionId: `tx-${i}` })));
  await broker.messages.push("gone", [{ ...item, deliverAt: Date.now() + 3_600_000 }]);
  const [first, second] = await broker.messages.pop("gone", { batch: 2, group: "billing" });
  await broker.messages.settle([{ action: "nack", receipt: first?.receipt ?? "" }]);
  await broker.messages.trace([{ messageId: second?.id ?? "", type: "note", names: ["order-1"] }]);
  await broker.queues.delete("gone");
  assert.deepEqual(await broker.inspect.exists([pushed[5]?.id ?? ""]), []);
  await until("the sweep of the deleted queue", async () => (await rowsOf(store, "gone_queue")) + (await rowsOf(store, "gone")) === 0);
  for (const [table, rows] of Object.entries({ msg: 1, lane: 1, sched: 0, dedup: 0, dead: 0, event: 0, event_name: 0, cursor: 0, lease: 0, exc: 0, queue: 1, grp: 0 })) {
    assert.equal(await rowsOf(store, table), rows, table);
  }
});

test("a poison message dies though nobody pops any more", async (t) => {
  const { broker, advance } = await fileWithClock(t);
  await broker.queues.create("q", { retryLimit: 0 });
  await broker.messages.push("q", [item, { ...item, partition: "a" }]);
  assert.equal((await broker.messages.pop("q", { batch: 2, lease: 1_000, worker: "w" })).length, 2);
  advance(1_001);
  await until("two dead letters", async () => (await broker.inspect.deadLetters("q")).items.length === 2);
  for (const letter of (await broker.inspect.deadLetters("q")).items) assert.equal(letter.reason, "lease-expired");
});

test("transaction ids are forgotten after their window, timelines of lost messages after a week", async (t) => {
  const { broker, store, advance } = await fileWithClock(t);
  await broker.queues.create("q", { dedupWindowSeconds: 60, ttl: 1 });
  await broker.messages.push("q", [{ ...item, transactionId: "tx" }]);
  advance(61_000);
  await until("the transaction id and the expired message to go", async () => (await rowsOf(store, "dedup")) === 0 && (await rowsOf(store, "msg")) === 0);
  assert.equal(await rowsOf(store, "event"), 1, "it expired");
  advance(8 * 86_400_000);
  await until("the timeline to go", async () => (await rowsOf(store, "event")) === 0);
});

test("the charts' history of a deleted group goes, after seeks too, and that of others stays", async (t) => {
  const { path, broker, store } = await fileWithClock(t);
  const from = Date.now() - 600_000;
  let minutes = 0;
  // Closed, it has stored all its timings.
  const before = await openLocal(path, { now: () => from + minutes * 60_000, housekeeping: "none" });
  for (; minutes < 3; minutes++) {
    for (const group of ["gone", "stays", "default"]) {
      await before.messages.push("q", [item]);
      await before.messages.pop("q", { group, atMostOnce: true });
      if (minutes === 1) await before.repair.seek("q", group, "new");
    }
  }
  await before.close();
  const history = { tally: await seriesIn(store, "tally"), timing: await seriesIn(store, "timing") };
  const kept = await broker.inspect.metrics("q", { from, to: Date.now(), group: "stays" });
  await broker.repair.deleteGroup("q", "gone");
  // It looks when it starts, and then by the hour.
  await using keeper = await openLocal(path);
  for (const table of ["tally", "timing"] as const) await until(`${table} of the group to go`, async () => (await seriesIn(store, table)) === history[table] - 1);
  assert.deepEqual(await keeper.inspect.metrics("q", { from, to: Date.now(), group: "stays" }), kept);
  assert.ok(kept.length > 1);
});

async function seriesIn(store: Store, table: string): Promise<number> {
  return store.read((tx) => tx.get<{ n: number }>(`SELECT count(DISTINCT gid) AS n FROM ${table}`)?.n ?? 0);
}

test("a chore that fails is told, and doesn't keep the later ones from being done", async (t) => {
  const path = join(await temporaryFolder(t), "queues.db");
  const errors: unknown[] = [];
  await using broker = await openLocal(path, { onBackgroundError: (error) => { errors.push(error); } });
  await broker.messages.push("gone", [item]);
  const db = new DatabaseSync(path);
  db.exec("CREATE TRIGGER fault BEFORE DELETE ON sched BEGIN SELECT RAISE(ABORT, 'a fault of the test'); END");
  db.close();
  await broker.messages.push("stuck", [{ ...item, deliverAt: Date.now() + 50 }]);
  await until("the first chore to fail", () => errors.some((error) => String(error).includes("a fault of the test")));
  await broker.queues.delete("gone");
  const store = await Store.open(path, { readOnly: false, durability: "normal", now: Date.now });
  t.after(() => { store.close(); });
  await until("the sweep of the deleted queue", async () => (await rowsOf(store, "gone_queue")) === 0);
});

for (const housekeeping of ["inline", "thread"] as const) {
  test(`housekeeping in ${housekeeping === "thread" ? "a thread of its own" : "line"} moves a long write-ahead log into the file`, async (t) => {
    const path = join(await temporaryFolder(t), "queues.db");
    await using broker = await openLocal(path, { housekeeping });
    const store = await Store.open(path, { readOnly: false, durability: "normal", now: Date.now });
    t.after(() => { store.close(); });
    const frames = (): { log: number; checkpointed: number } => store.pragma<{ log: number; checkpointed: number }>("PRAGMA wal_checkpoint(NOOP)") ?? { log: 0, checkpointed: 0 };
    const page = store.pragma<{ page_size: number }>("PRAGMA page_size")?.page_size ?? 0;
    for (let written = 0; written < 12; written++) await broker.messages.push("q", [{ payload: textPayload("x".repeat(1024 * 1024)) }]);
    await until("a checkpoint", () => frames().checkpointed * page > 8 * 1024 * 1024 || frames().log * page < 8 * 1024 * 1024);
    assert.equal((await broker.inspect.stats("q")).messages, 12);
  });
}
