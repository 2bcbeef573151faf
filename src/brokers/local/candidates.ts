import type { BrowseOrder } from "../../core/index.ts";
import type { GroupView } from "./state.ts";
import type { ReadTx } from "./tx.ts";

/** A statement that gives its rows up or down. @param ordered ends with what it is ordered by */
export function inOrder(ordered: string, rest: string): Readonly<Record<BrowseOrder, string>> {
  return { oldest: `${ordered} ${rest}`, newest: `${ordered} DESC ${rest}` };
}

const WITH_HISTORY = inOrder("SELECT id FROM exc WHERE gid = ? AND id > ? AND id <= ? ORDER BY id", "LIMIT ? + 0");
const IN_LEASE = inOrder("SELECT id FROM msg INDEXED BY msg_lane WHERE lane = ? AND id > ? AND id <= ? ORDER BY id", "LIMIT ? + 0");
const RETURNED = inOrder("SELECT id FROM exc INDEXED BY exc_lease WHERE lease = ? AND id > ? AND id <= ? ORDER BY id", "LIMIT ? + 0");

/** Messages of the log with a history in the group, in (after, end], in order: all that retry are among them. */
export function retryingIds(tx: ReadTx, view: GroupView, after: number, end: number, limit: number, order: BrowseOrder): number[] {
  if (view.row === undefined) return [];
  return tx.all<{ id: number }>(WITH_HISTORY[order], view.row.gid, after, end, limit).map(({ id }) => id);
}

/** Messages that leases of the group took, in (after, end], in order: all that are leased are among them. */
export function leasedIds(tx: ReadTx, view: GroupView, after: number, end: number, limit: number, order: BrowseOrder): number[] {
  if (view.row === undefined) return [];
  const leases = tx.all<{ lease: number; lane: number; keyed: number; first: number; last: number }>(
    "SELECT lease, lane, keyed, first, last FROM lease WHERE gid = ? AND expires_at > ?", view.row.gid, tx.now);
  const ids = new Set<number>();
  for (const lease of leases) {
    for (const { id } of tx.all<{ id: number }>(IN_LEASE[order], lease.lane, Math.max(after, lease.first), Math.min(end, lease.last), limit)) ids.add(id);
    if (lease.keyed === 0) for (const { id } of tx.all<{ id: number }>(RETURNED[order], lease.lease, after, end, limit)) ids.add(id);
  }
  return [...ids].sort(order === "oldest" ? (a, b) => a - b : (a, b) => b - a).slice(0, limit);
}
