import { DatabaseSync } from "node:sqlite";
import type { Bench, Side } from "./harness.ts";

/** The yardstick: the same payloads put into a bare table by node:sqlite, a transaction a batch, WAL and NORMAL as ours. */
export function rawInsert(bench: Bench, batch: number, body: Uint8Array): Side {
  const db = new DatabaseSync(bench.file("raw.db"));
  bench.after(() => { db.close(); });
  db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; CREATE TABLE raw (id INTEGER PRIMARY KEY, ts INTEGER NOT NULL, body BLOB NOT NULL) STRICT");
  const insert = db.prepare("INSERT INTO raw (ts, body) VALUES (?, ?)");
  const begin = db.prepare("BEGIN IMMEDIATE");
  const commit = db.prepare("COMMIT");
  return {
    run() {
      if (batch === 1) {
        insert.run(Date.now(), body);
        return 1;
      }
      begin.run();
      for (let i = 0; i < batch; i++) insert.run(Date.now(), body);
      commit.run();
      return batch;
    },
  };
}

/** Half the rate of single-row inserts: what a pop and its ack, two commits, can be held against. */
export function halfRawRate(bench: Bench, body: Uint8Array): Side {
  const raw = rawInsert(bench, 1, body);
  return {
    async run() {
      return (await raw.run()) / 2;
    },
  };
}
