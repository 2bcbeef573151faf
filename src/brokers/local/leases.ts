import type { Failure, Instant } from "../../core/index.ts";
import type { Work } from "./context.ts";
import { recordEvent, records } from "./events.ts";
import { fail } from "./failure.ts";
import type { Delivered, Fate } from "./failure.ts";
import { DELETE_LEASE } from "./known.ts";
import type { LiveGroup, LiveQueue } from "./live.ts";
import { idList, storedIds } from "./standing.ts";
import type { ReadTx, WriteTx } from "./tx.ts";

export interface Lease {
  readonly lease: number;
  readonly token: string;
  readonly lane: number;
  readonly gid: number;
  readonly keyed: number;
  readonly first: number;
  readonly last: number;
  readonly open: number;
  readonly done: string | null;
  readonly leased_at: Instant;
  readonly expires_at: Instant;
  readonly worker: string | null;
}

/** Whose lease it is. */
export interface Holder {
  readonly queue: LiveQueue;
  readonly group: LiveGroup;
}

interface OpenMessage {
  readonly id: number;
  readonly alias: number | null;
}

const COLUMNS = "lease, token, lane, gid, keyed, first, last, open, done, leased_at, expires_at, worker";
type Columns = readonly [
  lease: number, token: string, lane: number, gid: number, keyed: number, first: number, last: number, open: number, done: string | null,
  leasedAt: number, expiresAt: number, worker: string | null,
];

function leaseOf([lease, token, lane, gid, keyed, first, last, open, done, leased_at, expires_at, worker]: Columns): Lease {
  return { lease, token, lane, gid, keyed, first, last, open, done, leased_at, expires_at, worker };
}

const BY_KEY = `SELECT ${COLUMNS} FROM lease WHERE lease = ?`;

/** Messages of a run-out lease that one transaction returns. */
const AT_ONCE = 200;

export function leaseById(tx: ReadTx, lease: number): Lease | undefined {
  return tx.lists<Columns>(BY_KEY, lease).map(leaseOf)[0];
}

export function expiredLease(tx: ReadTx, gid: number, lane: number): Lease | undefined {
  return tx.get<Lease>(`SELECT ${COLUMNS} FROM lease WHERE lease > ?2 * 1048576 AND lease < ?2 * 1048576 + 1048576 AND gid = ?1 AND expires_at <= ?3 ORDER BY expires_at LIMIT 1`, gid, lane, tx.now);
}

export function deleteLease(tx: WriteTx, { lease }: Lease): void {
  tx.run(DELETE_LEASE, lease);
  tx.live.known.ended(lease);
}

/** Messages of the log in a lease's range, settled or not, in order. */
function rangeOf(tx: ReadTx, lease: Lease, upTo: number, limit: number): OpenMessage[] {
  return tx.all<OpenMessage>("SELECT id, alias FROM msg INDEXED BY msg_lane WHERE lane = ? AND id > ? AND id <= ? ORDER BY id LIMIT ? + 0", lease.lane, lease.first, upTo, limit);
}

/** Its messages of the log that aren't settled, in order. */
export function openOfLog(tx: ReadTx, lease: Lease, done: ReadonlySet<number>, upTo = lease.last): OpenMessage[] {
  return rangeOf(tx, lease, upTo, -1).filter(({ id }) => !done.has(id));
}

/** What ends a partition's lease: the message that failed, or `null` when none is charged. */
export type Ending = { readonly id: number; readonly error: Failure | undefined; readonly how: { readonly delay?: number | undefined; readonly expired?: boolean } } | null;

/**
 * Ends a partition's lease: the message of `ending` is charged, the other unsettled ones return uncharged.
 * Answers what became of the charged one.
 */
