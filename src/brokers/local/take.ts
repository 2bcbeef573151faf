import type { Delivery } from "../../core/index.ts";
import type { Work } from "./context.ts";
import { Handover } from "./handover.ts";
import type { NewLease } from "./handover.ts";
import { GO_ON_KEYED, GO_ON_UNKEYED, TAKE_KEYED, TAKE_UNKEYED } from "./known.ts";
import { expiredLease, expireKeyed, expireUnkeyed, leaseById } from "./leases.ts";
import type { LiveGroup, LiveQueue } from "./live.ts";
import { messageByKey } from "./lookup.ts";
import { isOver, passOver, removeOver } from "./over.ts";
import type { Wanted } from "./pop.ts";
import type { SpentLease } from "./settle.ts";
import { hasNoHistory, holding, idList, placed, storedIds } from "./standing.ts";
import { candidateById, logBehind, returnedTo } from "./take-rows.ts";
import type { Candidate, LaneCursor } from "./take-rows.ts";

/** Rows that one pop steps over in a lane: more, and it goes on with the next pop. */
const SKIPS = 1_000;

/** Leases without order that one pop ends in a lane. */
const LEASES = 50;

/** A lane without a key that has more is served for so long before it goes behind the others. */
const TURN = 50;

/** What was found at the front of a lane's log. */
interface Front {
  readonly taken: Candidate[];
  /** Stepped over: settled before, for others, or gone. */
  readonly skipped: number[];
  /** When there may be more; `null`: not before something changes. */
  readonly again: number | null;
}

/** One pop on its way through the lanes. */
export class Taking {
  readonly #handover: Handover;
  readonly #work: Work;
  readonly #queue: LiveQueue;
  readonly #group: LiveGroup;
  readonly #wanted: Wanted;
  readonly #startsAt: number;
  readonly #most: number;
  #alone = false;

  constructor(work: Work, queue: LiveQueue, group: LiveGroup, wanted: Wanted, most: number) {
    this.#work = work;
    this.#queue = queue;
    this.#group = group;
    this.#wanted = wanted;
    this.#most = most;
    this.#handover = new Handover(work, queue, group, wanted);
    // A start in the future: what enters until then is before it.
    this.#startsAt = group.start === "all" || group.start === "new" ? 0 : Number(group.start);
  }

  get deliveries(): Delivery[] {
    return this.#handover.deliveries;
  }

  get room(): number {
    return this.#alone ? 0 : this.#most - this.#handover.deliveries.length;
  }

  get full(): boolean {
    return this.room <= 0;
  }

