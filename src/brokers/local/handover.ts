import { newToken } from "../../core/index.ts";
import type { Delivery } from "../../core/index.ts";
import type { Work } from "./context.ts";
import { recordEvent, records } from "./events.ts";
import { messageId } from "./ids.ts";
import { INSERT_LEASE, RENEW_LEASE } from "./known.ts";
import type { KnownLease } from "./known.ts";
import type { Lease } from "./leases.ts";
import type { LiveGroup, LiveQueue } from "./live.ts";
import type { Wanted } from "./pop.ts";
import { receiptText } from "./receipts.ts";
import { encodingOf, headersOf, originOf } from "./rows.ts";
import { storedIds } from "./standing.ts";
import type { Candidate, LaneCursor } from "./take-rows.ts";

/** Numbers of leases: see the table. */
const LEASES_OF_LANE = 2 ** 20;

export type NewLease = Pick<Lease, "lease" | "token" | "expires_at">;

/** What one pop hands over: leases, and the deliveries of what was taken. */
export class Handover {
  readonly deliveries: Delivery[] = [];
  readonly #work: Work;
  readonly #queue: LiveQueue;
  readonly #group: LiveGroup;
  readonly #wanted: Wanted;

  constructor(work: Work, queue: LiveQueue, group: LiveGroup, wanted: Wanted) {
    this.#work = work;
    this.#queue = queue;
    this.#group = group;
    this.#wanted = wanted;
  }

  expiresAt(): number {
    return this.#work.tx.now + (this.#wanted.lease ?? this.#queue.options.leaseTime);
  }

  lease(cursor: LaneCursor, first: number, last: number, open: number, done: readonly number[]): NewLease {
    const { tx } = this.#work;
    const token = newToken();
    const expiresAt = this.expiresAt();
    for (;;) {
      // Its number is free but for one case in a million for each lease that the lane has.
      const lease = cursor.lane * LEASES_OF_LANE + 1 + Math.floor(Math.random() * (LEASES_OF_LANE - 1));
      const row = { lease, token, lane: cursor.lane, gid: this.#group.gid, keyed: cursor.name === null ? 0 : 1, first, last, open, done: storedIds(done), leased_at: tx.now, expires_at: expiresAt, worker: this.#wanted.worker };
      const made = tx.run(INSERT_LEASE, lease, token, row.lane, row.gid, row.keyed, first, last, open, row.done, tx.now, expiresAt, row.worker);
      if (made !== 1) continue;
      tx.live.known.leased({ row, cursor, since: tx.now });
      return row;
    }
  }

  /** A lease that is settled whole becomes the next one of its lane: its receipts are stale by the new token. */
  renewed({ row, cursor, since }: KnownLease, first: number, last: number, open: number): NewLease {
    const { tx } = this.#work;
    const next = { ...row, token: newToken(), first, last, open, leased_at: tx.now, expires_at: this.expiresAt() };
    tx.run(RENEW_LEASE, next.token, first, last, open, next.leased_at, next.expires_at, next.lease);
    tx.live.known.leased({ row: next, cursor, since });
    return next;
  }

  /** Delivered at most once: completed on delivery. */
  complete(taken: readonly Candidate[]): void {
    const details = { group: this.#group, worker: this.#wanted.worker };
    if (records(this.#queue, "acked")) for (const row of taken) recordEvent(this.#work.tx, this.#work.crypt, this.#queue, row.alias ?? row.id, "acked", details);
    this.#group.completed += taken.length;
    this.#group.passed += taken.length;
  }

  deliver(cursor: LaneCursor, taken: readonly Candidate[], lease: NewLease | null): void {
    const group = this.#group;
    // What a lease holds is counted when its delivery ends: a page less to write now.
    if (lease === null) group.delivered += taken.length;
    const traced = records(this.#queue, "leased");
    for (const row of taken) {
      this.#recall(cursor, row, lease);
      const delivery = this.#delivery(cursor, row, lease);
      if (traced) recordEvent(this.#work.tx, this.#work.crypt, this.#queue, row.alias ?? row.id, "leased", { group, worker: this.#wanted.worker, attempt: delivery.attempt });
      this.deliveries.push(delivery);
    }
  }

  /** Brings a message's history up to date with this delivery. */
  #recall(cursor: LaneCursor, row: Candidate, lease: { lease: number } | null): void {
    const { tx, timings } = this.#work;
    const group = this.#group;
    const holder = lease !== null && cursor.name === null ? lease.lease : null;
    if (row.deliveries === null) {
      timings.count(group.history ?? group.gid, "wait", tx.now - row.ts, tx.now);
      // Taken out of turn, it is no part of the lease's range.
      if (holder !== null && this.#wanted.message !== null) tx.run("INSERT INTO exc (gid, id, lane, charges, deliveries, lease) VALUES (?, ?, ?, 0, 1, ?)", group.gid, row.id, cursor.lane, holder);
      return;
    }
    if (row.retrying === 1) group.retrying -= 1;
    else group.released -= 1;
    if (lease === null) tx.run("DELETE FROM exc WHERE gid = ? AND id = ?", group.gid, row.id);
    else tx.run("UPDATE exc SET deliveries = deliveries + 1, visible_at = NULL, retrying = 0, alone = 0, lease = ? WHERE gid = ? AND id = ?", holder, group.gid, row.id);
  }

  #delivery(cursor: LaneCursor, row: Candidate, lease: NewLease | null): Delivery {
    const { tx, crypt } = this.#work;
    const id = messageId(row.alias ?? row.id);
    return {
      id,
      queue: this.#queue.name,
      partition: cursor.name,
      payload: { encoding: encodingOf(row.enc), bytes: crypt.unseal(row.body) },
      headers: headersOf(row.hdr, crypt.unseal),
      transactionId: row.tx ?? id,
      priority: cursor.prio,
      createdAt: row.ts,
      expiresAt: row.exp,
      redrivenFrom: row.origin === null ? null : originOf(tx, row.origin),
      editedAt: row.edited_at,
      group: this.#group.name,
      receipt: lease === null ? null : receiptText(lease.lease, lease.token, row.id, row.alias),
      attempt: 1 + (row.charges ?? 0),
      deliveryCount: 1 + (row.deliveries ?? 0),
      leaseExpiresAt: lease === null ? null : lease.expires_at,
    };
  }
}
