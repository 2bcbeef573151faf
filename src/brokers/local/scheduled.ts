import type { Instant } from "../../core/index.ts";
import { messageKey } from "./ids.ts";
import type { LiveQueue } from "./live.ts";
import { append } from "./log.ts";
import type { Entry } from "./log.ts";
import { SCHEDULED_COLUMNS } from "./rows.ts";
import type { ScheduledRow } from "./rows.ts";
import type { WriteTx } from "./tx.ts";

/** So that a transaction stays short; the rest comes with the next one. */
const AT_ONCE = 200;

/** @param ttl `null`: the queue's, when it enters */
export function schedule(tx: WriteTx, queue: LiveQueue, entry: Entry, due: Instant, ttl: number | null): void {
  tx.run(
    "INSERT INTO sched (id, qid, due, name, prio, pushed_at, ttl, enc, body, hdr, tx) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    entry.key, queue.qid, due, entry.partition, entry.priority, tx.now, ttl, entry.enc, entry.body, entry.hdr, entry.tx,
  );
  queue.scheduled += 1;
  queue.bytes += entry.body.byteLength + (entry.hdr?.byteLength ?? 0);
}

/** Appends scheduled messages that are due to the log; answers how many. */
export function bringInDue(tx: WriteTx, queue: LiveQueue): number {
  const due = tx.all<ScheduledRow>(`SELECT ${SCHEDULED_COLUMNS} FROM sched INDEXED BY sched_due WHERE qid = ? AND due <= ? ORDER BY due, id LIMIT ? + 0`, queue.qid, tx.now, AT_ONCE);
  if (due.length === 0) return 0;
  const entries = due.map((row): Entry => {
    queue.seq += 1;
    return {
      key: messageKey(queue.qid, queue.seq), partition: row.name, priority: row.prio, enc: row.enc, body: row.body, hdr: row.hdr, tx: row.tx,
      ttl: row.ttl ?? queue.options.ttl, alias: row.id, onlyGroup: null, origin: null,
    };
  });
  for (const entry of entries) {
    tx.run("DELETE FROM sched WHERE id = ?", entry.alias);
    tx.run("INSERT INTO fired (alias, id) VALUES (?, ?)", entry.alias, entry.key);
    queue.bytes -= entry.body.byteLength + (entry.hdr?.byteLength ?? 0); // append counts them again
  }
  queue.scheduled -= entries.length;
  append(tx, queue, entries, Math.max(tx.now, queue.last_ts));
  for (const { id, edited_at: editedAt } of due) {
    if (editedAt !== null) tx.run("UPDATE msg SET edited_at = ? WHERE id = (SELECT id FROM fired WHERE alias = ?)", editedAt, id);
  }
  return entries.length;
}
