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

/** What `m.id` and `LOG_COLUMNS` select. */
type LogColumns<Body> = readonly [
  id: number, ts: number, exp: number | null, enc: number, body: Body, hdr: Uint8Array | null, tx: string | null, alias: number | null, onlyGroup: string | null, origin: number | null, editedAt: number | null,
];
const BODY = 4;

function withoutHistory([id, ts, exp, enc, , hdr, tx, alias, only_group, origin, edited_at]: LogColumns<unknown>, body: Uint8Array): Candidate {
  return { id, ts, exp, enc, body, hdr, tx, alias, only_group, origin, edited_at, charges: null, deliveries: null, visible_at: null, retrying: null, alone: null };
}

const COLUMNS = `m.id, ${LOG_COLUMNS}, e.charges, e.deliveries, e.visible_at, e.retrying, e.alone`;
const FROM_LOG = `SELECT ${COLUMNS} FROM msg AS m INDEXED BY msg_lane LEFT JOIN exc AS e ON e.gid = ? AND e.id = m.id WHERE m.lane = ? AND m.id > ? ORDER BY m.id LIMIT ? + 0`;
const WITHOUT_HISTORY = `SELECT m.id, ${LOG_COLUMNS} FROM msg AS m INDEXED BY msg_lane WHERE m.lane = ? AND m.id > ? ORDER BY m.id LIMIT ? + 0`;
const WITHOUT_BODIES = WITHOUT_HISTORY.replace("m.body", "length(m.body)");
/** In the order of the index, which is that of the rows; the concatenation keeps all bytes as they are. */
const BODIES = "SELECT CAST(group_concat(body, '') AS BLOB) FROM (SELECT m.body FROM msg AS m INDEXED BY msg_lane WHERE m.lane = ? AND m.id > ? AND m.id <= ? ORDER BY m.id)";
const RETURNED = `SELECT ${COLUMNS} FROM exc AS e INDEXED BY exc_due CROSS JOIN msg AS m ON m.id = e.id WHERE e.gid = ? AND e.lane = ? AND e.visible_at <= ? ORDER BY e.visible_at, e.id LIMIT ? + 0`;
const ONE = `SELECT ${COLUMNS} FROM msg AS m LEFT JOIN exc AS e ON e.gid = ? AND e.id = m.id WHERE m.id = ?`;

/** From here on a buffer for each body costs more than a second look at the rows. */
const MANY = 10;
/** Bytes of the bodies of a batch that share a buffer: whoever keeps one of its messages keeps them all. */
const SHARED = 65_536;

/** As views of one buffer, which is made faster than a hundred small ones. `undefined` when they aren't that small. */
function smallOnes(tx: ReadTx, lane: number, after: number, limit: number): Candidate[] | undefined {
  const rows = tx.lists<LogColumns<number>>(WITHOUT_BODIES, lane, after, limit);
  const last = rows.at(-1);
  if (last === undefined) return [];
  if (rows.reduce((sum, row) => sum + row[BODY], 0) > SHARED) return undefined;
  const [bodies] = tx.lists<readonly [Uint8Array]>(BODIES, lane, after, last[0]);
  if (bodies === undefined) throw new Error("an aggregate has one row");
  let at = 0;
  return rows.map((row) => withoutHistory(row, bodies[0].subarray(at, (at += row[BODY]))));
}

/** The lane's log behind `after`, in order. */
export function logBehind(tx: WriteTx, gid: number, lane: number, after: number, limit: number): Candidate[] {
  if (!hasNoHistory(tx, gid)) return tx.lists<CandidateColumns>(FROM_LOG, gid, lane, after, limit).map(candidate);
  const rows = limit < MANY ? undefined : smallOnes(tx, lane, after, limit);
  return rows ?? tx.lists<LogColumns<Uint8Array>>(WITHOUT_HISTORY, lane, after, limit).map((row) => withoutHistory(row, row[BODY]));
}

/** Without a key: those that come again and are due. */
export function returnedTo(tx: ReadTx, gid: number, lane: number, limit: number): Candidate[] {
  return tx.all<Candidate>(RETURNED, gid, lane, tx.now, limit);
}

export function candidateById(tx: ReadTx, gid: number, id: number): Candidate | undefined {
  return tx.get<Candidate>(ONE, gid, id);
}
