import type { Work } from "./context.ts";
import type { Holder } from "./leases.ts";
import type { LiveQueue } from "./live.ts";
import { removeMessages } from "./remove.ts";
import { isLeased } from "./standing.ts";
import type { WriteTx } from "./tx.ts";

/** A message of the log that a pop came to, with its history in the group. */
interface Row {
  readonly id: number;
  readonly ts: number;
  readonly exp: number | null;
  readonly only_group: string | null;
  readonly deliveries: number | null;
  readonly retrying: number | null;
}

interface Lane {
  readonly lane: number;
  readonly name: string | null;
}

const OVER = { event: "expired", reason: "It waited longer than its ttl, or the queue's limits, allow." } as const;

/** Its ttl is over, or it has waited longer than the queue keeps messages: housekeeping just hasn't come to it. */
export function isOver(tx: WriteTx, { options }: LiveQueue, { exp, ts }: Pick<Row, "exp" | "ts">): boolean {
  return (exp !== null && exp <= tx.now) || isOlder(tx, ts, options.retentionSeconds) || isOlder(tx, ts, options.maxWaitTimeSeconds);
}

function isOlder(tx: WriteTx, ts: number, ms: number): boolean {
  return ms > 0 && ts <= tx.now - ms;
}

/**
 * Removes messages that are over, but for those that another group works on: these it may still finish, though this
 * group isn't given them any more. Answers these.
 */
export function removeOver<T extends Row>(work: Work, { queue, group }: Holder, lane: Lane, rows: readonly T[]): T[] {
  if (rows.length === 0) return [];
  const { tx } = work;
  const others = tx.live.groupsOf(queue).filter(({ gid }) => gid !== group.gid);
  const stay = rows.filter(({ id, ts, only_group: onlyGroup }) => {
    // The longest wait counts, leased or not.
    if (isOlder(tx, ts, queue.options.maxWaitTimeSeconds)) return false;
    return others.some((other) => isLeased(tx, other, { id, lane: lane.lane, keyed: lane.name !== null, onlyGroup }));
  });
  const staying = new Set(stay);
  removeMessages(work, queue, rows.flatMap((row) => (staying.has(row) ? [] : [row.id])), OVER);
  return stay;
}

/** Counts messages that stay in the log, and that the group is never to be given, as passed; the caller moves its cursor over them. */
export function passOver({ tx }: Work, { group }: Holder, lane: Lane, rows: readonly Row[]): void {
  if (rows.length === 0) return;
  for (const { id, deliveries, retrying } of rows) {
    if (deliveries === null) continue;
    tx.run("DELETE FROM exc WHERE gid = ? AND id = ?", group.gid, id);
    if (retrying === 1) group.retrying -= 1;
    else group.released -= 1;
  }
  group.passed += rows.length;
  if (lane.name !== null) tx.run("UPDATE cursor SET passed = passed + ? WHERE lane = ? AND gid = ?", rows.length, lane.lane, group.gid);
}
