import { backoffDelay } from "./backoff.ts";
import { QueuescopeError } from "./errors.ts";
import type { SettleOutcome, Settlement } from "./port/messages.ts";
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
  if (charges > options.retryLimit) return { fate: options.deadLetter ? "dead" : "drop", charges };
  return { fate: "retry", charges, retryAt: now + (delay ?? backoffDelay(options.backoff, options.retryDelay, charges, random)) };
}

const OUTCOMES: Readonly<Record<Charged["fate"], SettleOutcome>> = { retry: "retrying", dead: "dead", drop: "dropped" };

/** What a settlement answers that charged its message. */
export function outcomeOf(fate: Charged["fate"]): SettleOutcome {
  return OUTCOMES[fate];
}

/** Why a receipt of a lease may be refused. */
export const STALE = {
  ended: "it ran out, was settled, or its message was returned or removed",
  settled: "its message was settled or removed",
  covered: "a cumulative ack of this call settled its message",
  behind: "a message before it in its partition failed or was released, so this one returned uncharged",
} as const;

export function leaseLost(why: string = STALE.ended): QueuescopeError {
  return new QueuescopeError("lease-lost", `This receipt's lease has ended: ${why}. Nothing was changed; the message comes again if it wasn't settled.`);
}

/** One settlement of a lease, with the place of its message in the lease's order. */
export interface Placement<Target> {
  readonly settlement: Settlement;
  readonly place: number;
  readonly target: Target;
}

/** The order in which one call's settlements of one lease are applied. */
export interface SettlePlan<Target> {
  /** Acks, then dead ones: the lease goes on. A cumulative ack may settle what is named later. */
  readonly first: readonly Placement<Target>[];
  /** Nacks and releases. In a partition in its order: the first that applies ends the lease, so that the others are stale. */
  readonly then: readonly Placement<Target>[];
}

/** @param ordered the lease is of a partition, whose first failure stops everything behind it */
export function settlePlan<Target>(ordered: boolean, placements: readonly Placement<Target>[]): SettlePlan<Target> {
  // Plain acks are what most calls are made of.
  if (placements.every((placement) => placement.settlement.action === "ack" && !isCumulative(placement))) return { first: placements, then: [] };
  const acks = placements.filter(({ settlement }) => settlement.action === "ack");
  const dead = placements.filter(({ settlement }) => settlement.action === "dead");
  const returned = placements.filter(({ settlement }) => settlement.action === "nack" || settlement.action === "release");
  // Cumulative ones last: what is acked by itself too is answered as acked.
  const first = [...acks.filter((ack) => !isCumulative(ack)), ...acks.filter(isCumulative).sort((a, b) => a.place - b.place), ...dead];
  return { first, then: ordered ? returned.sort((a, b) => a.place - b.place) : returned };
}

function isCumulative({ settlement }: Placement<unknown>): boolean {
  return settlement.action === "ack" && settlement.cumulative === true;
}
