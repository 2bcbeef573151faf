import type { Instant } from "../../core/index.ts";
import type { Work } from "./context.ts";
import { groupsOf } from "./group-row.ts";
import { messageRange, queueOf } from "./ids.ts";
import { queueById, queuesAfter } from "./queue-row.ts";
import { removeMessages } from "./remove.ts";
import { isLeased, placed } from "./standing.ts";
import type { ReadTx, WriteTx } from "./tx.ts";

const AT_ONCE = 200;
const LANES_AT_ONCE = 200;
const QUEUES_AT_ONCE = 1_000;
const DAY = 86_400_000;
/** A timeline without its message tells for a week what became of it. */
const LOOSE_TIMELINES = 7 * DAY;

/** Finds messages whose ttl is over. Those that somebody works on may still be finished, and don't hide others. */
export class Expired {
  /** The last one looked at, until all were. */
  #place = { exp: 0, id: 0 };

  readonly find = (tx: ReadTx): number[] | null => {
    const rows = tx.all<{ id: number; exp: number }>(
      "SELECT id, exp FROM msg INDEXED BY msg_exp WHERE exp IS NOT NULL AND (exp, id) > (?, ?) AND exp <= ? ORDER BY exp, id LIMIT ? + 0", this.#place.exp, this.#place.id, tx.now, AT_ONCE);
    const last = rows.at(-1);
    this.#place = last === undefined || rows.length < AT_ONCE ? { exp: 0, id: 0 } : last;
    const free = rows.filter(({ id }) => {
      const message = placed(tx, id);
      const queue = queueById(tx, queueOf(id));
      return message !== undefined && queue !== undefined && !groupsOf(tx, queue.qid).some((group) => isLeased(tx, group, message));
    });
    return free.length === 0 ? null : free.map(({ id }) => id);
  };
}

export function removeExpired(work: Work, ids: readonly number[]): void {
  const { tx } = work;
  for (const id of ids) {
    const queue = tx.live.queueById(queueOf(id));
    const message = placed(tx, id);
    if (queue === undefined || message === undefined || tx.live.groupsOf(queue).some((group) => isLeased(tx, group, message))) continue;
    removeMessages(work, queue, [id], { event: "expired", reason: "Its ttl was over." });
  }
}

/** What deleted queues and old generations of groups left behind. */
export const sweepGone = {
  find: (tx: ReadTx): { readonly qid: number } | { readonly gid: number; readonly swept: number } | null => {
    return tx.get<{ qid: number }>("SELECT qid FROM gone_queue LIMIT 1") ?? tx.get<{ gid: number; swept: number }>("SELECT gid, swept FROM gone LIMIT 1") ?? null;
  },
  do: ({ tx }: Work, found: { readonly qid: number } | { readonly gid: number; readonly swept: number }): void => {
    if ("qid" in found) sweepQueue(tx, found.qid);
    else sweepGroup(tx, found.gid, found.swept);
  },
};

function sweepQueue(tx: WriteTx, qid: number): void {
  const { first, last } = messageRange(qid);
  for (const sql of [
    "DELETE FROM msg WHERE id IN (SELECT id FROM msg WHERE id > ?1 AND id <= ?2 LIMIT ?3 + 0)",
    "DELETE FROM fired WHERE alias IN (SELECT alias FROM fired WHERE alias > ?1 AND alias <= ?2 LIMIT ?3 + 0)",
    "DELETE FROM sched WHERE id IN (SELECT id FROM sched WHERE id > ?1 AND id <= ?2 LIMIT ?3 + 0)",
    "DELETE FROM event_name WHERE eid IN (SELECT eid FROM event WHERE id > ?1 AND id <= ?2 LIMIT ?3 + 0)",
    "DELETE FROM event WHERE eid IN (SELECT eid FROM event WHERE id > ?1 AND id <= ?2 LIMIT ?3 + 0)",
  ]) if (tx.run(sql, first, last, AT_ONCE) > 0) return;
  for (const sql of [
    "DELETE FROM cursor WHERE lane IN (SELECT lid FROM lane WHERE qid = ? LIMIT ? + 0)",
    "DELETE FROM lane WHERE lid IN (SELECT lid FROM lane WHERE qid = ? LIMIT ? + 0)",
    "DELETE FROM dedup WHERE (qid, part, tx) IN (SELECT qid, part, tx FROM dedup WHERE qid = ? LIMIT ? + 0)",
    "DELETE FROM redrive WHERE did IN (SELECT did FROM dead WHERE qid = ? LIMIT ? + 0)",
    "DELETE FROM dead WHERE did IN (SELECT did FROM dead WHERE qid = ? LIMIT ? + 0)",
    "DELETE FROM timing WHERE gid IN (SELECT gid FROM tally WHERE qid = ? AND gid > 0 LIMIT ? + 0)",
    "DELETE FROM tally WHERE (qid, gid, minute) IN (SELECT qid, gid, minute FROM tally WHERE qid = ? LIMIT ? + 0)",
  ]) if (tx.run(sql, qid, AT_ONCE) > 0) return;
  tx.run("DELETE FROM gone_queue WHERE qid = ?", qid);
}

function sweepGroup(tx: WriteTx, gid: number, swept: number): void {
  if (tx.run("DELETE FROM lease WHERE lease IN (SELECT lease FROM lease WHERE gid = ? LIMIT ? + 0)", gid, AT_ONCE) > 0) return;
  if (tx.run("DELETE FROM exc WHERE (gid, id) IN (SELECT gid, id FROM exc WHERE gid = ? LIMIT ? + 0)", gid, AT_ONCE) > 0) return;
  const lanes = tx.get<{ last: number | null }>("SELECT max(lid) AS last FROM (SELECT lid FROM lane WHERE lid > ? ORDER BY lid LIMIT ? + 0)", swept, LANES_AT_ONCE);
  if (lanes?.last === undefined || lanes.last === null) {
    tx.run("DELETE FROM gone WHERE gid = ?", gid);
    return;
  }
  tx.run("DELETE FROM cursor WHERE lane > ? AND lane <= ? AND gid = ?", swept, lanes.last, gid);
  tx.run("UPDATE gone SET swept = ? WHERE gid = ?", lanes.last, gid);
}

/** Rows that only had a time to live: transaction ids, and timelines whose message is gone. */
export class LooseRows {
  /** Events up to this one were looked at. */
  #event = 0;
  /** And queues up to this name. */
  #queue = "";

