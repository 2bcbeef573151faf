import { readyBy } from "./entry-time.ts";
import { messageRange } from "./ids.ts";
import { isExpired } from "./lookup.ts";
import type { QueueRow } from "./queue-row.ts";
import { SCHEDULED_COLUMNS } from "./rows.ts";
import type { ScheduledRow } from "./rows.ts";
import type { GroupView, Placed } from "./state.ts";
import type { ReadTx } from "./tx.ts";

/** A lane that a pop of the group may take from now. */
export interface ReadyLane {
  readonly lane: number;
  readonly keyed: boolean;
  /** Behind it the log goes on for this group. */
  readonly pos: number;
}

interface Head extends Placed {
  readonly ts: number;
  readonly exp: number | null;
}

const CHUNK = 50;
const WITH_CURSOR = `SELECT c.lane, l.name IS NOT NULL AS keyed, c.pos FROM cursor AS c INDEXED BY cursor_ready CROSS JOIN lane AS l ON l.lid = c.lane
  WHERE c.gid = ? AND c.prio = ? AND c.ready_at IS NOT NULL AND c.ready_at <= ? AND c.lease IS NULL AND l.last_at <= ? ORDER BY c.ready_at LIMIT ? + 0`;
const LEASE_RAN_OUT = `SELECT c.lane, c.pos FROM lease CROSS JOIN cursor AS c ON c.lane = lease.lane AND c.gid = lease.gid CROSS JOIN lane AS l ON l.lid = lease.lane
  WHERE lease.gid = ? AND lease.keyed = 1 AND lease.expires_at <= ? AND l.last_at <= ? ORDER BY lease.expires_at LIMIT ? + 0`;
// Only lanes without a key have a priority.
const WITHOUT_CURSOR_OF_PRIORITY = `SELECT l.lid AS lane, 0 AS keyed FROM lane AS l INDEXED BY lane_name
  WHERE l.qid = ? AND l.lid > ? AND ifnull(l.name, '') = '' AND l.prio = ? AND l.last_at <= ? AND NOT EXISTS (SELECT 1 FROM cursor AS c WHERE c.lane = l.lid AND c.gid = ?) LIMIT ? + 0`;
const WITHOUT_CURSOR = `SELECT l.lid AS lane, l.name IS NOT NULL AS keyed FROM lane AS l INDEXED BY lane_queue
  WHERE l.qid = ? AND l.lid > ? AND l.prio = ? AND l.last_at <= ? AND NOT EXISTS (SELECT 1 FROM cursor AS c WHERE c.lane = l.lid AND c.gid = ?) ORDER BY l.lid LIMIT ? + 0`;
const HEADS = "SELECT m.id, m.alias, m.lane, l.name, m.only_group, m.ts, m.exp FROM msg AS m";
const IN_LANE = `${HEADS} INDEXED BY msg_lane CROSS JOIN lane AS l ON l.lid = m.lane WHERE m.lane = ? AND m.id > ? AND m.id <= ? ORDER BY m.id LIMIT ${CHUNK}`;
const ONE = `${HEADS} CROSS JOIN lane AS l ON l.lid = m.lane WHERE m.id = ?`;
const RETURNED = "SELECT id FROM exc INDEXED BY exc_due WHERE gid = ? AND lane = ? AND visible_at IS NOT NULL AND visible_at <= ? ORDER BY visible_at, id LIMIT ? + 0";
const RUN_OUT = "SELECT lease, first, last FROM lease WHERE lease > ?2 * 1048576 AND lease < ?2 * 1048576 + 1048576 AND gid = ?1 AND expires_at <= ?3 ORDER BY expires_at LIMIT ?4 + 0";
const HELD = "SELECT id FROM exc INDEXED BY exc_lease WHERE lease = ? ORDER BY id LIMIT ? + 0";

