import type { LiveGroup } from "./live.ts";
import type { ReadTx, WriteTx } from "./tx.ts";

/** Where a message of the log is. */
export interface Placed {
  readonly id: number;
  readonly lane: number;
  readonly keyed: boolean;
  readonly onlyGroup: string | null;
}

interface Cursor {
  readonly pos: number;
  readonly done: string | null;
}

/** A lease that a message is in, settled in it or not. */
export interface Holding {
  readonly lease: number;
  readonly done: string | null;
  readonly expires_at: number;
}

export function placed(tx: ReadTx, id: number): Placed | undefined {
  const row = tx.get<{ lane: number; keyed: number; only_group: string | null }>("SELECT m.lane, l.name IS NOT NULL AS keyed, m.only_group FROM msg AS m CROSS JOIN lane AS l ON l.lid = m.lane WHERE m.id = ?", id);
  return row === undefined ? undefined : { id, lane: row.lane, keyed: row.keyed === 1, onlyGroup: row.only_group };
}

/** Whether the group needn't be given the message any more. */
export function completedBy(tx: ReadTx, group: LiveGroup, message: Placed): boolean {
  if (message.id <= group.start_id || (message.onlyGroup !== null && message.onlyGroup !== group.name)) return true;
  const cursor = tx.get<Cursor>("SELECT pos, done FROM cursor WHERE lane = ? AND gid = ?", message.lane, group.gid);
  if (cursor === undefined) return false;
  if (message.keyed) {
    if (message.id <= cursor.pos || idList(cursor.done).includes(message.id)) return true;
    const lease = rangeLease(tx, group, message);
    return lease !== undefined && idList(lease.done).includes(message.id);
  }
  if (message.id > cursor.pos && !idList(cursor.done).includes(message.id)) return false;
  if (hasHistory(tx, group, message.id)) return false;
  const lease = rangeLease(tx, group, message);
  return lease === undefined || idList(lease.done).includes(message.id);
}

/** The lease that the message is in and not settled, or `undefined`. */
export function holding(tx: ReadTx, group: LiveGroup, message: Placed): Holding | undefined {
  const own = tx.get<Holding>("SELECT l.lease, l.done, l.expires_at FROM exc AS e CROSS JOIN lease AS l ON l.lease = e.lease WHERE e.gid = ? AND e.id = ? AND e.lease IS NOT NULL", group.gid, message.id);
  if (own !== undefined) return own;
  const lease = rangeLease(tx, group, message);
  return lease === undefined || idList(lease.done).includes(message.id) ? undefined : lease;
}

/** In a lease that hasn't run out. */
export function isLeased(tx: ReadTx, group: LiveGroup, message: Placed): boolean {
  const lease = holding(tx, group, message);
  return lease !== undefined && lease.expires_at > tx.now;
}

function rangeLease(tx: ReadTx, group: LiveGroup, message: Placed): Holding | undefined {
  return tx.get<Holding>("SELECT lease, done, expires_at FROM lease WHERE lease > ?2 * 1048576 AND lease < ?2 * 1048576 + 1048576 AND gid = ?1 AND first < ?3 AND last >= ?3", group.gid, message.lane, message.id);
}

function hasHistory(tx: ReadTx, group: LiveGroup, id: number): boolean {
  return tx.get("SELECT 1 AS one FROM exc WHERE gid = ? AND id = ?", group.gid, id) !== undefined;
}

/** Whether no message of the group has one: remembered, as it is so for most. */
export function hasNoHistory(tx: WriteTx, gid: number): boolean {
  const { known } = tx.live;
  if (known.isPlain(gid)) return true;
  if (tx.lists("SELECT 1 FROM exc WHERE gid = ? LIMIT 1", gid).length > 0) return false;
  known.plain(gid);
  return true;
}

export function idList(done: string | null): number[] {
  return done === null ? [] : (JSON.parse(done) as number[]);
}

/** As `done` columns are stored. */
export function storedIds(ids: readonly number[]): string | null {
  return ids.length === 0 ? null : JSON.stringify(ids);
}
