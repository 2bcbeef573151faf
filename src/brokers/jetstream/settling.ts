import { leaseLost, outcomeOf, settlePlan, STALE } from "../../core/index.ts";
import type { Instant, Placement, QueuescopeError, SettleOutcome, SettleResult, Settlement } from "../../core/index.ts";
import { endPart, fail, heldAlone, heldInPart, reject, returnOne } from "./ending.ts";
import type { Fate, Work } from "./ending.ts";
import { messageId } from "./ids.ts";
import type { Receipt } from "./receipts.ts";
import type { Lease, Part } from "./record.ts";

/** One settlement of a call, with its place in the answer. */
export interface Asked {
  readonly index: number;
  readonly settlement: Settlement;
  readonly receipt: Receipt;
}

/** A result; of a dead one, with the intent whose dead letter's id is still to come. */
export interface Settled {
  readonly index: number;
  readonly result: SettleResult;
  readonly intent?: string;
}

/** Settles what one call asks of one group. */
export function settleGroup(work: Work, asked: readonly Asked[]): Settled[] {
  const byToken = new Map<string, Asked[]>();
  for (const one of asked) {
    const same = byToken.get(one.receipt.token);
    if (same === undefined) byToken.set(one.receipt.token, [one]);
    else same.push(one);
  }
  const { runs } = work.effects;
  const before = runs.length;
  const settled: Settled[] = [];
  for (const same of byToken.values()) new LeaseSettling(work, settled).settle(same);
  // Each ack left how long it took: counted together, since each count makes the record's head anew.
  if (runs.length > before) work.state.record.count({ completed: runs.length - before });
  return settled;
}

/** The live lease that a receipt is of. Being past its end is enough, whoever noticed. */
export function liveLease({ state, now }: Work, { partition, token }: Receipt): Lease | undefined {
  const lease = partition === null ? state.record.leases.get(token) : state.record.parts.get(partition)?.lease;
  return lease?.token === token && lease.ends > now ? lease : undefined;
}

const NO_LEASE: Lease = { token: "", since: 0, ends: 0, open: [] };

class LeaseSettling {
  readonly #work: Work;
  readonly #results: Settled[];
  #lease: Lease = NO_LEASE;
  #open: Set<number> = new Set<number>();

  /** @param results what is settled is added to them */
  constructor(work: Work, results: Settled[]) {
    this.#work = work;
    this.#results = results;
  }

