import type { Instant, MessageState } from "../../core/index.ts";
import { findGroup } from "./group-row.ts";
import type { GroupRow } from "./group-row.ts";
import { publicKey } from "./rows.ts";
import type { ReadTx } from "./tx.ts";

/** How a message stands for one group. */
export interface Standing {
  readonly state: MessageState;
  readonly charges: number;
  readonly deliveries: number;
  readonly until: Instant | null;
  readonly worker: string | null;
  /** The live lease that holds it. */
  readonly lease: number | null;
  /** As stored. */
  readonly error: Uint8Array | null;
}

/** What the state of a message of the log depends on. */
export interface Placed {
  readonly id: number;
  readonly alias: number | null;
  readonly lane: number;
  readonly name: string | null;
  readonly only_group: string | null;
}

interface CursorRow {
  readonly pos: number;
  readonly lease: number | null;
  readonly done: string | null;
}

interface LeaseRow {
  readonly lease: number;
  readonly first: number;
  readonly last: number;
  readonly done: string | null;
  readonly expires_at: number;
  readonly worker: string | null;
}

interface ExceptionRow {
  readonly charges: number;
  readonly deliveries: number;
  readonly visible_at: number | null;
  readonly lease: number | null;
  readonly error: Uint8Array | null;
}

/** A lane as the group sees it, read once for all messages of the lane. */
interface LaneView {
  readonly pos: number;
  /** Settled ones beyond the position, or (without a key) ones taken out of turn. */
  readonly done: ReadonlySet<number>;
  /** With messages of the log, in its order. Their ranges don't overlap. */
  readonly leases: readonly (LeaseRow & { readonly settled: ReadonlySet<number> })[];
}

const LEASE_COLUMNS = "lease, first, last, done, expires_at, worker";
const FRESH: Standing = { state: "ready", charges: 0, deliveries: 0, until: null, worker: null, lease: null, error: null };
const SKIPPED: Standing = { ...FRESH, state: "completed" };
const COMPLETED: Standing = { ...SKIPPED, deliveries: 1 };

/** One whose time has come is ready, though nobody has brought it into the log yet. */
export function scheduledStanding(due: Instant, now: Instant): Standing {
  return due <= now ? FRESH : { ...FRESH, state: "scheduled", until: due };
}

/** The messages of a queue as one group sees them. To a group that doesn't exist yet, everything is ready. */
export class GroupView {
  readonly group: string;
  readonly row: GroupRow | undefined;
  readonly #tx: ReadTx;
  readonly #qid: number;
  readonly #lanes = new Map<number, LaneView | null>();

  constructor(tx: ReadTx, qid: number, group: string) {
    this.#tx = tx;
    this.#qid = qid;
    this.group = group;
    this.row = findGroup(tx, qid, group);
  }

  of(message: Placed): Standing {
    if (message.only_group !== null && message.only_group !== this.group) return SKIPPED;
    if (this.row === undefined) return FRESH;
    if (message.id <= this.row.start_id) return this.#settled(message, SKIPPED);
    const lane = this.#lane(this.row.gid, message.lane);
    if (lane === null) return FRESH;
    return message.name === null ? this.#unkeyed(this.row.gid, lane, message) : this.#keyed(this.row.gid, lane, message);
  }

  #keyed(gid: number, lane: LaneView, message: Placed): Standing {
    if (message.id <= lane.pos || lane.done.has(message.id)) return this.#settled(message);
    const lease = leaseOf(lane, message.id);
    if (lease?.settled.has(message.id) === true) return this.#settled(message);
    return this.#unsettled(this.#exception(gid, message.id), lease);
  }

  #unkeyed(gid: number, lane: LaneView, message: Placed): Standing {
    const exception = this.#exception(gid, message.id);
    if (exception !== undefined) {
      const holder = exception.lease === null ? undefined : this.#tx.get<LeaseRow>(`SELECT ${LEASE_COLUMNS} FROM lease WHERE lease = ?`, exception.lease);
      return this.#unsettled(exception, holder);
    }
    if (message.id > lane.pos) return lane.done.has(message.id) ? this.#settled(message) : FRESH;
    const lease = leaseOf(lane, message.id);
    if (lease === undefined || lease.settled.has(message.id)) return this.#settled(message);
    return this.#unsettled(undefined, lease);
  }

  #unsettled(exception: ExceptionRow | undefined, lease: LeaseRow | undefined): Standing {
    const known = { charges: exception?.charges ?? 0, deliveries: exception?.deliveries ?? (lease === undefined ? 0 : 1), error: exception?.error ?? null };
    if (lease !== undefined && lease.expires_at > this.#tx.now) return { ...known, state: "leased", until: lease.expires_at, worker: lease.worker, lease: lease.lease };
    const due = exception?.visible_at ?? null;
    if (due !== null && due > this.#tx.now) return { ...known, state: "retrying", until: due, worker: null, lease: null };
    return { ...known, state: "ready", until: null, worker: null, lease: null };
  }

  /** Needn't be given to this group any more: it died, or it is `otherwise`. */
  #settled(message: Placed, otherwise = COMPLETED): Standing {
    const dead = this.#tx.get<{ charges: number; deliveries: number; error: Uint8Array | null }>(
      "SELECT charges, deliveries, error FROM dead WHERE id = ? AND +qid = ? AND +grp = ? ORDER BY did DESC LIMIT 1", publicKey(message), this.#qid, this.group);
    return dead === undefined ? otherwise : { ...dead, state: "dead", until: null, worker: null, lease: null };
  }

  #exception(gid: number, id: number): ExceptionRow | undefined {
    return this.#tx.get<ExceptionRow>("SELECT charges, deliveries, visible_at, lease, error FROM exc WHERE gid = ? AND id = ?", gid, id);
  }

  #lane(gid: number, lane: number): LaneView | null {
    const known = this.#lanes.get(lane);
    if (known !== undefined) return known;
    const cursor = this.#tx.get<CursorRow>("SELECT pos, lease, done FROM cursor WHERE lane = ? AND gid = ?", lane, gid);
    const view = cursor === undefined ? null : { pos: cursor.pos, done: idSet(cursor.done), leases: this.#leases(gid, lane) };
    this.#lanes.set(lane, view);
    return view;
  }

  #leases(gid: number, lane: number): LaneView["leases"] {
    return this.#tx
      .all<LeaseRow>(`SELECT ${LEASE_COLUMNS} FROM lease WHERE lease > ?2 * 1048576 AND lease < ?2 * 1048576 + 1048576 AND gid = ?1 AND last > first`, gid, lane)
      .sort((a, b) => a.first - b.first)
      .map((lease) => ({ ...lease, settled: idSet(lease.done) }));
  }
}

function leaseOf(lane: LaneView, id: number): LaneView["leases"][number] | undefined {
  let low = 0;
  let high = lane.leases.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((lane.leases[middle]?.first ?? Infinity) < id) low = middle + 1;
    else high = middle;
  }
  const candidate = lane.leases[low - 1];
  return candidate !== undefined && id <= candidate.last ? candidate : undefined;
}

function idSet(done: string | null): ReadonlySet<number> {
  return new Set(done === null ? [] : (JSON.parse(done) as number[]));
}
