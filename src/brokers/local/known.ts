import type { Instant } from "../../core/index.ts";
import type { Lease } from "./leases.ts";
import type { LaneCursor } from "./take-rows.ts";

/** A lease that this connection made, and nobody has changed since. */
export interface KnownLease {
  readonly row: Lease;
  /** Its lane, as it was taken. */
  readonly cursor: LaneCursor;
  /** When the lane's turn began: leases may follow each other in it. */
  readonly since: Instant;
}

export const INSERT_LEASE = "INSERT OR IGNORE INTO lease (lease, token, lane, gid, keyed, first, last, open, done, leased_at, expires_at, worker) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
export const RENEW_LEASE = "UPDATE lease SET token = ?, first = ?, last = ?, open = ?, leased_at = ?, expires_at = ? WHERE lease = ?";
export const DELETE_LEASE = "DELETE FROM lease WHERE lease = ?";
export const STORE_ACKS = "UPDATE lease SET open = ? WHERE lease = ?";
export const TAKE_KEYED = "UPDATE cursor SET pos = ?, done = ?, lease = ?, ready_at = ? WHERE lane = ? AND gid = ?";
export const GO_ON_KEYED = "UPDATE cursor SET pos = ?, passed = passed + ?, ready_at = ? WHERE lane = ? AND gid = ?";
export const END_KEYED = "UPDATE cursor SET pos = ?1, lease = NULL, passed = passed + ?2, ready_at = CASE WHEN EXISTS (SELECT 1 FROM msg INDEXED BY msg_lane WHERE lane = ?4 AND id > ?1) THEN ?3 END WHERE lane = ?4 AND gid = ?5";
export const TAKE_UNKEYED = "UPDATE cursor SET pos = ?, done = ?, ends_at = ? WHERE lane = ? AND gid = ?";
export const GO_ON_UNKEYED = "UPDATE cursor SET pos = ? WHERE lane = ? AND gid = ?";

/** Whoever runs these tells `KnownLanes` what they change. */
const IN_STEP = new Set([INSERT_LEASE, RENEW_LEASE, DELETE_LEASE, STORE_ACKS, TAKE_KEYED, GO_ON_KEYED, END_KEYED, TAKE_UNKEYED, GO_ON_UNKEYED]);
const LANES = /^\s*(?:(?:UPDATE|DELETE FROM|INSERT(?: OR \w+)? INTO)\s+(?:lease|cursor)\b|INSERT(?: OR \w+)? INTO\s+exc\b|DELETE FROM\s+lane\b)/i;

/** Whether what is known of lanes may be wrong after the statement. */
export function changesLanes(sql: string): boolean {
  return !IN_STEP.has(sql) && LANES.test(sql);
}

/** More than these, and they are read again. */
const MOST = 1_000;

/** What a connection knows of the lanes that it works in, good while nobody else has written: a worker that goes on where it is needn't look. */
export class KnownLanes {
  readonly #leases = new Map<number, KnownLease>();
  /** By group: the lane without a key that it took from last. */
  readonly #unkeyed = new Map<number, LaneCursor>();
  /** Groups none of whose messages has a history. */
  readonly #plain = new Set<number>();

  clear(): void {
    this.#leases.clear();
    this.#unkeyed.clear();
    this.#plain.clear();
  }

  lease(lease: number): KnownLease | undefined {
    return this.#leases.get(lease);
  }

  leased(lease: KnownLease): void {
    if (this.#leases.size >= MOST) this.#leases.clear();
    this.#leases.set(lease.row.lease, lease);
  }

  ended(lease: number): void {
    this.#leases.delete(lease);
  }

  unkeyed(gid: number): LaneCursor | undefined {
    return this.#unkeyed.get(gid);
  }

  took(gid: number, cursor: LaneCursor): void {
    if (this.#unkeyed.size >= MOST) this.#unkeyed.clear();
    this.#unkeyed.set(gid, cursor);
  }

  isPlain(gid: number): boolean {
    return this.#plain.has(gid);
  }

  plain(gid: number): void {
    this.#plain.add(gid);
  }
}
