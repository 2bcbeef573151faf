import type { Work } from "./context.ts";
import { writeEvent } from "./events.ts";
import { DELETE_LEASE } from "./known.ts";
import { expireKeyed, leaseById } from "./leases.ts";
import type { Holder } from "./leases.ts";
import type { LiveGroup, LiveQueue } from "./live.ts";
import { completedBy, holding, idList, storedIds } from "./standing.ts";
import type { Placed } from "./standing.ts";
import type { WriteTx } from "./tx.ts";

/** What a message's timeline says of its removal; without: it was completed, and its timeline goes with it. */
export type Removal = { readonly event: "dropped" | "expired" | "removed"; readonly reason: string } | null;

interface Row {
  readonly lane: number;
  readonly name: string | null;
  readonly only_group: string | null;
  readonly alias: number | null;
  readonly size: number;
}

/** Deletes messages from the log, whatever stands they have; receipts of leased ones go stale. Answers how many there were. */
export function removeMessages(work: Work, queue: LiveQueue, ids: readonly number[], removal: Removal): number {
  const { tx } = work;
  const groups = tx.live.groupsOf(queue);
  const lanes = new Map<number, number>();
  for (const id of ids) {
    const row = tx.get<Row>("SELECT m.lane, l.name, m.only_group, m.alias, length(m.body) + ifnull(length(m.hdr), 0) AS size FROM msg AS m CROSS JOIN lane AS l ON l.lid = m.lane WHERE m.id = ?", id);
    if (row === undefined) continue;
    const message: Placed = { id, lane: row.lane, keyed: row.name !== null, onlyGroup: row.only_group };
    for (const group of groups) forget(work, { queue, group }, message, removal);
    tx.run("DELETE FROM msg WHERE id = ?", id);
    if (row.alias !== null) tx.run("DELETE FROM fired WHERE alias = ?", row.alias);
    leaveTimeline(work, queue, row.alias ?? id, removal);
    queue.removed += 1;
    queue.bytes -= row.size;
    lanes.set(row.lane, (lanes.get(row.lane) ?? 0) + 1);
  }
  for (const [lane, n] of lanes) leaveLane(tx, lane, n);
  return [...lanes.values()].reduce((sum, n) => sum + n, 0);
}

/** A group's counters and rows are as if the message had never been. */
function forget(work: Work, holder: Holder, message: Placed, removal: Removal): void {
  const { tx } = work;
  const { group } = holder;
  if (completedBy(tx, group, message)) {
    group.passed -= 1;
    if (message.keyed) tx.run("UPDATE cursor SET passed = passed - 1 WHERE lane = ? AND gid = ?", message.lane, group.gid);
    return;
  }
  const lease = holding(tx, group, message);
  if (lease !== undefined && message.keyed && endRunOut(work, holder, lease.lease)) {
    forget(work, holder, message, removal);
    return;
  }
  if (removal !== null && removal.event !== "removed") group.dropped += 1;
  const history = tx.get<{ retrying: number }>("SELECT retrying FROM exc WHERE gid = ? AND id = ?", group.gid, message.id);
  if (history !== undefined) tx.run("DELETE FROM exc WHERE gid = ? AND id = ?", group.gid, message.id);
  if (lease !== undefined) {
    group.delivered += 1;
    leaveLease(tx, group, message, lease);
    return;
  }
  if (history?.retrying === 1) group.retrying -= 1;
  else if (history !== undefined) group.released -= 1;
  // The next one of the partition may have waited for this one's retry.
  if (message.keyed) tx.run("UPDATE cursor SET ready_at = ? WHERE lane = ? AND gid = ? AND lease IS NULL", tx.now, message.lane, group.gid);
}

/** The charge of a lease that ran out is its first message's, and mustn't pass to the next one because that is removed. */
function endRunOut(work: Work, holder: Holder, key: number): boolean {
  const lease = leaseById(work.tx, key);
  if (lease === undefined || lease.expires_at > work.tx.now) return false;
  expireKeyed(work, holder, lease);
  return true;
}

function leaveLease(tx: WriteTx, group: LiveGroup, message: Placed, lease: { readonly lease: number; readonly done: string | null }): void {
  const row = tx.get<{ open: number; last: number }>("UPDATE lease SET open = open - 1, done = ? WHERE lease = ? RETURNING open, last", storedIds([...idList(lease.done), message.id]), lease.lease);
  tx.live.known.clear();
  if (row === undefined || row.open > 0) return;
  tx.run(DELETE_LEASE, lease.lease);
  if (message.keyed) tx.run("UPDATE cursor SET pos = ?, lease = NULL, ready_at = ? WHERE lane = ? AND gid = ?", row.last, tx.now, message.lane, group.gid);
}

/** A timeline lives as long as its message or a dead letter of it. Of a message that was lost on the way, one event stays to tell so. */
function leaveTimeline(work: Work, queue: LiveQueue, key: number, removal: Removal): void {
  const { tx } = work;
  const dead = tx.get("SELECT 1 AS one FROM dead WHERE id = ? LIMIT 1", key) !== undefined;
  if (!dead && tx.get("SELECT 1 AS one FROM event WHERE id = ? LIMIT 1", key) !== undefined) forgetTimeline(tx, key);
  if (removal !== null) writeEvent(tx, work.crypt, queue, key, removal.event, { data: { reason: removal.reason }, own: true });
}

export function forgetTimeline(tx: WriteTx, key: number): void {
  tx.run("DELETE FROM event_name WHERE eid IN (SELECT eid FROM event WHERE id = ?)", key);
  tx.run("DELETE FROM event WHERE id = ?", key);
}

/** A partition without messages goes, with its cursors. */
function leaveLane(tx: WriteTx, lane: number, n: number): void {
  const row = tx.get<{ pushed: number; removed: number }>("UPDATE lane SET removed = removed + ? WHERE lid = ? AND name IS NOT NULL RETURNING pushed, removed", n, lane);
  if (row === undefined || row.pushed > row.removed) return;
  tx.run("DELETE FROM lane WHERE lid = ?", lane);
  tx.run("DELETE FROM cursor WHERE lane = ?", lane);
}
