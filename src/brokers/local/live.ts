import { minuteOf } from "../../core/index.ts";
import type { Instant } from "../../core/index.ts";
import { findGroup, groupById, groupsOf, storeAcks } from "./group-row.ts";
import type { GroupRow } from "./group-row.ts";
import { KnownLanes } from "./known.ts";
import { leasedAtEnd, leasesOf } from "./leased-at.ts";
import { findQueue, queueById, queueNotFound } from "./queue-row.ts";
import type { QueueRow } from "./queue-row.ts";
import type { WriteTx } from "./tx.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** A queue's row inside one transaction. Change its counters here; they are stored once, before the commit. */
export type LiveQueue = Mutable<QueueRow>;

/** A group's row inside one transaction. */
export type LiveGroup = Mutable<GroupRow>;

const QUEUE_COUNTERS = ["pushed", "removed", "scheduled", "bytes"] as const;
const GROUP_COUNTERS = ["passed", "retrying", "released", "delivered", "completed", "failed", "expired", "dead", "dropped", "redriven"] as const;

export const STORE_QUEUE = "UPDATE queue SET seq = ?, last_ts = ?, prios = ?, pushed = ?, removed = ?, scheduled = ?, bytes = ?, minute = ? WHERE qid = ?";
export const STORE_GROUP = `UPDATE grp SET made_to = ?, held = ?, passed = ?, retrying = ?, released = ?, delivered = ?, completed = ?, failed = ?, expired = ?, dead = ?, dropped = ?, redriven = ?, minute = ? WHERE gid = ?`;
export const STORE_TALLY = "INSERT INTO tally (qid, gid, minute, counters) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET counters = excluded.counters";

/** Rows as they were after the last transaction: good while nobody else has written since. */
export class Kept {
  readonly queues = new Map<string, QueueRow>();
  readonly groups = new Map<number, GroupRow>();
  /** Groups that have cursors for all lanes. */
  readonly complete = new Set<number>();
  /** When a group's leases were last looked at for those that ran out. */
  readonly looked = new Map<number, Instant>();
  readonly lanes = new KnownLanes();
  /** Messages that a group's leases held at the end of the minute of its row, as long as that is its minute. */
  readonly leasedAt = new Map<number, { readonly minute: Instant; readonly leased: number }>();

  group(qid: number, name: string): GroupRow | undefined {
    for (const row of this.groups.values()) if (row.qid === qid && row.name === name) return row;
    return undefined;
  }

  queueById(qid: number): QueueRow | undefined {
    for (const row of this.queues.values()) if (row.qid === qid) return row;
    return undefined;
  }
}

/** More queues or groups than this in turn, and their rows are read again. */
const KEPT = 32;

/** The queues and groups that a transaction works with: each row is read once and stored once. */
export class Live {
  readonly #tx: WriteTx;
  readonly #kept: Kept;
  readonly #queues: { row: QueueRow; live: LiveQueue }[] = [];
  /** `leased`: how many messages they leased at the end of the minute of `row`, once that is over. */
  readonly #groups: { row: GroupRow; live: LiveGroup; leased: number }[] = [];

  constructor(tx: WriteTx, kept: Kept) {
    this.#tx = tx;
    this.#kept = kept;
  }

  get known(): KnownLanes {
    return this.#kept.lanes;
  }

