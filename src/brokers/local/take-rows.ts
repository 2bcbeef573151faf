import { LOG_COLUMNS } from "./rows.ts";
import { hasNoHistory } from "./standing.ts";
import type { ReadTx, WriteTx } from "./tx.ts";

export const CURSOR_COLUMNS = "c.lane, c.pos, c.ready_at, c.lease, c.ends_at, c.done, l.name, l.prio, l.last_at";

/** A lane, as one group stands in it. */
export interface LaneCursor {
  readonly lane: number;
  readonly pos: number;
  readonly ready_at: number | null;
  readonly lease: number | null;
  readonly ends_at: number | null;
  readonly done: string | null;
  readonly name: string | null;
  readonly prio: number;
  readonly last_at: number;
}

export type CursorColumns = readonly [
  lane: number, pos: number, readyAt: number | null, lease: number | null, endsAt: number | null, done: string | null, name: string | null, prio: number, lastAt: number,
];

/** From what `CURSOR_COLUMNS` selects. */
export function laneCursor([lane, pos, ready_at, lease, ends_at, done, name, prio, last_at]: CursorColumns): LaneCursor {
  return { lane, pos, ready_at, lease, ends_at, done, name, prio, last_at };
}

/** A message that may be delivered, with its history in the group. */
export interface Candidate {
  readonly id: number;
  readonly ts: number;
  readonly exp: number | null;
  readonly enc: number;
  readonly body: Uint8Array;
  readonly hdr: Uint8Array | null;
  readonly tx: string | null;
  readonly alias: number | null;
  readonly only_group: string | null;
  readonly origin: number | null;
  readonly edited_at: number | null;
  readonly charges: number | null;
  readonly deliveries: number | null;
  readonly visible_at: number | null;
  readonly retrying: number | null;
  readonly alone: number | null;
}

type CandidateColumns = readonly [
  id: number, ts: number, exp: number | null, enc: number, body: Uint8Array, hdr: Uint8Array | null, tx: string | null, alias: number | null, onlyGroup: string | null,
  origin: number | null, editedAt: number | null, charges: number | null, deliveries: number | null, visibleAt: number | null, retrying: number | null, alone: number | null,
];

function candidate([id, ts, exp, enc, body, hdr, tx, alias, only_group, origin, edited_at, charges, deliveries, visible_at, retrying, alone]: CandidateColumns): Candidate {
  return { id, ts, exp, enc, body, hdr, tx, alias, only_group, origin, edited_at, charges, deliveries, visible_at, retrying, alone };
}

const COLUMNS = `m.id, ${LOG_COLUMNS}, e.charges, e.deliveries, e.visible_at, e.retrying, e.alone`;
const FROM_LOG = `SELECT ${COLUMNS} FROM msg AS m INDEXED BY msg_lane LEFT JOIN exc AS e ON e.gid = ? AND e.id = m.id WHERE m.lane = ? AND m.id > ? ORDER BY m.id LIMIT ? + 0`;
const WITHOUT_HISTORY = `SELECT m.id, ${LOG_COLUMNS}, NULL, NULL, NULL, NULL, NULL FROM msg AS m INDEXED BY msg_lane WHERE m.lane = ? AND m.id > ? ORDER BY m.id LIMIT ? + 0`;
const RETURNED = `SELECT ${COLUMNS} FROM exc AS e INDEXED BY exc_due CROSS JOIN msg AS m ON m.id = e.id WHERE e.gid = ? AND e.lane = ? AND e.visible_at <= ? ORDER BY e.visible_at, e.id LIMIT ? + 0`;
const ONE = `SELECT ${COLUMNS} FROM msg AS m LEFT JOIN exc AS e ON e.gid = ? AND e.id = m.id WHERE m.id = ?`;

/** The lane's log behind `after`, in order. */
export function logBehind(tx: WriteTx, gid: number, lane: number, after: number, limit: number): Candidate[] {
  const rows = hasNoHistory(tx, gid) ? tx.lists<CandidateColumns>(WITHOUT_HISTORY, lane, after, limit) : tx.lists<CandidateColumns>(FROM_LOG, gid, lane, after, limit);
  return rows.map(candidate);
}

/** Without a key: those that come again and are due. */
export function returnedTo(tx: ReadTx, gid: number, lane: number, limit: number): Candidate[] {
  return tx.all<Candidate>(RETURNED, gid, lane, tx.now, limit);
}

export function candidateById(tx: ReadTx, gid: number, id: number): Candidate | undefined {
  return tx.get<Candidate>(ONE, gid, id);
}