  readonly find = (tx: ReadTx): Loose | null => {
    const loose = { transactionIds: this.#transactionIds(tx), events: this.#events(tx) };
    return loose.transactionIds.length + loose.events.length > 0 ? loose : null;
  };

  #transactionIds(tx: ReadTx): Loose["transactionIds"] {
    const queues = queuesAfter(tx, this.#queue, QUEUES_AT_ONCE);
    this.#queue = queues.length < QUEUES_AT_ONCE ? "" : (queues.at(-1)?.name ?? "");
    return queues.flatMap(({ qid, options }) => {
      const before = tx.now - options.dedupWindowSeconds;
      const any = tx.get("SELECT 1 AS one FROM dedup INDEXED BY dedup_at WHERE qid = ? AND at <= ? LIMIT 1", qid, before);
      return any === undefined ? [] : [{ qid, before }];
    });
  }

  #events(tx: ReadTx): number[] {
    const rows = tx.all<LooseEvent>("SELECT eid, id, at, type FROM event WHERE eid > ? ORDER BY eid LIMIT ? + 0", this.#event, AT_ONCE);
    const old = rows.filter(({ at }) => at <= tx.now - LOOSE_TIMELINES);
    this.#event = old.length === AT_ONCE ? (old.at(-1)?.eid ?? 0) : 0;
    return old.filter(({ id }) => !isKnown(tx, id)).map(({ eid }) => eid);
  }
}

interface Loose {
  readonly transactionIds: readonly { readonly qid: number; readonly before: Instant }[];
  readonly events: readonly number[];
}

interface LooseEvent {
  readonly eid: number;
  readonly id: number;
  readonly at: Instant;
}

export function removeLoose({ tx }: Work, { transactionIds: ids, events }: Loose): void {
  for (const { qid, before } of ids) {
    tx.run("DELETE FROM dedup WHERE (qid, part, tx) IN (SELECT qid, part, tx FROM dedup INDEXED BY dedup_at WHERE qid = ? AND at <= ? LIMIT ? + 0)", qid, before, AT_ONCE);
  }
  for (const eid of events) {
    tx.run("DELETE FROM event_name WHERE eid = ?", eid);
    tx.run("DELETE FROM event WHERE eid = ?", eid);
  }
}

/** Whether a message or dead letter of this id is there, whose timeline it is. */
function isKnown(tx: ReadTx, key: number): boolean {
  return [
    "SELECT 1 AS one FROM msg WHERE id = ?", "SELECT 1 AS one FROM fired WHERE alias = ?", "SELECT 1 AS one FROM sched WHERE id = ?", "SELECT 1 AS one FROM dead WHERE id = ? LIMIT 1",
  ].some((sql) => tx.get(sql, key) !== undefined);
}
