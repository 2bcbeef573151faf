import { leaseLost, outcomeOf, QueuescopeError, settlePlan, STALE } from "../../core/index.ts";
import type { Placement, SettleOutcome, SettleResult, Settlement } from "../../core/index.ts";
import type { Work } from "./context.ts";
import { recordEvent, records } from "./events.ts";
import { fail, reject } from "./failure.ts";
import type { Delivered, Fate } from "./failure.ts";
import { messageId } from "./ids.ts";
import { END_KEYED } from "./known.ts";
import { deleteLease, endKeyed, giveBack, leaseById, openOfLog } from "./leases.ts";
import type { Lease } from "./leases.ts";
import type { LiveGroup, LiveQueue } from "./live.ts";
import { parseReceipt } from "./receipts.ts";
import type { Receipt } from "./receipts.ts";
import { hasNoHistory, idList, storedIds } from "./standing.ts";
import type { ReadTx, WriteTx } from "./tx.ts";

/** Above this many, settled ids at the start of a lease are cut off instead of listed. */
const LONG_LIST = 64;

/** One settlement of a call, with its place in the answer. */
interface Asked {
  readonly index: number;
  readonly settlement: Settlement;
  readonly receipt: Receipt;
}

/** A lease that is settled whole: it ends, or the next pop goes on with it. */
export interface SpentLease {
  readonly lease: Lease;
  /** Messages that were settled last. */
  readonly n: number;
}

/** One result a settlement, in order. @param spent gets the leases that are settled whole, which the caller then ends */
export function settleAll(work: Work, settlements: readonly Settlement[], spent: SpentLease[] | null = null): SettleResult[] {
  const results = new Array<SettleResult>(settlements.length);
  const byLease = new Map<number, Asked[]>();
  settlements.forEach((settlement, index) => {
    const receipt = readReceipt(settlement.receipt);
    if (receipt instanceof QueuescopeError) {
      results[index] = { ok: false, receipt: settlement.receipt, error: receipt };
      return;
    }
    const same = byLease.get(receipt.lease);
    if (same === undefined) byLease.set(receipt.lease, [{ index, settlement, receipt }]);
    else same.push({ index, settlement, receipt });
  });
  for (const [lease, asked] of byLease) new LeaseSettling(work, results, spent).settle(lease, asked);
  return results;
}

export function endSpent({ tx }: Work, { lease, n }: SpentLease): void {
  deleteLease(tx, lease);
  if (lease.keyed === 1) tx.run(END_KEYED, lease.last, n, tx.now, lease.lane, lease.gid);
}

function readReceipt(text: string): Receipt | QueuescopeError {
  try {
    return parseReceipt(text);
  } catch (error) {
    if (error instanceof QueuescopeError) return error;
    throw error;
  }
}

/** A live lease and whose it is; `undefined` when the receipt is stale. Being past its end is enough, whoever noticed. */
export function liveLease(work: Work, lease: Lease | undefined, token: string): { lease: Lease; queue: LiveQueue; group: LiveGroup } | undefined {
  if (lease === undefined || lease.token !== token || lease.expires_at <= work.tx.now) return undefined;
  const group = work.tx.live.groupById(lease.gid);
  const queue = group === undefined ? undefined : work.tx.live.queueById(group.qid);
  return group === undefined || queue === undefined ? undefined : { lease, queue, group };
}

/** Applies what one call asks of one lease. */
class LeaseSettling {
  readonly #work: Work;
  readonly #results: SettleResult[];
  readonly #spent: SpentLease[] | null;
  #acked = 0;

  constructor(work: Work, results: SettleResult[], spent: SpentLease[] | null) {
    this.#work = work;
    this.#spent = spent;
    this.#results = results;
  }