export function endKeyed(work: Work, { queue, group }: Holder, lease: Lease, done: ReadonlySet<number>, ending: Ending): Fate | null {
  const { tx } = work;
  const open = openOfLog(tx, lease, done);
  const settled = [...done];
  let fate: Fate | null = null;
  for (const { id, alias } of open) {
    const message: Delivered = { queue, group, id, lane: lease.lane, key: alias ?? id, worker: lease.worker };
    if (id !== ending?.id) {
      giveBack(work, message, null);
      continue;
    }
    fate = fail(work, message, ending.error, ending.how);
    if (fate.fate === "retry") continue;
    tx.run("DELETE FROM exc WHERE gid = ? AND id = ?", group.gid, id);
    settled.push(id);
  }
  const ended = settled.length - done.size;
  const head = open.find(({ id }) => ended === 0 || id !== ending?.id);
  const pos = head === undefined ? lease.last : head.id - 1;
  const readyAt = fate?.fate === "retry" && head?.id === ending?.id ? fate.retryAt : tx.now;
  const cursor = tx.get<{ done: string | null }>("SELECT done FROM cursor WHERE lane = ? AND gid = ?", lease.lane, group.gid);
  const beyond = [...new Set([...settled, ...idList(cursor?.done ?? null)])].filter((id) => id > pos);
  group.delivered += open.length;
  group.passed += ended;
  deleteLease(tx, lease);
  tx.run(
    "UPDATE cursor SET pos = ?1, done = ?2, lease = NULL, passed = passed + ?3, ready_at = CASE WHEN EXISTS (SELECT 1 FROM msg INDEXED BY msg_lane WHERE lane = ?5 AND id > ?1) THEN ?4 END WHERE lane = ?5 AND gid = ?6",
    pos, storedIds(beyond), ended, readyAt, lease.lane, group.gid,
  );
  return fate;
}

/** Returns a delivered message uncharged. @param at when it may come again, where that isn't its partition's business */
export function giveBack(work: Work, message: Delivered, at: Instant | null): void {
  const { queue, group } = message;
  work.tx.run(
    "INSERT INTO exc (gid, id, lane, charges, deliveries, visible_at) VALUES (?, ?, ?, 0, 1, ?) ON CONFLICT DO UPDATE SET visible_at = excluded.visible_at, retrying = 0, lease = NULL",
    group.gid, message.id, message.lane, at,
  );
  group.released += 1;
  if (records(queue, "released")) recordEvent(work.tx, work.crypt, queue, message.key, "released", { group, worker: message.worker });
}

/** Ends a partition's lease that ran out: its first unsettled message is charged. */
export function expireKeyed(work: Work, holder: Holder, lease: Lease): void {
  const done = new Set(idList(lease.done));
  const [first] = openOfLog(work.tx, lease, done);
  const charged = holder.queue.options.chargeExpiry ? first : undefined;
  endKeyed(work, holder, lease, done, charged === undefined ? null : { id: charged.id, error: ranOut(lease), how: { expired: true } });
}

/** Partitions' leases that one transaction ends. */
const ENDED = 50;
const RUN_OUT = `SELECT ${COLUMNS} FROM lease WHERE gid = ? AND keyed = 1 AND expires_at <= ? ORDER BY expires_at LIMIT ${ENDED}`;

/** Ends the leases of a group's partitions that ran out, which makes these ready again. False when it has looked less than `every` ms ago. */
export function endRunOut(work: Work, holder: Holder, every: number): boolean {
  const { tx } = work;
  if (!tx.live.looksAtLeases(holder.group, every)) return false;
  for (const columns of tx.lists<Columns>(RUN_OUT, holder.group.gid, tx.now)) expireKeyed(work, holder, leaseOf(columns));
  return true;
}

/** Ends a lease without order that ran out, at most some hundred messages at a time: each unsettled one is charged. */
export function expireUnkeyed(work: Work, { queue, group }: Holder, lease: Lease): void {
  const { tx } = work;
  const done = new Set(idList(lease.done));
  const again = tx.all<OpenMessage>("SELECT e.id, m.alias FROM exc AS e INDEXED BY exc_lease CROSS JOIN msg AS m ON m.id = e.id WHERE e.lease = ? LIMIT ? + 0", lease.lease, AT_ONCE);
  const range = again.length < AT_ONCE ? rangeOf(tx, lease, lease.last, AT_ONCE) : [];
  const open = [...again, ...range.filter(({ id }) => !done.has(id))];
  for (const { id, alias } of open) {
    const message: Delivered = { queue, group, id, lane: lease.lane, key: alias ?? id, worker: lease.worker };
    if (!queue.options.chargeExpiry) {
      giveBack(work, message, tx.now);
      continue;
    }
    const fate = fail(work, message, ranOut(lease), { expired: true });
    if (fate.fate === "retry") continue;
    tx.run("DELETE FROM exc WHERE gid = ? AND id = ?", group.gid, id);
    group.passed += 1;
  }
  group.delivered += open.length;
  const progress = open.length > 0 || range.length > 0;
  if (lease.open > open.length && progress) tx.run("UPDATE lease SET first = ?, open = open - ? WHERE lease = ?", range.at(-1)?.id ?? lease.first, open.length, lease.lease);
  else deleteLease(tx, lease);
}

function ranOut(lease: Lease): Failure {
  return { message: `The lease ran out${lease.worker === null ? "" : ` at worker ${lease.worker}`}: it was neither settled nor renewed for ${lease.expires_at - lease.leased_at} ms.` };
}
