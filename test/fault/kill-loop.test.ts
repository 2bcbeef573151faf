import assert from "node:assert/strict";
import { mkdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { type TestContext, test } from "node:test";
import { openLocal } from "../../src/brokers/local/index.ts";
import { type Broker, type Delivery, payloadValue, valuePayload } from "../../src/core/index.ts";
import { bundled, Child } from "./support/child.ts";
import { temporaryFolder } from "./support/folder.ts";
import { clock, LedgerWriter, newLedger, readLedgers } from "./support/ledger.ts";
import { Random, seedFromEnvironment } from "./support/random.ts";
import { History } from "./support/verify.ts";

const KILLS = Number(process.env["QUEUESCOPE_KILLS"] ?? 110);
/** Far above what a bounded log needs, far below what an unbounded one reaches here. */
const WAL_BOUND = 32 * 1024 * 1024;
const SLOTS = ["producer", "producer", "audit", "audit", "forward", "forward"] as const;

test(`${KILLS} kills of producers and consumers lose, double and reorder nothing`, { timeout: 240_000 }, async (t) => {
  const seed = seedFromEnvironment();
  t.diagnostic(`QUEUESCOPE_SEED=${seed}`);
  const folder = temporaryFolder(t);
  const [path, ledgers] = [join(folder, "queues.db"), join(folder, "ledgers")];
  mkdirSync(ledgers);
  await bundled(folder, ["producer.ts", "consumer.ts"]);
  const broker = await openLocal(path);
  t.after(() => broker.close());
  // Nothing dies or is cleaned away: all that was pushed can be accounted for.
  for (const name of ["orders", "next", "scratch"]) {
    await broker.queues.create(name, { retryLimit: 1_000_000, retryDelay: 1, backoff: "fixed", completedRetentionSeconds: 0 });
  }

  const wal = watchSize(`${path}-wal`);
  await killAtRandom(t, new Random(seed), path, ledgers);
  await drain(broker, new LedgerWriter(newLedger(join(ledgers, "drain"))));
  const largest = wal.stop();

  const history = new History(readLedgers(ledgers));
  const order = await entryOrder(broker);
  t.diagnostic(`${history.pushed.length} confirmed pushes, ${history.leases.length} leases, ${history.settlements.length} settlements, ${history.refusals()} refused, write-ahead log up to ${Math.round(largest / 1024)} KiB`);

  none("pushes were lost", history.lost(["audit", "forward"]));
  none("ids were used again, or pushes doubled", history.reusedIds());
  none("late or second settlements were applied", history.lateButApplied());
  none("completed messages came again", history.redeliveredAfterAck());
  none("leases overlap", history.doublyLeased());
  for (const group of ["audit", "forward"]) none("messages came out of order", history.outOfOrder(group, order.partitions));
  none("transactions were torn", torn(order.all, await forwarded(broker)));
  assert.ok(history.refusals() > 0, "some receipts were used too late, so that refusing them was tested");
  assert.ok(largest < WAL_BOUND, `the write-ahead log grew to ${largest} bytes`);
  await broker.close();
  assert.deepEqual(integrity(path), ["ok"]);
});

function none(what: string, violations: readonly string[]): void {
  assert.equal(violations.length, 0, `${what}: ${violations.length} times, such as\n${violations.slice(0, 5).join("\n")}`);
}

/** Each slot's process is killed a random moment after it began to work, and another one takes its place. */
async function killAtRandom(t: TestContext, random: Random, path: string, ledgers: string): Promise<void> {
  let kills = 0;
  await Promise.all(SLOTS.map(async (role, slot) => {
    const own = new Random(random.whole(0, 2 ** 31));
    let before: string[] = [];
    for (let life = 0; kills < KILLS; life++) {
      const name = `${role}-${slot}-${life}`;
      const ledger = newLedger(join(ledgers, name));
      const seed = String(own.whole(0, 2 ** 31));
      const child = new Child(t, join(dirname(path), role === "producer" ? "producer.mjs" : "consumer.mjs"), [path, ledger, seed, role === "producer" ? name : role, ...before]);
      await child.says();
      await sleep(own.whole(20, 900));
      assert.ok(child.running, `${name} ended by itself: ${child.errors}`);
      child.signal("SIGKILL");
      await child.exited;
      kills++;
      if (role === "producer") before = [ledger];
    }
  }));
}

/** Completes what is left, as one more consumer of each group. */
async function drain(broker: Broker, ledger: LedgerWriter): Promise<void> {
  for (const group of ["audit", "forward"]) {
    while ((await groupLag(broker, group)) > 0) {
      const start = clock();
      const deliveries = await broker.messages.pop("orders", { group, batch: 500, wait: 100, lease: 30_000 });
      if (deliveries.length > 0) await complete(broker, ledger, group, start, deliveries);
    }
  }
  ledger.close();
}

let drained = 0;
async function complete(broker: Broker, ledger: LedgerWriter, group: string, start: number, deliveries: readonly Delivery[]): Promise<void> {
  const held = deliveries.map(({ id, partition, payload, receipt, leaseExpiresAt }) => ({ id, partition, tx: (payloadValue(payload) as { tx: string }).tx, receipt: receipt ?? "", leaseEnds: leaseExpiresAt ?? 0 }));
  ledger.write({ kind: "popped", group, start, end: clock(), wall: Date.now(), deliveries: held });
  const call = drained++;
  ledger.write({ kind: "settle-intent", call, group, start: clock(), wall: Date.now(), items: held.map(({ id, receipt }) => ({ id, receipt, action: "ack" })) });
  const acks = held.map(({ receipt }) => ({ action: "ack", receipt }) as const);
  if (group === "forward") await broker.messages.transact({ settle: acks, push: [{ queue: "next", items: held.map(({ id }) => ({ payload: valuePayload({ of: id }) })) }] });
  else for (const result of await broker.messages.settle(acks)) assert.ok(result.ok);
  ledger.write({ kind: "settled", call, end: clock(), refused: held.map(() => null) });
}

async function groupLag(broker: Broker, name: string): Promise<number> {
  const group = (await broker.inspect.groups("orders")).find((each) => each.name === name);
  return group?.lag ?? 1;
}

async function* browse(broker: Broker, queue: string): AsyncGenerator<Awaited<ReturnType<Broker["inspect"]["browse"]>>["items"][number]> {
  let after: string | undefined;
  do {
    const page = await broker.inspect.browse(queue, { limit: 1_000, ...(after === undefined ? {} : { after }) });
    yield* page.items;
    after = page.next ?? undefined;
  } while (after !== undefined);
}

async function entryOrder(broker: Broker): Promise<{ readonly all: string[]; readonly partitions: Map<string, string[]> }> {
  const [all, partitions] = [[] as string[], new Map<string, string[]>()];
  for await (const { id, partition } of browse(broker, "orders")) {
    all.push(id);
    if (partition !== null) partitions.set(partition, [...(partitions.get(partition) ?? []), id]);
  }
  return { all, partitions };
}

async function forwarded(broker: Broker): Promise<string[]> {
  const found: string[] = [];
  for await (const { payload } of browse(broker, "next")) found.push((payloadValue(payload) as { of: string }).of);
  return found;
}

/** Each message was completed and passed on in one transaction, so each has exactly one that came of it. */
function torn(messages: readonly string[], passedOn: readonly string[]): string[] {
  const times = Map.groupBy(passedOn, (id) => id);
  const wrong = messages.filter((id) => times.get(id)?.length !== 1).map((id) => `${id} was passed on ${times.get(id)?.length ?? 0} times`);
  return passedOn.length === messages.length ? wrong : [...wrong, `${passedOn.length} came of ${messages.length}`];
}

/** Looks at a file's size only: opening it in a process that uses the database would drop SQLite's locks. */
function watchSize(path: string): { stop(): number } {
  let largest = 0;
  const timer = setInterval(() => { largest = Math.max(largest, statSync(path, { throwIfNoEntry: false })?.size ?? 0); }, 20);
  return {
    stop() {
      clearInterval(timer);
      return largest;
    },
  };
}

function integrity(path: string): unknown[] {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    return db.prepare("PRAGMA integrity_check").all().map((row) => row["integrity_check"]);
  } finally {
    db.close();
  }
}
