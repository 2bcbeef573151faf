import type { Work } from "./context.ts";
import { groupsOf } from "./group-row.ts";
import type { GroupRow } from "./group-row.ts";
import { queuesAfter } from "./queue-row.ts";
import type { ReadTx } from "./tx.ts";

const HOUR = 3_600_000;
/** For charts. */
const KEPT = 90 * 24 * HOUR;
const QUEUES_AT_ONCE = 1_000;
const ROWS_AT_ONCE = 1_000;

/** Under which `gid` a group's rows of `tally` and `timing` stand. */
export function historyOf(group: Pick<GroupRow, "gid" | "history">): number {
  return group.history ?? group.gid;
}

/** Under which `gid` a group's totals of discarded dead letters stand in `tally`. */
export function discardsOf(group: Pick<GroupRow, "gid" | "history">): number {
  return -historyOf(group);
}

/** What is to go: rows of a queue (0) or group. */
interface Past {
  /** `null`: only what is in `timing`, where queues aren't named. */
  readonly qid: number | null;
  readonly gid: number;
  /** All before this minute. */
  readonly before: number;
}

/**
 * Finds history that is too old, and that of groups which are gone: a process may store its last timings after the
 * group was swept, so what is there is looked at, by the hour, and not what was deleted.
 */
export class OldHistory {
  #lookAt = 0;
  /** Queues up to this name were looked at. */
  #queue = "";

  readonly find = (tx: ReadTx): Past | null => {
    if (performance.now() < this.#lookAt) return null;
    const queues = queuesAfter(tx, this.#queue, QUEUES_AT_ONCE);
    for (const { qid, name } of queues) {
      const past = pastOf(tx, qid);
      if (past !== undefined) return past;
      this.#queue = name;
    }
    if (queues.length === QUEUES_AT_ONCE) return null; // The others come with the next round.
    const loose = tx.get<{ gid: number }>(LOOSE_TIMINGS);
    if (loose !== undefined) return { qid: null, gid: loose.gid, before: Number.MAX_SAFE_INTEGER };
    this.#queue = "";
    this.#lookAt = performance.now() + HOUR;
    return null;
  };
}

export function removeHistory({ tx }: Work, { qid, gid, before }: Past): void {
  if (qid !== null) tx.run("DELETE FROM tally WHERE (qid, gid, minute) IN (SELECT qid, gid, minute FROM tally WHERE qid = ? AND gid = ? AND minute < ? LIMIT ? + 0)", qid, gid, before, ROWS_AT_ONCE);
  tx.run("DELETE FROM timing WHERE (gid, minute, kind, bucket) IN (SELECT gid, minute, kind, bucket FROM timing WHERE gid = ? AND minute < ? LIMIT ? + 0)", gid, before, ROWS_AT_ONCE);
}

function pastOf(tx: ReadTx, qid: number): Past | undefined {
  const kept = new Set([0, ...groupsOf(tx, qid).flatMap((row) => [historyOf(row), discardsOf(row)])]);
  const stored = tx.all<{ gid: number }>(TALLIED, qid).map(({ gid }) => gid);
  return [...new Set([...kept, ...stored])]
    .map((gid): Past => ({ qid, gid, before: kept.has(gid) ? tx.now - KEPT : Number.MAX_SAFE_INTEGER }))
    .find(({ gid, before }) => tx.get(ANY_BEFORE, qid, gid, before, gid, before) !== undefined);
}

const ANY_BEFORE = "SELECT 1 AS one FROM tally WHERE qid = ? AND gid = ? AND minute < ? UNION ALL SELECT 1 FROM timing WHERE gid = ? AND minute < ? LIMIT 1";

// From one group to the next, over all the minutes of each.
const TALLIED = `WITH RECURSIVE step (gid) AS (
    SELECT min(gid) FROM tally WHERE qid = ?1
    UNION ALL SELECT (SELECT min(gid) FROM tally WHERE qid = ?1 AND gid > step.gid) FROM step WHERE step.gid IS NOT NULL)
  SELECT gid FROM step WHERE gid IS NOT NULL`;
const LOOSE_TIMINGS = `WITH RECURSIVE step (gid) AS (
    SELECT min(gid) FROM timing
    UNION ALL SELECT (SELECT min(gid) FROM timing WHERE gid > step.gid) FROM step WHERE step.gid IS NOT NULL)
  SELECT gid FROM step WHERE gid IS NOT NULL AND gid NOT IN (SELECT ifnull(history, gid) FROM grp) LIMIT 1`;