/** At most `limit` lanes of each priority, in the order in which a pop takes them. */
export function* readyLanes(tx: ReadTx, queue: QueueRow, view: GroupView, limit: number): Generator<ReadyLane> {
  const quietSince = queue.options.windowBuffer > 0 ? tx.now - queue.options.windowBuffer : Number.MAX_SAFE_INTEGER;
  const start = view.row?.start_id ?? messageRange(queue.qid).first;
  for (let prio = 9; prio >= 0; prio--) {
    if ((queue.prios & (1 << prio)) === 0) continue;
    if (view.row !== undefined) {
      for (const lane of tx.all<{ lane: number; keyed: number; pos: number }>(WITH_CURSOR, view.row.gid, prio, readyBy(tx, queue), quietSince, limit)) yield { ...lane, keyed: lane.keyed !== 0 };
      if (prio === 0) for (const { lane, pos } of tx.all<{ lane: number; pos: number }>(LEASE_RAN_OUT, view.row.gid, tx.now, quietSince, limit)) yield { lane, keyed: true, pos };
    }
    for (const { lane, keyed } of tx.all<{ lane: number; keyed: number }>(prio === 0 ? WITHOUT_CURSOR : WITHOUT_CURSOR_OF_PRIORITY, queue.qid, view.row?.made_to ?? 0, prio, quietSince, view.row?.gid ?? 0, limit)) yield { lane, keyed: keyed !== 0, pos: start };
  }
}

/** One lane by its partition, whether or not it is ready. */
export function partitionLane(tx: ReadTx, queue: QueueRow, view: GroupView, partition: string): ReadyLane | undefined {
  const lane = tx.get<{ lid: number }>("SELECT lid FROM lane WHERE qid = ? AND ifnull(name, '') = ? AND prio = 0", queue.qid, partition);
  if (lane === undefined) return undefined;
  const start = view.row?.start_id ?? messageRange(queue.qid).first;
  const cursor = view.row === undefined ? undefined : tx.get<{ pos: number }>("SELECT pos FROM cursor WHERE lane = ? AND gid = ?", lane.lid, view.row.gid);
  return { lane: lane.lid, keyed: true, pos: cursor?.pos ?? start };
}

/** The messages that pops would take from the lane one after another, first to last. */
export function* deliverable(tx: ReadTx, queue: QueueRow, view: GroupView, lane: ReadyLane): Generator<Head> {
  if (!lane.keyed && view.row !== undefined) yield* returned(tx, view, view.row.gid, lane.lane);
  const youngest = readyBy(tx, queue) - queue.options.delayedProcessing;
  for (const head of logFrom(tx, queue, lane)) {
    if (isExpired(head, tx.now)) continue;
    const { state } = view.of(head);
    if (state === "ready" && head.ts <= youngest) yield head;
    // What is behind a leased, waiting or young message waits for it.
    else if (lane.keyed && state !== "completed" && state !== "dead") return;
  }
}

/** Those that were given back, and those whose lease ran out: they come before the log. */
function* returned(tx: ReadTx, view: GroupView, gid: number, lane: number): Generator<Head> {
  const heads = (rows: { id: number }[]) => rows.flatMap(({ id }) => tx.all<Head>(ONE, id));
  const most = 1_000;
  const back = heads(tx.all(RETURNED, gid, lane, tx.now, most));
  const runOut = tx.all<{ lease: number; first: number; last: number }>(RUN_OUT, gid, lane, tx.now, most)
    .flatMap(({ lease, first, last }) => [...heads(tx.all(HELD, lease, most)), ...tx.all<Head>(IN_LANE, lane, first, last)]);
  for (const head of [...back, ...runOut]) {
    if (!isExpired(head, tx.now) && view.of(head).state === "ready") yield head;
  }
}

function* logFrom(tx: ReadTx, queue: QueueRow, lane: ReadyLane): Generator<Head> {
  const { last: end } = messageRange(queue.qid);
  for (let after = lane.pos; ; ) {
    const rows = tx.all<Head>(IN_LANE, lane.lane, after, end);
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.id;
  }
}

const DUE = `SELECT ${SCHEDULED_COLUMNS} FROM sched AS s INDEXED BY sched_due WHERE s.qid = ? AND s.due <= ? AND NOT EXISTS (
  SELECT 1 FROM lane AS l CROSS JOIN cursor AS c ON c.lane = l.lid AND c.gid = ?
  WHERE s.name IS NOT NULL AND l.qid = s.qid AND ifnull(l.name, '') = s.name AND l.prio = 0 AND c.ready_at > ?) ORDER BY s.due, s.id LIMIT ? + 0`;

/** Scheduled messages whose time has come, and whose partition isn't held up: a pop brings them to the tail first. */
export function dueMessages(tx: ReadTx, queue: QueueRow, view: GroupView, limit: number): ScheduledRow[] {
  return tx.all<ScheduledRow>(DUE, queue.qid, tx.now, view.row?.gid ?? 0, tx.now, limit);
}