  settle(key: number, asked: readonly Asked[]): void {
    const row = this.#work.tx.live.known.lease(key)?.row ?? leaseById(this.#work.tx, key);
    const found = row === undefined ? undefined : liveLease(this.#work, row, row.token);
    if (found === undefined) {
      for (const one of asked) this.#refuse(one, leaseLost());
      return;
    }
    const { lease, queue, group } = found;
    const open = new OpenLease(this.#work.tx, lease, group, this.#spent);
    const placements: Placement<Asked>[] = [];
    for (const one of asked) {
      if (one.receipt.token !== lease.token) this.#refuse(one, leaseLost());
      else if (open.claim(one.receipt.id)) placements.push({ settlement: one.settlement, place: one.receipt.id, target: one });
      else this.#refuse(one, leaseLost(STALE.settled));
    }
    if (placements.length === 0) return;
    const plan = settlePlan(lease.keyed === 1, placements);
    const traced = records(queue, "acked");
    for (const placement of plan.first) this.#settleOne(open, queue, group, placement, traced);
    group.completed += this.#acked;
    if (this.#acked > 0) this.#work.timings.count(group.history ?? group.gid, "run", this.#work.tx.now - lease.leased_at, this.#work.tx.now, this.#acked);
    if (lease.keyed === 1) this.#endInOrder(open, queue, group, plan.then);
    else {
      for (const placement of plan.then) this.#return(open, queue, group, placement);
      open.storeUnkeyed(this.#work, group);
    }
  }

  /** An ack or a dead letter: the message is settled, the lease goes on. */
  #settleOne(open: OpenLease, queue: LiveQueue, group: LiveGroup, { settlement, target }: Placement<Asked>, traced: boolean): void {
    const { id } = target.receipt;
    if (settlement.action === "dead") {
      const message = delivered(open.lease, queue, group, target.receipt);
      if (open.done.has(message.id)) {
        this.#refuse(target, leaseLost(STALE.covered));
        return;
      }
      const fate = reject(this.#work, message, settlement.error);
      open.settled(message.id);
      this.#answer(target, fate);
      return;
    }
    if (settlement.action === "ack" && settlement.cumulative === true && open.lease.keyed === 1) {
      for (const message of open.upTo(id)) this.#ack(open, queue, group, message.id, message.key, traced);
    } else this.#ack(open, queue, group, id, target.receipt.alias ?? id, traced);
    this.#ok(target, "completed");
  }

  #ack(open: OpenLease, queue: LiveQueue, group: LiveGroup, id: number, key: number, traced: boolean): void {
    open.settled(id);
    this.#acked += 1;
    if (traced) recordEvent(this.#work.tx, this.#work.crypt, queue, key, "acked", { group, worker: open.lease.worker });
  }

  /** Without a key each message goes its own way. */
  #return(open: OpenLease, queue: LiveQueue, group: LiveGroup, { settlement, target }: Placement<Asked>): void {
    const message = delivered(open.lease, queue, group, target.receipt);
    if (settlement.action === "release") {
      giveBack(this.#work, message, this.#work.tx.now);
      open.returned(message.id);
      this.#ok(target, "released");
      return;
    }
    const { error, delay } = settlement.action === "nack" ? settlement : {};
    const fate = fail(this.#work, message, error, { delay });
    if (fate.fate === "retry") open.returned(message.id, fate.retryAt);
    else open.settled(message.id);
    this.#answer(target, fate);
  }

  #endInOrder(open: OpenLease, queue: LiveQueue, group: LiveGroup, returned: readonly Placement<Asked>[]): void {
    open.storeSettled(this.#work, group);
    const [ender, ...stale] = returned.filter(({ target }) => {
      const settled = open.done.has(target.receipt.id);
      if (settled) this.#refuse(target, leaseLost(STALE.covered));
      return !settled;
    });
    if (ender === undefined) {
      open.storeKeyed(this.#work, group);
      return;
    }
    open.pass(this.#work, group);
    const { settlement, target } = ender;
    if (settlement.action === "nack") {
      const fate = endKeyed(this.#work, { queue, group }, open.lease, open.done, { id: target.receipt.id, error: settlement.error, how: { delay: settlement.delay } });
      if (fate !== null) this.#answer(target, fate);
    } else {
      endKeyed(this.#work, { queue, group }, open.lease, open.done, null);
      this.#ok(target, "released");
    }
    for (const { target: behind } of stale) this.#refuse(behind, leaseLost(STALE.behind));
  }

  #answer(target: Asked, fate: Fate): void {
    this.#ok(target, outcomeOf(fate.fate), fate.fate === "retry" ? { retryAt: fate.retryAt } : fate.fate === "dead" ? { deadLetterId: fate.deadLetterId } : {});
  }

  #ok({ index, settlement, receipt }: Asked, outcome: SettleOutcome, more: { retryAt?: number; deadLetterId?: string } = {}): void {
    this.#results[index] = { ok: true, receipt: settlement.receipt, messageId: messageId(receipt.alias ?? receipt.id), outcome, retryAt: more.retryAt ?? null, deadLetterId: more.deadLetterId ?? null };
  }

  #refuse({ index, settlement }: Asked, error: QueuescopeError): void {
    this.#results[index] = { ok: false, receipt: settlement.receipt, error };
  }
}

function delivered(lease: Lease, queue: LiveQueue, group: LiveGroup, receipt: Receipt): Delivered {
  return { queue, group, id: receipt.id, lane: lease.lane, key: receipt.alias ?? receipt.id, worker: lease.worker };
}

/** A lease while one call settles messages of it. */
export class OpenLease {
  readonly lease: Lease;
  /** Ids of its part of the log that are settled or returned. */
  readonly done: Set<number>;
  readonly #tx: ReadTx;
  readonly #group: LiveGroup;
  readonly #spent: SpentLease[] | null;
  readonly #claimed = new Set<number>();
  readonly #settled: number[] = [];
  #returned = 0;
  #retryAt = Infinity;

  /** @param spent where to put it once it is settled whole; `null`: it ends then */
  constructor(tx: ReadTx, lease: Lease, group: LiveGroup, spent: SpentLease[] | null = null) {
    this.#spent = spent;
    this.#tx = tx;
    this.lease = lease;
    this.#group = group;
    this.done = new Set(idList(lease.done));
  }

  /** Whether the message is in the lease and not settled; true only once. */
  claim(id: number): boolean {
    if (this.#claimed.has(id) || !this.#holds(id)) return false;
    this.#claimed.add(id);
    return true;
  }

  #holds(id: number): boolean {
    if (this.#inLog(id)) return !this.done.has(id);
    return this.lease.keyed === 0 && this.#tx.get("SELECT 1 AS one FROM exc WHERE gid = ? AND id = ? AND lease = ?", this.#group.gid, id, this.lease.lease) !== undefined;
  }

  #inLog(id: number): boolean {
    return id > this.lease.first && id <= this.lease.last;
  }

  /** The unsettled messages of a partition's lease up to this one, which is among them unless it is settled. */
  upTo(id: number): { id: number; key: number }[] {
    return openOfLog(this.#tx, this.lease, this.done, id).map((row) => ({ id: row.id, key: row.alias ?? row.id }));
  }

  settled(id: number): void {
    if (this.done.has(id)) return;
    this.#settled.push(id);
    if (this.#inLog(id)) this.done.add(id);
  }

  returned(id: number, at = 0): void {
    this.#returned += 1;
    this.#retryAt = Math.min(this.#retryAt, at);
    if (this.#inLog(id)) this.done.add(id);
  }

  /** What is settled is counted, and its history forgotten. */
  storeSettled({ tx }: Work, group: LiveGroup): void {
    const n = this.#settled.length;
    if (n === 0) return;
    group.passed += n;
    group.delivered += n;
    if (hasNoHistory(tx, group.gid)) return;
    for (const id of this.#settled) tx.run("DELETE FROM exc WHERE gid = ? AND id = ?", group.gid, id);
  }

  storeUnkeyed(work: Work, group: LiveGroup): void {
    this.storeSettled(work, group);
    group.delivered += this.#returned;
    this.#storeRow(work, this.lease.open - this.#settled.length - this.#returned);
    if (this.#returned === 0) return;
    const at = Math.max(this.#retryAt, work.tx.now);
    work.tx.run("UPDATE cursor SET ready_at = ? WHERE lane = ? AND gid = ? AND (ready_at IS NULL OR ready_at > ?)", at, this.lease.lane, group.gid, at);
  }

  storeKeyed(work: Work, group: LiveGroup): void {
    const n = this.#settled.length;
    if (n === 0) return;
    const { lease } = this;
    if (lease.open > n) {
      this.#storeRow(work, lease.open - n);
      this.pass(work, group);
      return;
    }
    this.#spend(work, { lease, n });
  }

  /** A partition's cursor keeps count of what is settled. */
  pass({ tx }: Work, group: LiveGroup): void {
    if (this.#settled.length > 0) tx.run("UPDATE cursor SET passed = passed + ? WHERE lane = ? AND gid = ?", this.#settled.length, this.lease.lane, group.gid);
  }

  #storeRow(work: Work, open: number): void {
    const { lease } = this;
    const { tx } = work;
    if (open <= 0) {
      this.#spend(work, { lease, n: this.#settled.length });
      return;
    }
    const first = this.done.size > LONG_LIST ? this.#cut(tx) : lease.first;
    tx.run("UPDATE lease SET first = ?, done = ?, open = ? WHERE lease = ?", first, storedIds([...this.done]), open, lease.lease);
  }

  #spend(work: Work, spent: SpentLease): void {
    if (this.#spent === null) endSpent(work, spent);
    else this.#spent.push(spent);
  }

  /** Moves the start of the lease behind the settled ones there, so that settling one by one doesn't grow a list. */
  #cut(tx: WriteTx): number {
    const { lease } = this;
    const rows = this.#tx.all<{ id: number }>("SELECT id FROM msg INDEXED BY msg_lane WHERE lane = ? AND id > ? AND id <= ? ORDER BY id LIMIT ? + 0", lease.lane, lease.first, lease.last, this.done.size + 1);
    let first = lease.first;
    for (const { id } of rows) {
      if (!this.done.has(id)) break;
      first = id;
    }
    for (const id of this.done) if (id <= first) this.done.delete(id);
    if (lease.keyed === 1) tx.run("UPDATE cursor SET pos = ? WHERE lane = ? AND gid = ?", first, lease.lane, lease.gid);
    return first;
  }
}
