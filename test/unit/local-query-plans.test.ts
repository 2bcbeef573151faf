import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";
import type { StatementSync } from "node:sqlite";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { openLocal } from "../../src/brokers/local/index.ts";
import { textPayload } from "../../src/core/index.ts";
import type { Broker, Delivery } from "../../src/core/index.ts";

/** Tables that stay small (leases are as many as consumers work on), and what statements and SQLite make themselves. */
const MAY_BE_SCANNED = /^SCAN (queue|q|grp|g|gone|gone_queue|worker|lease|meta|sqlite_master|json_each|pragma_\w+|recent|step|CONSTANT ROW|\(subquery-\d+\)|\d+-ROW VALUES CLAUSE)/;

describe("statements of the local broker", () => {
  const statements = new Set<string>();
  const prepare = Object.getOwnPropertyDescriptor(DatabaseSync.prototype, "prepare")?.value as (this: DatabaseSync, sql: string) => StatementSync;
  let folder = "";
  let path = "";
  before(async () => {
    DatabaseSync.prototype.prepare = function (this: DatabaseSync, sql: string): StatementSync {
      statements.add(sql);
      return prepare.call(this, sql);
    };
    folder = await mkdtemp(join(tmpdir(), "queuescope-plans-"));
    path = join(folder, "queues.db");
  });
  after(async () => {
    DatabaseSync.prototype.prepare = prepare;
    await rm(folder, { recursive: true, force: true });
  });

  it("never read a growing table from end to end", async () => {
    const broker = await openLocal(path);
    await useEverything(broker);
    await broker.close();
    const db = new DatabaseSync(path);
    const explain = (sql: string) => prepare.call(db, `EXPLAIN QUERY PLAN ${sql}`).all().map((row) => String(row["detail"]));
    const asked = [...statements].filter((sql) => /^\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b/.test(sql));
    assert.ok(asked.length > 80, `only ${asked.length} statements were seen`);
    const scans = asked.flatMap((sql) => explain(sql).filter((detail) => detail.startsWith("SCAN ") && !MAY_BE_SCANNED.test(detail)).map((detail) => `${detail}: ${sql}`));
    db.close();
    assert.deepEqual(scans, []);
  });
});

