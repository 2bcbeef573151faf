import { leaseLost, QueuescopeError } from "../../core/index.ts";
import type { RenewResult } from "../../core/index.ts";
import type { Work } from "./context.ts";
import { leaseById } from "./leases.ts";
import type { Lease } from "./leases.ts";
import { parseReceipt } from "./receipts.ts";
import { liveLease, OpenLease } from "./settle.ts";

/** @param ms `null`: the queue's leaseTime */
export function renewAll(work: Work, receipts: readonly string[], ms: number | null): RenewResult[] {
  return receipts.map((receipt) => {
    try {
      return { ok: true, receipt, leaseExpiresAt: renew(work, receipt, ms) };
    } catch (error) {
      if (error instanceof QueuescopeError) return { ok: false, receipt, error };
      throw error;
    }
  });
}

function renew(work: Work, text: string, ms: number | null): number {
  const receipt = parseReceipt(text);
  const live = liveLease(work, leaseById(work.tx, receipt.lease), receipt.token);
  if (live === undefined || !new OpenLease(work.tx, live.lease, live.group).claim(receipt.id)) throw leaseLost();
  return renewLease(work, live.lease, ms ?? live.queue.options.leaseTime);
}

/** Makes a live lease end `ms` from now; answers when that is. */
export function renewLease({ tx }: Work, lease: Lease, ms: number): number {
  const expiresAt = tx.now + ms;
  tx.run("UPDATE lease SET expires_at = ? WHERE lease = ?", expiresAt, lease.lease);
  if (lease.keyed === 1) tx.run("UPDATE cursor SET ready_at = ? WHERE lane = ? AND gid = ?", expiresAt, lease.lane, lease.gid);
  else tx.run("UPDATE cursor SET ready_at = min(ifnull(ready_at, ?1), ?1), ends_at = min(ifnull(ends_at, ?1), ?1) WHERE lane = ?2 AND gid = ?3 AND (ready_at IS NULL OR ready_at > ?1 OR ends_at > ?1)", expiresAt, lease.lane, lease.gid);
  return expiresAt;
}
