import { MINUTE } from "../../core/index.ts";
import type { Instant } from "../../core/index.ts";
import type { ReadTx } from "./tx.ts";

/** What a lease holds, and from when to when. */
export interface LeaseSpan {
  readonly leased_at: Instant;
  readonly expires_at: Instant;
  readonly open: number;
}

/** Those that a group has now: as many as consumers work on. */
export function leasesOf(tx: ReadTx, gid: number): LeaseSpan[] {
  return tx.all<LeaseSpan>("SELECT leased_at, expires_at, open FROM lease WHERE gid = ?", gid);
}

/** Messages that these leases held at the end of a minute. */
export function leasedAtEnd(leases: readonly LeaseSpan[], minute: Instant): number {
  const end = minute + MINUTE;
  return leases.reduce((sum, { leased_at: from, expires_at: to, open }) => (from < end && to > end ? sum + open : sum), 0);
}