  takeLane(cursor: LaneCursor): void {
    const quiet = cursor.last_at + this.#queue.options.windowBuffer;
    if (this.#queue.options.windowBuffer > 0 && quiet > this.#work.tx.now) this.#wait(cursor, quiet);
    else if (cursor.name === null) this.#takeUnkeyed(cursor);
    else this.#takeKeyed(cursor);
  }

  /** One message, out of turn where it has no order to keep, and before its retry is due. */
  takeMessage(key: number, cursorOf: (lane: number) => LaneCursor | undefined): void {
    const row = messageByKey(this.#work.tx, key);
    const cursor = row === undefined ? undefined : cursorOf(row.lane);
    if (row === undefined || cursor === undefined || isOver(this.#work.tx, this.#queue, row)) return;
    if (row.only_group !== null && row.only_group !== this.#group.name) return;
    if (cursor.name === null) this.#takeOutOfTurn(cursor, row.id);
    else this.#takeKeyed(cursor, row.id);
  }

  /** The next messages of a lane whose lease was just settled whole, in its turn. False where it isn't that simple: then the lease ends, and pops look for what is ready. */
  goOn({ lease, n }: SpentLease): boolean {
    const { tx } = this.#work;
    const known = tx.live.known.lease(lease.lease);
    const { options } = this.#queue;
    if (known === undefined || lease.gid !== this.#group.gid || lease.done !== null || lease.worker !== this.#wanted.worker || tx.now >= known.since + TURN || tx.now < known.since) return false;
    if (this.#queue.prios > 1 || options.windowBuffer > 0 || options.delayedProcessing > 0 || this.#startsAt > 0) return false;
    const cursor = lease.keyed === 1 ? known.cursor : tx.live.known.unkeyed(lease.gid);
    if (cursor?.lane !== lease.lane || cursor.done !== null || !hasNoHistory(tx, lease.gid)) return false;
    if (lease.keyed === 0 && (cursor.ends_at === null || cursor.ends_at <= tx.now || cursor.ends_at > this.#handover.expiresAt())) return false;
    const after = lease.keyed === 1 ? lease.last : cursor.pos;
    const rows = logBehind(tx, lease.gid, lease.lane, after, this.room);
    const [first] = rows;
    const last = rows.at(-1);
    if (first === undefined || last === undefined || rows.some((row) => row.only_group !== null || isOver(tx, this.#queue, row))) return false;
    const next = this.#handover.renewed(known, first.id - 1, last.id, rows.length);
    if (lease.keyed === 1) tx.run(GO_ON_KEYED, first.id - 1, n, next.expires_at, lease.lane, lease.gid);
    else {
      tx.run(GO_ON_UNKEYED, last.id, lease.lane, lease.gid);
      tx.live.known.took(lease.gid, { ...cursor, pos: last.id });
    }
    this.#handover.deliver(cursor, rows, next);
    return true;
  }

  #wait(cursor: LaneCursor, until: number): void {
    this.#work.tx.run("UPDATE cursor SET ready_at = ? WHERE lane = ? AND gid = ?", until, cursor.lane, this.#group.gid);
  }

  // ---------------------------------------------------------------- partitions

  #takeKeyed(cursor: LaneCursor, only: number | null = null): void {
    const { tx } = this.#work;
    if (cursor.lease !== null) {
      const lease = leaseById(tx, cursor.lease);
      if (lease !== undefined && lease.expires_at > tx.now) return;
      if (lease !== undefined) expireKeyed(this.#work, { queue: this.#queue, group: this.#group }, lease);
      const after = tx.get<Pick<LaneCursor, "pos" | "ready_at" | "done">>("SELECT pos, ready_at, done FROM cursor WHERE lane = ? AND gid = ?", cursor.lane, this.#group.gid);
      if (after === undefined || after.ready_at === null || (only === null && after.ready_at > tx.now)) return;
      this.#takeKeyed({ ...cursor, ...after, lease: null }, only);
      return;
    }
    const front = this.#front(cursor, only === null ? this.room : 1, only !== null);
    const { taken } = front;
    const [first] = taken;
    const last = taken.at(-1);
    if (first === undefined || last === undefined || (only !== null && first.id !== only)) {
      this.#stepOver(cursor, front);
      return;
    }
    if (this.#wanted.atMostOnce) {
      this.#handover.deliver(cursor, taken, null);
      this.#handover.complete(taken);
      const done = storedIds(idList(cursor.done).filter((id) => id > last.id));
      tx.run("UPDATE cursor SET pos = ?1, done = ?2, passed = passed + ?3, ready_at = CASE WHEN EXISTS (SELECT 1 FROM msg INDEXED BY msg_lane WHERE lane = ?5 AND id > ?1) THEN ?4 END WHERE lane = ?5 AND gid = ?6", last.id, done, taken.length, tx.now, cursor.lane, this.#group.gid);
      return;
    }
    const before = first.id - 1;
    const between = front.skipped.filter((id) => id > before && id < last.id);
    const lease = this.#handover.lease(cursor, before, last.id, taken.length, between);
    const done = storedIds(idList(cursor.done).filter((id) => id > last.id));
    tx.run(TAKE_KEYED, before, done, lease.lease, lease.expires_at, cursor.lane, this.#group.gid);
    this.#handover.deliver(cursor, taken, lease);
  }

  /** The messages at the front of the log that may be delivered now, in order. */
  #front(cursor: LaneCursor, most: number, early: boolean): Front {
    const { tx } = this.#work;
    const done = new Set(idList(cursor.done));
    const taken: Candidate[] = [];
    const skipped: number[] = [];
    const over: Candidate[] = [];
    const before: Candidate[] = [];
    let again: number | null = null;
    let after = cursor.pos;
    reading: while (taken.length < most) {
      const limit = most - taken.length;
      const rows = logBehind(tx, this.#group.gid, cursor.lane, after, limit);
      for (const row of rows) {
        after = row.id;
        if (done.has(row.id) || (row.only_group !== null && row.only_group !== this.#group.name)) {
          skipped.push(row.id);
          continue;
        }
        if (row.ts < this.#startsAt || isOver(tx, this.#queue, row)) {
          (row.ts < this.#startsAt ? before : over).push(row);
          continue;
        }
        again = early ? null : this.#waitsUntil(cursor, row);
        if (again !== null) break reading;
        taken.push(row);
      }
      if (rows.length < limit) {
        again = null;
        break;
      }
      again = tx.now;
      if (skipped.length + before.length + over.length >= SKIPS) break;
    }
    const holder = { queue: this.#queue, group: this.#group };
    // A partition's cursor doesn't move beyond what is taken: what is to be passed there comes up again.
    const end = cursor.name === null ? Infinity : (taken.at(-1)?.id ?? Infinity);
    const passed = removeOver(this.#work, holder, cursor, over).filter(({ id }) => id < end);
    this.#group.dropped += passed.length;
    passOver(this.#work, holder, cursor, [...before, ...passed]);
    return { taken, skipped: [...skipped, ...[...before, ...over].map(({ id }) => id)].sort((a, b) => a - b), again };
  }

  /** `null` when the message may be delivered now. */
  #waitsUntil(cursor: LaneCursor, row: Candidate): number | null {
    const { tx } = this.#work;
    const old = row.ts + this.#queue.options.delayedProcessing;
    if (this.#queue.options.delayedProcessing > 0 && old > tx.now) return old;
    if (row.visible_at !== null && row.visible_at > tx.now) return row.visible_at;
    // Its head isn't new, so nothing behind it may come: ready, but not for this pop.
    if (this.#wanted.onlyNew && row.deliveries !== null) return cursor.ready_at;
    return null;
  }

  /** Nothing to deliver: the cursor moves over what it needn't look at again. */
  #stepOver(cursor: LaneCursor, front: Front): void {
    const next = front.taken[0]?.id ?? Infinity;
    const pos = Math.max(cursor.pos, ...front.skipped.filter((id) => id < next).slice(-1));
    const done = storedIds(idList(cursor.done).filter((id) => id > pos));
    const again = front.taken.length > 0 ? cursor.ready_at : front.again;
    // A look that moves nothing writes nothing: it would wake all who wait, the looker too.
    if (front.skipped.length === 0 && again === cursor.ready_at) return;
    this.#work.tx.run("UPDATE cursor SET pos = ?, done = ?, ready_at = ? WHERE lane = ? AND gid = ?", pos, done, again, cursor.lane, this.#group.gid);
  }

  // ---------------------------------------------------------------- messages without a key

  #takeUnkeyed(cursor: LaneCursor): void {
    const { tx } = this.#work;
    const ranOut = cursor.ends_at !== null && cursor.ends_at <= tx.now;
    if (ranOut) this.#endLeases(cursor.lane);
    const returned = this.#wanted.onlyNew ? [] : this.#returned(cursor);
    const room = this.#alone ? 0 : this.room - returned.length;
    const front: Front = room > 0 ? this.#front(cursor, room, false) : { taken: [], skipped: [], again: tx.now };
    const pos = Math.max(cursor.pos, ...front.taken.slice(-1).map(({ id }) => id), ...front.skipped.slice(-1));
    const before = front.taken[0] === undefined ? pos : front.taken[0].id - 1;
    const leased = this.#give(cursor, [...returned, ...front.taken], returned.length, { before, last: pos, skipped: front.skipped });
    const known = ranOut ? this.#firstEnd(cursor.lane) : cursor.ends_at;
    const endsAt = leased === null ? known : Math.min(known ?? Infinity, leased.expires_at);
    const again = front.again === tx.now ? this.#soon(cursor) : earliest(front.again, this.#firstReturn(cursor.lane), endsAt);
    if (!ranOut && leased === null && pos === cursor.pos && again === cursor.ready_at) return;
    const done = storedIds(idList(cursor.done).filter((id) => id > pos));
    // Naming ready_at writes a page of its index, even with the value that it has.
    if (!ranOut && again === cursor.ready_at) {
      tx.run(TAKE_UNKEYED, pos, done, endsAt, cursor.lane, this.#group.gid);
      tx.live.known.took(this.#group.gid, { ...cursor, pos, done, ends_at: endsAt });
    } else tx.run("UPDATE cursor SET pos = ?, done = ?, ready_at = ?, ends_at = ? WHERE lane = ? AND gid = ?", pos, done, again, endsAt, cursor.lane, this.#group.gid);
  }

  /** Ends leases that ran out until one has something to deliver again: the messages of others may all have died. */
  #endLeases(lane: number): void {
    const group = this.#group;
    const cameBack = (): number => group.retrying + group.released;
    const before = cameBack();
    for (let ended = 0; ended < LEASES && cameBack() === before; ended++) {
      const lease = expiredLease(this.#work.tx, group.gid, lane);
      if (lease === undefined) return;
      expireUnkeyed(this.#work, { queue: this.#queue, group }, lease);
    }
  }

  /** Messages that come again; one whose lease ran out comes alone. */
  #returned(cursor: LaneCursor): Candidate[] {
    const { tx } = this.#work;
    if (this.#group.retrying + this.#group.released === 0) return [];
    const rows = returnedTo(tx, this.#group.gid, cursor.lane, this.room);
    const over = rows.filter((row) => isOver(tx, this.#queue, row));
    const holder = { queue: this.#queue, group: this.#group };
    const passed = removeOver(this.#work, holder, cursor, over);
    this.#group.dropped += passed.length;
    passOver(this.#work, holder, cursor, passed);
    const live = rows.filter((row) => !over.includes(row));
    const alone = live.findIndex((row) => row.alone === 1);
    if (alone !== 0) return alone < 0 ? live : live.slice(0, alone);
    if (this.#handover.deliveries.length > 0) return [];
    this.#alone = true;
    return live.slice(0, 1);
  }

  /** @param returned how many of `taken` come again; the rest are the log's (before, last], less the skipped */
  #give(cursor: LaneCursor, taken: readonly Candidate[], returned: number, range: { before: number; last: number; skipped: readonly number[] }): NewLease | null {
    if (taken.length === 0) return null;
    if (this.#wanted.atMostOnce) {
      this.#handover.deliver(cursor, taken, null);
      this.#handover.complete(taken);
      return null;
    }
    const fromLog = taken.length > returned;
    const between = fromLog ? range.skipped.filter((id) => id > range.before) : [];
    const lease = this.#handover.lease(cursor, fromLog ? range.before : 0, fromLog ? range.last : 0, taken.length, between);
    this.#handover.deliver(cursor, taken, lease);
    return lease;
  }

  /** The lane has more. It goes behind the others, but not with each pop: that would be a page more to write. */
  #soon(cursor: LaneCursor): number {
    const { now } = this.#work.tx;
    return cursor.ready_at !== null && cursor.ready_at <= now && cursor.ready_at > now - TURN ? cursor.ready_at : now;
  }

  #firstReturn(lane: number): number | null {
    if (this.#group.retrying + this.#group.released === 0) return null;
    return this.#work.tx.get<{ at: number | null }>("SELECT min(visible_at) AS at FROM exc INDEXED BY exc_due WHERE gid = ? AND lane = ? AND visible_at IS NOT NULL", this.#group.gid, lane)?.at ?? null;
  }

  #firstEnd(lane: number): number | null {
    return this.#work.tx.get<{ at: number | null }>("SELECT min(expires_at) AS at FROM lease WHERE lease > ?2 * 1048576 AND lease < ?2 * 1048576 + 1048576 AND gid = ?1", this.#group.gid, lane)?.at ?? null;
  }

  #takeOutOfTurn(cursor: LaneCursor, id: number): void {
    const { tx } = this.#work;
    const place = placed(tx, id);
    const holder = place === undefined ? undefined : holding(tx, this.#group, place);
    if (holder !== undefined) {
      const lease = leaseById(tx, holder.lease);
      if (lease === undefined || lease.expires_at > tx.now) return;
      expireUnkeyed(this.#work, { queue: this.#queue, group: this.#group }, lease);
    }
    const row = candidateById(tx, this.#group.gid, id);
    const done = idList(cursor.done);
    if (row === undefined || (row.deliveries === null && (id <= cursor.pos || done.includes(id)))) return;
    if (this.#wanted.onlyNew && row.deliveries !== null) return;
    if (row.deliveries === null) tx.run("UPDATE cursor SET done = ? WHERE lane = ? AND gid = ?", storedIds([...done, id]), cursor.lane, this.#group.gid);
    this.#give(cursor, [row], 1, { before: 0, last: 0, skipped: [] });
    tx.run("UPDATE cursor SET ready_at = min(ifnull(ready_at, ?1), ?1), ends_at = min(ifnull(ends_at, ?1), ?1) WHERE lane = ?2 AND gid = ?3", this.#handover.expiresAt(), cursor.lane, this.#group.gid);
  }
}

function earliest(...times: readonly (number | null)[]): number | null {
  const at = Math.min(...times.map((time) => time ?? Infinity));
  return at === Infinity ? null : at;
}
