import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { openLocal } from "../../src/brokers/local/index.ts";
import { temporaryFolder } from "./support/folder.ts";
import { KillLoop } from "./support/kill-loop.ts";
import { Random, seedFromEnvironment } from "./support/random.ts";

const KILLS = Number(process.env["QUEUESCOPE_KILLS"] ?? 110);
/** Far above what a bounded log needs, far below what an unbounded one reaches here. */
const WAL_BOUND = 32 * 1024 * 1024;

test(`${KILLS} kills of producers and consumers lose, double and reorder nothing`, { timeout: 240_000 }, async (t) => {
  const seed = seedFromEnvironment();
  t.diagnostic(`QUEUESCOPE_SEED=${seed}`);
  const folder = temporaryFolder(t);
  const path = join(folder, "queues.db");
  const broker = await openLocal(path);
  t.after(() => broker.close());
  const loop = await KillLoop.prepare(t, new Random(seed), folder, broker, () => path);

  const wal = watchSize(`${path}-wal`);
  await loop.killAtRandom(KILLS);
  const history = await loop.check(broker);
  const largest = wal.stop();

  t.diagnostic(`write-ahead log up to ${Math.round(largest / 1024)} KiB`);
  assert.ok(history.refusals() > 0, "some receipts were used too late, so that refusing them was tested");
  assert.ok(largest < WAL_BOUND, `the write-ahead log grew to ${largest} bytes`);
  await broker.close();
  assert.deepEqual(integrity(path), ["ok"]);
});

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
