import { DEFAULT_GROUP } from "../../core/index.ts";
import type { GroupInfo, QueueStats, WorkerInfo } from "../../core/index.ts";
import { groupCounts, heldByLeases, oldestReady } from "./counts.ts";
import { groupsOf, startOf } from "./group-row.ts";
import type { GroupRow } from "./group-row.ts";
import { messageId, messageRange } from "./ids.ts";
import type { QueueRow } from "./queue-row.ts";
import { publicKey } from "./rows.ts";
import type { ReadTx } from "./tx.ts";
import { workerList } from "./worker-list.ts";

export function stats(tx: ReadTx, queue: QueueRow): QueueStats {
  const { states, neverDelivered } = groupCounts(tx, queue, DEFAULT_GROUP);
  const rows = groupsOf(tx, queue.qid);
  const groups = groupInfos(tx, queue, rows);
  const standard = groups.find(({ name }) => name === DEFAULT_GROUP);
  return {
    queue: queue.name,
    messages: queue.pushed - queue.removed + queue.scheduled,
    counts: states,
    neverDelivered,
    totalDeliveries: rows.reduce((sum, { gid, delivered }) => sum + delivered + heldByLeases(tx, gid).all, 0),
    bytes: queue.bytes,
    // What takes longest to find: once for both.
    oldestReadyAge: standard === undefined ? ageOf(tx, oldestReady(tx, queue, DEFAULT_GROUP)) : standard.oldestReadyAge,
    firstId: edgeId(tx, queue.qid, "ASC"),
    lastId: edgeId(tx, queue.qid, "DESC"),
    partitions: queue.partitions,
    groups,
    fileSize: tx.get<{ size: number }>("SELECT page_count * page_size AS size FROM pragma_page_count, pragma_page_size")?.size ?? null,
  };
}

export function groupInfos(tx: ReadTx, queue: QueueRow, rows: readonly GroupRow[] = groupsOf(tx, queue.qid)): GroupInfo[] {
  const workers = workerList(tx).filter((worker) => worker.live && worker.queues.includes(queue.name));
  return rows.map((row) => groupInfo(tx, queue, row, workers));
}

function groupInfo(tx: ReadTx, queue: QueueRow, row: GroupRow, workers: readonly WorkerInfo[]): GroupInfo {
  const { states, lag } = groupCounts(tx, queue, row.name);
  return {
    name: row.name,
    start: startOf(row.start),
    paused: row.paused !== 0,
    held: row.held,
    counts: states,
    lag,
    oldestReadyAge: ageOf(tx, oldestReady(tx, queue, row.name)),
    workers: workers.filter((worker) => worker.group === row.name).map(({ id }) => id),
  };
}

function ageOf(tx: ReadTx, at: number | null): number | null {
  return at === null ? null : Math.max(0, tx.now - at);
}

function edgeId(tx: ReadTx, qid: number, order: "ASC" | "DESC"): string | null {
  const { first, last } = messageRange(qid);
  const row = tx.get<{ id: number; alias: number | null }>(`SELECT id, alias FROM msg WHERE id > ? AND id <= ? ORDER BY id ${order} LIMIT 1`, first, last);
  return row === undefined ? null : messageId(publicKey(row));
}
