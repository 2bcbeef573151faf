import { backoffDelay } from "./backoff.ts";
import type { Settlement } from "./broker.ts";
import type { QueueOptions } from "./options.ts";
import type { Instant } from "./time.ts";

/** What a charge does to a message: it is retried, or it has used up its retries. */
export type Charged =
  | { readonly fate: "retry"; readonly charges: number; readonly retryAt: Instant }
  | { readonly fate: "dead" | "drop"; readonly charges: number };

/**
 * A message may be retried `retryLimit` times; one charge more makes it a dead letter, or drops it.
 * @param delay milliseconds instead of the queue's backoff
 * @param random a number in [0, 1)
 */
export function charge(options: QueueOptions, chargesBefore: number, now: Instant, random: number, delay?: number): Charged {
  const charges = chargesBefore + 1;
  if (charges > options.retryLimit) return { fate: exhausted(options), charges };
  return { fate: "retry", charges, retryAt: now + (delay ?? backoffDelay(options.backoff, options.retryDelay, charges, random)) };
}

/** What becomes of a message that won't be retried. */
export function exhausted(options: QueueOptions): "dead" | "drop" {
  return options.deadLetter ? "dead" : "drop";
}

/** One settlement of a lease, with the place of its message in the lease's order. */
export interface Placement<Target> {
  readonly settlement: Settlement;
  readonly place: number;
  readonly target: Target;
}

/** The order in which one call's settlements of one lease are applied. */
export interface SettlePlan<Target> {
  /** Acks, then dead ones: the lease goes on. */
  readonly first: readonly Placement<Target>[];
  /** Nacks and releases. In a partition at most one: it ends the lease. */
  readonly then: readonly Placement<Target>[];
  /** In a partition: settlements of messages behind the one that ended the lease, which return uncharged. */
  readonly stale: readonly Placement<Target>[];
}

/** @param ordered the lease is of a partition, whose first failure stops everything behind it */
export function settlePlan<Target>(ordered: boolean, placements: readonly Placement<Target>[]): SettlePlan<Target> {
  const acks = placements.filter(({ settlement }) => settlement.action === "ack");
  const dead = placements.filter(({ settlement }) => settlement.action === "dead");
  const returned = placements.filter(({ settlement }) => settlement.action === "nack" || settlement.action === "release");
  if (!ordered) return { first: [...acks, ...dead], then: returned, stale: [] };
  const [ender, ...stale] = returned.sort((a, b) => a.place - b.place);
  return { first: [...acks, ...dead], then: ender === undefined ? [] : [ender], stale };
}
