import type { Instant, StateCounts } from "../../core/index.ts";
import { deliverable, dueMessages, readyLanes } from "./deliverable.ts";
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
const LOOK = 500;

/** From the counters, so that it costs the same for ten messages and ten million. */
export function groupCounts(tx: ReadTx, queue: QueueRow, group: string): GroupCounts {
  const view = new GroupView(tx, queue.qid, group);
  const stored = queue.pushed - queue.removed;
  const passed = view.row?.passed ?? onlyForOthers(tx, queue.qid, group, messageRange(queue.qid).first);
  const held = view.row === undefined ? { all: 0, live: 0 } : heldByLeases(tx, view.row.gid);
  const leased = view.row === undefined ? 0 : held.live;
  const retrying = view.row === undefined ? 0 : waiting(tx, view.row.gid);
  const seen = view.row === undefined ? 0 : held.all + view.row.retrying + view.row.released;
  const dead = deadLetters(tx, queue.qid, group);
  const due = dueNow(tx, queue.qid);
  const counts = {
    ready: stored - passed - leased - retrying + due,
    scheduled: queue.scheduled - due,
    leased,
    retrying,
    completed: passed - (dead > LOOK ? dead : deadInLog(tx, queue.qid, view)),
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
  const [due] = dueMessages(tx, queue, view, 1);
  return due === undefined ? oldest : Math.min(oldest ?? due.due, due.due);
}

/** Scheduled messages whose time has come, and that nobody has brought into the log yet. */
function dueNow(tx: ReadTx, qid: number): number {
  return tx.get<{ n: number }>("SELECT count(*) AS n FROM sched INDEXED BY sched_due WHERE qid = ? AND due <= ?", qid, tx.now)?.n ?? 0;
}

/** Messages in leases: in all, and in those that haven't run out. Live leases are as many as consumers work on. */
export function heldByLeases(tx: ReadTx, gid: number): { readonly all: number; readonly live: number } {
  const row = tx.get<{ held: number; live: number }>("SELECT ifnull(sum(open), 0) AS held, ifnull(sum(CASE WHEN expires_at > ?2 THEN open ELSE 0 END), 0) AS live FROM lease WHERE gid = ?1", gid, tx.now);
  return { all: row?.held ?? 0, live: row?.live ?? 0 };
}

/** Those given back that may not be delivered yet. */
function waiting(tx: ReadTx, gid: number): number {
  return tx.get<{ n: number }>("SELECT count(*) AS n FROM exc INDEXED BY exc_due WHERE gid = ? AND visible_at IS NOT NULL AND visible_at > ?", gid, tx.now)?.n ?? 0;
}

function deadLetters(tx: ReadTx, qid: number, group: string): number {
  return tx.get<{ n: number }>("SELECT count(*) AS n FROM dead INDEXED BY dead_group WHERE qid = ? AND grp = ?", qid, group)?.n ?? 0;
}

/** Messages of the log that died in the group and weren't brought back by a seek since. */
function deadInLog(tx: ReadTx, qid: number, view: GroupView): number {
  const keys = tx.all<{ id: number }>("SELECT DISTINCT id FROM dead INDEXED BY dead_group WHERE qid = ? AND grp = ?", qid, view.group);
  return keys.filter(({ id }) => {
    const message = placedByKey(tx, id);
    return message !== undefined && view.of(message).state === "dead";
  }).length;
}

const PLACED = "SELECT m.id, m.alias, m.lane, l.name, m.only_group FROM msg AS m CROSS JOIN lane AS l ON l.lid = m.lane WHERE m.id = ?";

function placedByKey(tx: ReadTx, key: number): Placed | undefined {
  const message = tx.get<Placed>(PLACED, key);
  if (message?.alias === null) return message;
  const place = tx.get<{ id: number }>("SELECT id FROM fired WHERE alias = ?", key);
  return place === undefined ? undefined : tx.get<Placed>(PLACED, place.id);
}

/** Expired messages that housekeeping hasn't removed yet: nobody is given them any more. */
function unswept(tx: ReadTx, qid: number): Placed[] {
  const { first, last } = messageRange(qid);
  return tx.all<Placed>(
    `SELECT m.id, m.alias, m.lane, l.name, m.only_group FROM msg AS m INDEXED BY msg_exp CROSS JOIN lane AS l ON l.lid = m.lane
      WHERE m.exp IS NOT NULL AND m.exp <= ? AND m.id > ? AND m.id <= ? LIMIT ${LOOK}`, tx.now, first, last);
}
