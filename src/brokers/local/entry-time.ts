import type { GroupStart, Instant } from "../../core/index.ts";
import { messageKey, messageRange } from "./ids.ts";
import type { QueueRow } from "./queue-row.ts";
import type { ReadTx } from "./tx.ts";

/**
 * The lowest id that a message which entered at or after `at` can have: entry times never go back
 * within a queue, so a binary search over the ids finds it in some 20 reads, however long the log.
 */
export function firstIdSince(tx: ReadTx, queue: QueueRow, at: Instant): number {
  let low = messageRange(queue.qid).first + 1;
  let high = messageKey(queue.qid, queue.seq) + 1;
  if (queue.last_ts < at) return high;
  // All messages below `low` entered before `at`; those from `high` on didn't.
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const found = tx.get<{ id: number; ts: number }>("SELECT id, ts FROM msg WHERE id >= ? AND id < ? ORDER BY id LIMIT 1", middle, high);
    if (found === undefined || found.ts >= at) high = middle;
    else low = found.id + 1;
  }
  return low;
}

/** Messages up to this id are before a group that starts at `start`. */
export function startId(tx: ReadTx, queue: QueueRow, start: GroupStart): number {
  if (start === "all") return messageRange(queue.qid).first;
  if (start === "new") return messageKey(queue.qid, queue.seq);
  return firstIdSince(tx, queue, start) - 1;
}

/**
 * How many messages of the log a group that starts behind `id` needn't be given: those up to there,
 * and later ones that were redriven to another group alone.
 */
export function skippedBy(tx: ReadTx, queue: QueueRow, group: string, id: number): number {
  return countedTo(tx, queue, id) + onlyForOthers(tx, queue.qid, group, id);
}

function countedTo(tx: ReadTx, queue: QueueRow, id: number): number {
  const { first, last } = messageRange(queue.qid);
  if (id <= first) return 0;
  if (id >= messageKey(queue.qid, queue.seq)) return queue.pushed - queue.removed;
  // Count the side that has fewer ids.
  const before = id - first < messageKey(queue.qid, queue.seq) - id;
  const [from, to] = before ? [first, id] : [id, last];
  const counted = tx.get<{ n: number }>("SELECT count(*) AS n FROM msg WHERE id > ? AND id <= ?", from, to)?.n ?? 0;
  return before ? counted : queue.pushed - queue.removed - counted;
}

/** Messages behind `after` that were redriven to another group alone. */
export function onlyForOthers(tx: ReadTx, qid: number, group: string, after: number): number {
  const row = tx.get<{ n: number }>("SELECT count(*) AS n FROM msg INDEXED BY msg_only WHERE only_group IS NOT NULL AND only_group <> ? AND id > ? AND id <= ?", group, after, messageRange(qid).last);
  return row?.n ?? 0;
}

/** Until when lanes are ready by now. What entered is ready at once, also when the machine's clock has gone back since. */
export function readyBy(tx: ReadTx, queue: QueueRow): Instant {
  return Math.max(tx.now, queue.last_ts);
}