  findQueue(name: string): LiveQueue | undefined {
    for (const { live } of this.#queues) if (live.name === name) return live;
    return this.#keepQueue(this.#kept.queues.get(name) ?? findQueue(this.#tx, name));
  }

  /** @throws queue-not-found */
  queue(name: string): LiveQueue {
    const queue = this.findQueue(name);
    if (queue === undefined) throw queueNotFound(name);
    return queue;
  }

  queueById(qid: number): LiveQueue | undefined {
    for (const { live } of this.#queues) if (live.qid === qid) return live;
    return this.#keepQueue(this.#kept.queueById(qid) ?? queueById(this.#tx, qid));
  }

  findGroup(queue: LiveQueue, name: string): LiveGroup | undefined {
    for (const { live } of this.#groups) if (live.qid === queue.qid && live.name === name) return live;
    return this.#keepGroup(this.#kept.group(queue.qid, name) ?? findGroup(this.#tx, queue.qid, name));
  }

  groupById(gid: number): LiveGroup | undefined {
    for (const { live } of this.#groups) if (live.gid === gid) return live;
    return this.#keepGroup(this.#kept.groups.get(gid) ?? groupById(this.#tx, gid));
  }

  groupsOf(queue: LiveQueue): LiveGroup[] {
    return groupsOf(this.#tx, queue.qid).map((row) => this.#groups.find(({ live }) => live.gid === row.gid)?.live ?? this.#keepGroup(row));
  }

  /** Whether the group is known to have cursors for all lanes. New lanes give them at once, so it stays so. */
  isComplete(group: LiveGroup): boolean {
    return this.#kept.complete.has(group.gid);
  }

  /** Whether it is time to look for leases that ran out; then it is taken as done. */
  looksAtLeases({ gid }: LiveGroup, every: number): boolean {
    const { now } = this.#tx;
    const at = this.#kept.looked.get(gid);
    if (at !== undefined && now >= at && now < at + every) return false;
    this.#kept.looked.set(gid, now);
    return true;
  }

  setComplete(group: LiveGroup): void {
    this.#kept.complete.add(group.gid);
  }

  /** After its row was deleted or given another id: nothing of it is stored. */
  forgetGroup(gid: number): void {
    const at = this.#groups.findIndex(({ live }) => live.gid === gid);
    if (at >= 0) this.#groups.splice(at, 1);
    this.#kept.groups.delete(gid);
  }

  forgetQueue(qid: number): void {
    const at = this.#queues.findIndex(({ live }) => live.qid === qid);
    if (at >= 0) this.#queues.splice(at, 1);
    for (const { live } of this.#groups.filter(({ live: group }) => group.qid === qid)) this.forgetGroup(live.gid);
  }

  /** For the next transaction, once this one is committed. */
  keep(): Kept {
    const kept = this.#kept;
    if (kept.queues.size > KEPT) kept.queues.clear();
    if (kept.groups.size > KEPT) kept.groups.clear();
    if (kept.leasedAt.size > KEPT) kept.leasedAt.clear();
    for (const { live } of this.#queues) kept.queues.set(live.name, live);
    for (const { live } of this.#groups) kept.groups.set(live.gid, live);
    return kept;
  }

  /** Stores what changed. History costs nothing while nothing happens: totals go to `tally` when the next minute's first change comes. */
  store(): void {
    for (const { row, live } of this.#queues) if (queueChanged(row, live)) this.#storeQueue(row, live);
    for (const { row, live, leased } of this.#groups) if (groupChanged(row, live)) this.#storeGroup(row, live, leased);
  }

  #storeQueue(row: QueueRow, live: LiveQueue): void {
    const minute = Math.max(minuteOf(this.#tx.now), row.minute);
    if (minute === row.minute && onlyPushed(row, live)) return;
    if (row.minute > 0 && minute > row.minute) this.#tx.run(STORE_TALLY, row.qid, 0, row.minute, countersJson(QUEUE_COUNTERS, row));
    this.#tx.run(STORE_QUEUE, live.seq, live.last_ts, live.prios, live.pushed, live.removed, live.scheduled, live.bytes, minute, live.qid);
    live.minute = minute;
    live.storedBytes = live.bytes;
  }

  #storeGroup(row: GroupRow, live: LiveGroup, leased: number): void {
    const minute = Math.max(minuteOf(this.#tx.now), row.minute);
    if (minute === row.minute && onlyAcked(row, live)) {
      live.acks += live.completed - row.completed;
      storeAcks(this.#tx, live.gid, live.acks);
      return;
    }
    if (row.minute > 0 && minute > row.minute) keepTally(this.#tx, row, leased);
    this.#tx.run(
      STORE_GROUP, live.made_to, live.held, live.passed - live.acks, live.retrying, live.released, live.delivered - live.acks,
      live.completed - live.acks, live.failed, live.expired, live.dead, live.dropped, live.redriven, minute, live.gid,
    );
    live.minute = minute;
  }

  #keepQueue(row: QueueRow | undefined): LiveQueue | undefined {
    if (row === undefined) return undefined;
    const live = { ...row };
    this.#queues.push({ row, live });
    return live;
  }

  #keepGroup(row: GroupRow): LiveGroup;
  #keepGroup(row: GroupRow | undefined): LiveGroup | undefined;
  #keepGroup(row: GroupRow | undefined): LiveGroup | undefined {
    if (row === undefined) return undefined;
    const live = { ...row };
    this.#groups.push({ row, live, leased: this.#leasedAtEnd(row) });
    return live;
  }

  /** Before this transaction ends leases: any that ended earlier would have moved the row to a later minute. */
  #leasedAtEnd(row: GroupRow): number {
    if (row.minute === 0 || minuteOf(this.#tx.now) <= row.minute) return 0;
    const known = this.#kept.leasedAt.get(row.gid);
    if (known?.minute === row.minute) return known.leased;
    const leased = leasedAtEnd(leasesOf(this.#tx, row.gid), row.minute);
    this.#kept.leasedAt.set(row.gid, { minute: row.minute, leased });
    return leased;
  }
}

/** The group's totals, as they were at the end of the minute that they last changed in. */
export function keepTally(tx: WriteTx, row: GroupRow, leased = leasedAtEnd(leasesOf(tx, row.gid), row.minute)): void {
  tx.run(STORE_TALLY, row.qid, row.history ?? row.gid, row.minute, countersJson([...GROUP_COUNTERS, "leased"], { ...row, leased }));
}

function queueChanged(row: QueueRow, live: LiveQueue): boolean {
  return row.seq !== live.seq || row.last_ts !== live.last_ts || row.prios !== live.prios || QUEUE_COUNTERS.some((name) => row[name] !== live[name]);
}

/** Each sequence given out since is that of a message in the log, whose tail tells the rest. */
function onlyPushed(row: QueueRow, live: LiveQueue): boolean {
  const n = live.pushed - row.pushed;
  return n > 0 && live.seq === row.seq + n && live.removed === row.removed && live.scheduled === row.scheduled && live.prios === row.prios;
}

const OTHER_COUNTERS = GROUP_COUNTERS.filter((name) => name !== "passed" && name !== "delivered" && name !== "completed");

/** As nearly every change of a group is. */
function onlyAcked(row: GroupRow, live: LiveGroup): boolean {
  const n = live.completed - row.completed;
  return n > 0 && live.passed === row.passed + n && live.delivered === row.delivered + n
    && row.made_to === live.made_to && row.held === live.held && OTHER_COUNTERS.every((name) => row[name] === live[name]);
}

function groupChanged(row: GroupRow, live: LiveGroup): boolean {
  return row.made_to !== live.made_to || row.held !== live.held || GROUP_COUNTERS.some((name) => row[name] !== live[name]);
}

function countersJson<Name extends string>(names: readonly Name[], row: Readonly<Record<Name, number>>): string {
  return JSON.stringify(Object.fromEntries(names.map((name) => [name, row[name]])));
}