/** Calls every method, so that every statement is prepared. */
async function useEverything(broker: Broker): Promise<void> {
  const { queues, messages, inspect, repair, workers } = broker;
  const q = "plans";
  await queues.create(q, { trace: "all", retryDelay: 0, maxSize: 1000, overflow: "drop-oldest", dedupWindowSeconds: 60 });
  await queues.create("limited", { maxSize: 2 });
  await messages.push("limited", [{ payload: textPayload("1") }]);
  const [first] = await messages.push(q, ["1", "2", "3", "4", "5", "6"].map((text) => ({ payload: textPayload(text), transactionId: `tx-${text}` })));
  await messages.push(q, ["k1", "k2", "k3"].map((text) => ({ payload: textPayload(text), partition: "a" })));
  const [later, other] = await messages.push(q, ["later", "other"].map((text) => ({ payload: textPayload(text), deliverAt: Date.now() + 600_000 })));
  await messages.push(q, [{ payload: textPayload("brief"), ttl: 1 }]);
  assert.ok(first !== undefined && later !== undefined && other !== undefined);
  const got = [...(await messages.pop(q, { batch: 4, worker: "w" })), ...(await messages.pop(q, { batch: 3, partition: "a", worker: "w" })), ...(await messages.pop(q, { group: "g", batch: 2 }))];
  await messages.trace([{ messageId: first.id, type: "info", names: ["name"], data: '"text"' }]);
  await messages.renew([receipt(got[0])]);
  await workers.renewLeases("w");
  await messages.settle([{ action: "ack", receipt: receipt(got[0]) }, { action: "nack", receipt: receipt(got[1]) }, { action: "release", receipt: receipt(got[2]) }, { action: "dead", receipt: receipt(got[3]) }]);
  await look();
  await messages.settle([{ action: "dead", receipt: receipt(got[4]) }, { action: "nack", receipt: receipt(got[5]) }]);
  await messages.pop(q, { messageId: later.id });
  await messages.pop(q, { batch: 2, onlyNew: true });
  await messages.pop(q, { batch: 2, atMostOnce: true });
  await messages.settleAndPop([], q, { wait: 1, group: "other", start: 5 });
  await messages.pop(q, { group: "many", batch: 100 });
  await workers.heartbeat({ id: "w", name: "w", queues: [q], group: "default", host: "h", pid: 1, startedAt: 1, concurrency: 1, status: "idle", current: [], processed: 0, failed: 0, interval: 1_000 });
  await look();
  await repair.redrive(q, { filter: {}, limit: 1 });
  await repair.redrive(q, { filter: { group: "default" }, again: true, allGroups: true });
  await repair.redrive(q, { filter: {}, again: true, to: "limited" }).catch((error: unknown) => { assert.match(String(error), /full/); });
  await repair.undoRedrive(q, (await inspect.deadLetters(q)).items.map(({ id }) => id));
  await repair.edit(later.id, { headers: { h: "1" } });
  await repair.cancel([other.id]);
  await repair.hold(q, "g");
  await repair.step(q, "g", 1);
  await repair.letGo(q, "g");
  await repair.pauseGroup(q, "g");
  await repair.resumeGroup(q, "g");
  await repair.seek(q, "g", Date.now());
  await repair.seek(q, "default", "new");
  await repair.seek(q, "default", "all");
  await workers.releaseLeases("w");
  await workers.remove("w");
  await look();
  await repair.remove([first.id, later.id]);
  await repair.purge(q, { partition: "a" });
  await repair.purge(q, { state: "retrying" });
  await repair.purge(q, { state: "leased", match: "x" });
  await repair.discard(q, {});
  await repair.deleteGroup(q, "g");
  await queues.configure(q, { retentionSeconds: "1s" });
  await queues.pause(q);
  await queues.resume(q);
  await queues.delete(q);

  async function look(): Promise<void> {
    for (const group of ["default", "nobody"]) {
      await inspect.peek(q, { group });
      await inspect.peek(q, { group, partition: "a" });
      for (const state of [undefined, "ready", "scheduled", "leased", "retrying", "completed", "dead"] as const) for (const order of ["oldest", "newest"] as const) await inspect.browse(q, { group, state, order });
      for (const to of ["all", "new", Date.now() - 1] as const) await inspect.seekPreview(q, group, to);
      await inspect.partitions(q, { group });
      await inspect.partitions(q, { group, sort: "name" });
    }
    for (const order of ["oldest", "newest"] as const) await inspect.browse(q, { match: "k", partition: "a", from: 1, to: Date.now(), order });
    await inspect.read(first?.id ?? "");
    await inspect.exists([first?.id ?? ""]);
    await inspect.stats(q);
    await inspect.groups(q);
    await inspect.leases(q);
    await inspect.leases(q, { worker: "w" });
    const { items } = await inspect.deadLetters(q);
    for (const { id } of items) await inspect.deadLetter(id);
    await inspect.deadLetters(q, { group: "default", match: "x" });
    await inspect.deadLetters(q, { ids: items.map(({ id }) => id) });
    await inspect.countDeadLetters(q);
    await inspect.countDeadLetters(q, { group: "default", redriven: false });
    await inspect.countDeadLetters(q, { match: "x" });
    await inspect.deadQueues();
    await inspect.traces({ messageId: first?.id ?? "" });
    await inspect.traces({ name: "name" });
    await inspect.traces({ match: "text" });
    await inspect.traceNames();
    await inspect.metrics(q, { from: 0, to: Date.now() });
    await inspect.histogram(q, { from: 0, to: Date.now(), buckets: 3 });
    await inspect.health();
    await queues.list({ match: "p" });
    await workers.list();
  }
}

function receipt(delivery: Delivery | undefined): string {
  assert.ok(delivery?.receipt != null, "a leased delivery");
  return delivery.receipt;
}
