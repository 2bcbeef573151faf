import type { LeasedMessage, Page, PageRequest } from "../../core/index.ts";
import { groupsOf } from "./group-row.ts";
import type { GroupRow } from "./group-row.ts";
import { isExpired, messageAt, MessageReader } from "./lookup.ts";
import { badAfter, pageLimit, ScanBudget } from "../../core/index.ts";
import type { QueueRow } from "./queue-row.ts";
import type { Unseal } from "./rows.ts";
import type { ReadTx } from "./tx.ts";

interface LiveLease {
  readonly lease: number;
  readonly gid: number;
  readonly lane: number;
  readonly first: number;
  readonly last: number;
  readonly leased_at: number;
  readonly expires_at: number;
}

const OF_GROUP = "SELECT lease, gid, lane, first, last, leased_at, expires_at FROM lease WHERE gid = ? AND expires_at > ?";
const MESSAGES = "SELECT id FROM msg INDEXED BY msg_lane WHERE lane = ? AND id > ? AND id <= ? UNION SELECT id FROM exc INDEXED BY exc_lease WHERE lease = ? AND id > ? ORDER BY id LIMIT ? + 0";

/** Leased messages, by lease. */
export function leases(tx: ReadTx, queue: QueueRow, request: PageRequest & { readonly group?: string | undefined; readonly worker?: string | undefined }, unseal: Unseal): Page<LeasedMessage> {
  const limit = pageLimit(request);
  const start = readPlace(request.after);
  const groups = groupsOf(tx, queue.qid).filter(({ name }) => request.group === undefined || name === request.group);
  const readers = new Map(groups.map((group) => [group.gid, new MessageReader(tx, queue, group.name, unseal)]));
  const budget = new ScanBudget();
  const items: LeasedMessage[] = [];
  let place: Place = start;
  for (const lease of liveLeases(tx, groups, request.worker).filter((each) => poppedFirst(each, start) >= 0)) {
    const reader = readers.get(lease.gid);
    for (const id of messagesOf(tx, lease, lease.lease === start.lease ? start.id : 0)) {
      if (items.length >= limit || budget.spent) return { items, next: `${place.leased_at}.${place.lease}.${place.id}` };
      place = { leased_at: lease.leased_at, lease: lease.lease, id };
      const row = messageAt(tx, id);
      budget.spend(row?.body.length ?? 0);
      if (row === undefined || reader === undefined || isExpired(row, tx.now)) continue;
      const standing = reader.view.of(row);
      // Given back and popped again, it is in the range of its old lease too.
      if (standing.lease !== lease.lease) continue;
      items.push({ ...reader.shown(row, standing), state: "leased", leasedAt: lease.leased_at, leaseExpiresAt: lease.expires_at });
    }
  }
  return { items, next: null };
}

/** Live leases are as many as consumers work on, so they are read whole. */
function liveLeases(tx: ReadTx, groups: readonly GroupRow[], worker: string | undefined): LiveLease[] {
  const all = groups.flatMap(({ gid }) => tx.all<LiveLease>(OF_GROUP, gid, tx.now));
  const own = worker === undefined ? null : new Set(tx.all<{ lease: number }>("SELECT lease FROM lease INDEXED BY lease_worker WHERE worker = ?", worker).map(({ lease }) => lease));
  return all.filter(({ lease }) => own?.has(lease) ?? true).sort(poppedFirst);
}

function* messagesOf(tx: ReadTx, lease: LiveLease, from: number): Generator<number> {
  for (let after = from; ; ) {
    const ids = tx.all<{ id: number }>(MESSAGES, lease.lane, Math.max(after, lease.first), lease.last, lease.lease, after, 200);
    for (const { id } of ids) yield id;
    const last = ids.at(-1);
    if (last === undefined) return;
    after = last.id;
  }
}

/** Behind a message of a lease. */
interface Place {
  readonly leased_at: number;
  readonly lease: number;
  readonly id: number;
}

function poppedFirst(a: Omit<Place, "id">, b: Omit<Place, "id">): number {
  return a.leased_at - b.leased_at || a.lease - b.lease;
}

function readPlace(after: string | undefined): Place {
  if (after === undefined) return { leased_at: 0, lease: 0, id: 0 };
  const match = /^(\d{1,16})\.(\d{1,16})\.(\d{1,16})$/.exec(after);
  if (match === null) throw badAfter(after);
  return { leased_at: Number(match[1]), lease: Number(match[2]), id: Number(match[3]) };
}
