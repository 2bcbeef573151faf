import type { Instant, StateCounts } from "../../core/index.ts";
import { deliverable, readyLanes } from "./deliverable.ts";
import { onlyForOthers } from "./entry-time.ts";
import { messageRange } from "./ids.ts";
import type { QueueRow } from "./queue-row.ts";
import { GroupView } from "./state.ts";
import type { Placed } from "./state.ts";
import type { ReadTx } from "./tx.ts";

export interface GroupCounts {
  readonly states: StateCounts;
  /** Not completed: ready, leased or retrying. */
  readonly lag: number;
  readonly neverDelivered: number;
}

/** More dead letters, or expired messages that nobody swept yet, than this aren't looked at one by one. */
const LOOK = 1_000;

/** From the counters, so that it costs the same for ten messages and ten million. */
export function groupCounts(tx: ReadTx, queue: QueueRow, group: string): GroupCounts {
  const view = new GroupView(tx, queue.qid, group);
  const stored = queue.pushed - queue.removed;
  const passed = view.row?.passed ?? onlyForOthers(tx, queue.qid, group, messageRange(queue.qid).first);
  const leased = view.row === undefined ? 0 : view.row.leased - runOut(tx, view.row.gid);
  const retrying = view.row === undefined ? 0 : waiting(tx, view.row.gid);
  const seen = view.row === undefined ? 0 : view.row.leased + view.row.retrying + view.row.released;
  const dead = deadLetters(tx, queue.qid, group);
  const due = dueNow(tx, queue.qid);
  const counts = {
    ready: stored - passed - leased - retrying + due,
    scheduled: queue.scheduled - due,
    leased,
    retrying,
    completed: passed - (dead > LOOK ? dead : deadInLog(tx, queue.qid, group)),
    dead,
  };
  let neverDelivered = stored - passed - seen + due;
  for (const message of unswept(tx, queue.qid)) {
    const { state, deliveries } = view.of(message);
    if (state !== "dead") counts[state] -= 1;
    if (state === "ready" && deliveries === 0) neverDelivered -= 1;
  }
  const states = { ...counts, ready: Math.max(0, counts.ready), completed: Math.max(0, counts.completed) };
  return { states, lag: states.ready + states.leased + states.retrying, neverDelivered: Math.max(0, neverDelivered) };
}

/** When the oldest message entered that the group could be given now. Looks at the 200 lanes that have waited longest. */
export function oldestReady(tx: ReadTx, queue: QueueRow, group: string): Instant | null {
  const view = new GroupView(tx, queue.qid, group);
  let oldest: Instant | null = null;
  for (const lane of readyLanes(tx, queue, view, 200)) {
    for (const head of deliverable(tx, queue, view, lane)) {
      oldest = Math.min(oldest ?? head.ts, head.ts);
      break;
    }
  }
  const due = tx.get<{ at: number | null }>("SELECT min(due) AS at FROM sched INDEXED BY sched_due WHERE qid = ? AND due <= ?", queue.qid, tx.now)?.at ?? null;
  return due === null ? oldest : Math.min(oldest ?? due, due);
}

/** Scheduled messages whose time has come, and that nobody has brought into the log yet. */
function dueNow(tx: ReadTx, qid: number): number {
  return tx.get<{ n: number }>("SELECT count(*) AS n FROM sched INDEXED BY sched_due WHERE qid = ? AND due <= ?", qid, tx.now)?.n ?? 0;
}

/** Messages in leases that ran out and that nobody has ended yet. */
function runOut(tx: ReadTx, gid: number): number {
  return tx.get<{ n: number }>("SELECT ifnull(sum(open), 0) AS n FROM lease INDEXED BY lease_expiry WHERE gid = ? AND expires_at <= ?", gid, tx.now)?.n ?? 0;
}

/** Those given back that may not be delivered yet. */
function waiting(tx: ReadTx, gid: number): number {
  return tx.get<{ n: number }>("SELECT count(*) AS n FROM exc INDEXED BY exc_due WHERE gid = ? AND visible_at IS NOT NULL AND visible_at > ?", gid, tx.now)?.n ?? 0;
}

function deadLetters(tx: ReadTx, qid: number, group: string): number {
  return tx.get<{ n: number }>("SELECT count(*) AS n FROM dead INDEXED BY dead_group WHERE qid = ? AND grp = ?", qid, group)?.n ?? 0;
}

/** Messages that died in the group and are still in the log. */
function deadInLog(tx: ReadTx, qid: number, group: string): number {
  const row = tx.get<{ n: number }>(
    `SELECT count(DISTINCT d.id) AS n FROM dead AS d INDEXED BY dead_group WHERE d.qid = ? AND d.grp = ?
      AND (EXISTS (SELECT 1 FROM msg AS m WHERE m.id = d.id AND m.alias IS NULL) OR EXISTS (SELECT 1 FROM fired AS f WHERE f.alias = d.id))`, qid, group);
  return row?.n ?? 0;
}

/** Expired messages that housekeeping hasn't removed yet: nobody is given them any more. */
function unswept(tx: ReadTx, qid: number): Placed[] {
  const { first, last } = messageRange(qid);
  return tx.all<Placed>(
    `SELECT m.id, m.alias, m.lane, l.name, m.only_group FROM msg AS m INDEXED BY msg_exp CROSS JOIN lane AS l ON l.lid = m.lane
      WHERE m.exp IS NOT NULL AND m.exp <= ? AND m.id > ? AND m.id <= ? LIMIT ${LOOK}`, tx.now, first, last);
}