  settle(asked: readonly Asked[]): void {
    const first = asked[0];
    const lease = first === undefined ? undefined : liveLease(this.#work, first.receipt);
    if (first === undefined || lease === undefined) {
      for (const one of asked) this.#refuse(one, leaseLost());
      return;
    }
    this.#lease = lease;
    this.#open = new Set(lease.open);
    const claimed = new Set<number>();
    const placements: Placement<Asked>[] = [];
    for (const one of asked) {
      const { seq } = one.receipt;
      if (!this.#open.has(seq) || claimed.has(seq)) this.#refuse(one, leaseLost(STALE.settled));
      else {
        claimed.add(seq);
        placements.push({ settlement: one.settlement, place: seq, target: one });
      }
    }
    if (placements.length === 0) return;
    const { partition } = first.receipt;
    const plan = settlePlan(partition !== null, placements);
    for (const placement of plan.first) this.#settleOne(placement, partition);
    if (partition === null) this.#returnAlone(plan.then);
    else this.#endInOrder(partition, plan.then);
  }

  /** An ack or a dead letter: the message is settled, the lease goes on. */
  #settleOne({ settlement, target }: Placement<Asked>, partition: string | null): void {
    const { state, effects, now } = this.#work;
    const { seq } = target.receipt;
    if (settlement.action === "dead") {
      if (!this.#open.delete(seq)) {
        this.#refuse(target, leaseLost(STALE.covered));
        return;
      }
      this.#answer(target, reject(this.#work, this.#held(seq, partition), settlement.error));
      return;
    }
    const cumulative = settlement.action === "ack" && settlement.cumulative === true && partition !== null;
    const acked = cumulative ? [...this.#open].filter((open) => open <= seq) : [seq];
    for (const one of acked) {
      this.#open.delete(one);
      if (effects.records("acked")) effects.write("acked", { seq: one, group: state.name, worker: this.#lease.worker });
      effects.runs.push(now - this.#lease.since);
    }
    this.#ok(target, "completed");
  }

  #held(seq: number, partition: string | null): ReturnType<typeof heldAlone> {
    const { state } = this.#work;
    return partition === null ? heldAlone(state, seq, this.#lease) : heldInPart(state.record.parts.get(partition)?.past, seq, this.#lease);
  }

  /** Without a partition each message goes its own way. */
  #returnAlone(returned: readonly Placement<Asked>[]): void {
    const { state, now } = this.#work;
    const gone = this.#lease.open.filter((seq) => !this.#open.has(seq));
    for (const { settlement, target } of returned) {
      const { seq } = target.receipt;
      const held = this.#held(seq, null);
      this.#open.delete(seq);
      if (settlement.action === "release") {
        returnOne(this.#work, held, { releasedAt: now });
        this.#ok(target, "released");
        continue;
      }
      const { error, delay } = settlement.action === "nack" ? settlement : {};
      const fate = fail(this.#work, held, error, { delay });
      if (fate.fate === "retry") returnOne(this.#work, held, { retry: fate.past, at: fate.retryAt, alone: false });
      else state.deleteBack(seq);
      this.#answer(target, fate);
    }
    for (const seq of gone) state.deleteBack(seq);
    if (this.#open.size === 0) state.record.leases.delete(this.#lease.token);
    else state.setLease(this.#lease.token, { ...this.#lease, open: [...this.#open] });
  }

  #endInOrder(partition: string, returned: readonly Placement<Asked>[]): void {
    this.#storePart(partition);
    const [ender, ...stale] = returned.filter(({ target }) => {
      const open = this.#open.has(target.receipt.seq);
      if (!open) this.#refuse(target, leaseLost(STALE.covered));
      return open;
    });
    if (ender === undefined) return;
    const { settlement, target } = ender;
    if (settlement.action === "nack") {
      const fate = endPart(this.#work, partition, { seq: target.receipt.seq, error: settlement.error, how: { delay: settlement.delay } });
      if (fate !== null) this.#answer(target, fate);
    } else {
      endPart(this.#work, partition, null);
      this.#ok(target, "released");
    }
    for (const { target: behind } of stale) this.#refuse(behind, leaseLost(STALE.behind));
  }

  /** The partition with what is still open of the lease; without it, when nothing is. */
  #storePart(partition: string): void {
    const { state } = this.#work;
    const part = state.record.parts.get(partition);
    const lease = part?.lease;
    if (part === undefined || lease === undefined) return;
    const settled = lease.open.filter((seq) => !this.#open.has(seq));
    if (settled.length > 0) state.setPart(partition, withoutSettled(part, lease, settled));
  }

  #answer(target: Asked, fate: Fate): void {
    this.#ok(target, outcomeOf(fate.fate), fate.fate === "retry" ? { retryAt: fate.retryAt } : fate.fate === "dead" ? { intent: fate.intent } : {});
  }

  #ok({ index, settlement, receipt }: Asked, outcome: SettleOutcome, more: { retryAt?: Instant; intent?: string } = {}): void {
    const id = messageId(receipt.queue, receipt.alias ?? receipt.seq);
    const result: SettleResult = { ok: true, receipt: settlement.receipt, messageId: id, outcome, retryAt: more.retryAt ?? null, deadLetterId: null };
    this.#results.push({ index, result, ...(more.intent === undefined ? {} : { intent: more.intent }) });
  }

  #refuse({ index, settlement }: Asked, error: QueuescopeError): void {
    this.#results.push({ index, result: { ok: false, receipt: settlement.receipt, error } });
  }
}

type PartLease = NonNullable<Part["lease"]>;

/** A partition without messages of its lease that are settled, or gone. */
export function withoutSettled(part: Part, lease: PartLease, settled: readonly number[]): Part {
  if (settled.length === lease.open.length && part.done === undefined && part.past === undefined) return { pos: lease.last, tail: part.tail, n: part.n - settled.length };
  const gone = new Set(settled);
  const open = lease.open.filter((seq) => !gone.has(seq));
  const past = (part.past ?? []).filter(({ seq }) => !gone.has(seq));
  const pos = open[0] === undefined ? lease.last : Math.max(part.pos, open[0] - 1);
  const done = [...new Set([...(part.done ?? []), ...settled])].filter((seq) => seq > pos).sort((a, b) => a - b);
  return {
    pos, tail: part.tail, n: part.n - settled.length,
    ...(open.length > 0 ? { lease: { ...lease, open } } : {}),
    ...(done.length > 0 ? { done } : {}),
    ...(past.length > 0 ? { past } : {}),
  };
}
