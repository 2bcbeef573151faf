import { leaseLost } from "../../core/index.ts";
import type { SettleResult } from "../../core/index.ts";
import { leaseOf, LOOK, putLease } from "./ending.ts";
import type { Work } from "./ending.ts";
import type { Engine } from "./engine.ts";
import { settleOne } from "./messages.ts";
import type { Asking } from "./messages.ts";
import type { Bond, Lease } from "./record.ts";
import { liveLease } from "./settling.ts";

/** Each receipt is of a live lease, and given once. */
export function allLive(work: Work, asked: Asking["asked"]): boolean {
  const once = new Set(asked.map(({ receipt: { token, seq } }) => `${token} ${seq}`));
  return once.size === asked.length && asked.every(({ receipt }) => liveLease(work, receipt)?.open.includes(receipt.seq) ?? false);
}

/**
 * Before a transaction is stored in another group's record: leases that it settles here don't end until it has, since
 * whoever finds that one ran out looks there first. @throws lease-lost
 */
export async function bind({ queue, session, asked }: Asking, bond: Bond): Promise<void> {
  const performed = await session.run({
    queue, unsure: (live) => !live,
    apply: (work) => {
      if (!allLive(work, asked)) return false;
      eachLease(work, asked, (lease) => ({ ...lease, ends: Math.max(lease.ends, bond.until), bonds: [...(lease.bonds ?? []), bond] }));
      return true;
    },
  });
  if (performed === undefined || !performed.value) throw leaseLost();
}

/** Settles what a stored transaction does here, however late: leases that are bound by it are there. */
export async function settleBound(engine: Engine, results: SettleResult[], group: Asking, intent: string): Promise<void> {
  await group.session.run({
    queue: group.queue,
    apply: (work) => {
      const live = work.now + LOOK;
      eachLease(work, group.asked, (lease) => (lease.ends < live && lease.bonds?.some((bond) => bond.intent === intent) === true ? { ...lease, ends: live } : lease));
    },
  });
  await settleOne(engine, results, group);
}

function eachLease({ state }: Work, asked: Asking["asked"], change: (lease: Lease) => Lease): void {
  const leases = new Map(asked.map(({ receipt: { token, partition } }) => [token, partition]));
  for (const [token, partition] of leases) {
    const lease = leaseOf(state, partition, token);
    const changed = lease === undefined ? undefined : change(lease);
    if (changed !== undefined && changed !== lease) putLease(state, partition, changed);
  }
}
