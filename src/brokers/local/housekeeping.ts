import { isQueuescopeError } from "../../core/index.ts";
import { Checkpointer } from "./checkpoint.ts";
import { change } from "./context.ts";
import type { Local, Work } from "./context.ts";
import { OldHistory, removeHistory } from "./history.ts";
import { removeRetired, Retention } from "./retention.ts";
import { bringInDue } from "./scheduled.ts";
import { expireKeyed, expireUnkeyed, leaseById } from "./leases.ts";
import { Expired, LooseRows, removeExpired, removeLoose, sweepGone } from "./sweep.ts";
import type { ReadTx } from "./tx.ts";

/** `thread`: checkpoints in a thread of their own. `none`: other processes do it all. */
export type Housekeeping = "inline" | "thread" | "none";

const EVERY = 1_000;
/** Of one round; what is left comes with the next. */
const ROUND = 200;
const LEASES = 50;
/** Leases looked at in one go: an index by their end would cost every pop and ack. */
const LOOKED_AT = 5_000;

/** Work that nobody's call does: what is due, has run out, expired, or is past its retention; and the write-ahead log. */
export class Housekeeper {
  readonly #local: Local;
  readonly #checkpointer: Checkpointer | null;
  readonly #onError: (error: unknown) => void;
  readonly #timer: NodeJS.Timeout | null;
  readonly #chores = chores();
  #round: Promise<void> | null = null;
  #stopped = false;

  constructor(local: Local, mode: Housekeeping, onError: (error: unknown) => void) {
    this.#local = local;
    this.#onError = onError;
    this.#checkpointer = mode === "none" ? null : new Checkpointer(local.store, mode, onError);
    local.store.checkpointer = this.#checkpointer;
    this.#timer = mode === "none" ? null : setInterval(() => { this.#tick(); }, EVERY).unref();
  }

  #tick(): void {
    if (this.#round !== null) return;
    this.#round = this.#keep()
      .catch((error: unknown) => { if (!this.#stopped) this.#onError(error); })
      .finally(() => { this.#round = null; });
  }

  async #keep(): Promise<void> {
    this.#checkpointer?.look();
    const end = performance.now() + ROUND;
    for (const chore of this.#chores) {
      try {
        await this.#work(chore, end);
      } catch (error) {
        if (this.#stopped || (isQueuescopeError(error) && error.ended)) throw error;
        this.#onError(error); // The other chores have nothing to do with it.
      }
    }
    if (this.#local.timings.waiting && !this.#stopped) await change(this.#local, () => undefined);
  }

  async #work(chore: Chore<unknown>, end: number): Promise<void> {
    // Looking first costs no lock, and next to nothing while there is nothing to do.
    while (!this.#stopped && performance.now() < end) {
      const found = await this.#local.store.read((tx) => chore.find(tx));
      if (found === null) return;
      await change(this.#local, (work) => { chore.do(work, found); });
    }
  }

  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    if (this.#timer !== null) clearInterval(this.#timer);
    await this.#round;
    await this.#storeTimings();
    await this.#checkpointer?.stop();
  }

  async #storeTimings(): Promise<void> {
    const { timings, store } = this.#local;
    if (!timings.waiting || store.readOnly) return;
    timings.hurry();
    try {
      await change(this.#local, () => undefined);
    } catch (error) {
      this.#onError(error); // Statistics are no reason not to close.
    }
  }
}

interface Chore<Found> {
  /** `null` when there is nothing to do. */
  readonly find: (tx: ReadTx) => Found | null;
  readonly do: (work: Work, found: Found) => void;
}

function chore<Found>(find: Chore<Found>["find"], act: Chore<Found>["do"]): Chore<unknown> {
  return { find, do: (work, found) => { act(work, found as Found); } };
}

/** Those with a place in a file are made for each. */
const chores = (): readonly Chore<unknown>[] => [
  chore(dueQueues, (work, qids) => {
    for (const qid of qids) {
      const queue = work.tx.live.queueById(qid);
      if (queue !== undefined) bringInDue(work.tx, queue);
    }
  }),
  chore(runOutLeases, endLeases),
  chore(new Expired().find, removeExpired),
  chore(new Retention().find, removeRetired),
  chore(sweepGone.find, sweepGone.do),
  chore(new LooseRows().find, removeLoose),
  chore(new OldHistory().find, removeHistory),
];

function dueQueues(tx: ReadTx): number[] | null {
  const rows = tx.all<{ qid: number }>("SELECT DISTINCT qid FROM sched INDEXED BY sched_next WHERE due <= ? AND EXISTS (SELECT 1 FROM queue WHERE queue.qid = sched.qid) LIMIT 1", tx.now);
  return rows.length === 0 ? null : rows.map(({ qid }) => qid);
}

function runOutLeases(tx: ReadTx): number[] | null {
  const found = runOutAfter(tx, 0);
  if (found.length > 0) return found;
  // Of very many leases, those from a random place on, so that each gets its turn.
  const last = tx.get<{ last: number | null }>("SELECT max(lease) AS last FROM lease")?.last ?? 0;
  const others = last > LOOKED_AT ? runOutAfter(tx, Math.floor(Math.random() * last)) : [];
  return others.length > 0 ? others : null;
}

function runOutAfter(tx: ReadTx, lease: number): number[] {
  return tx.all<{ lease: number }>(
    `SELECT l.lease FROM (SELECT lease, gid, expires_at FROM lease WHERE lease > ? ORDER BY lease LIMIT ${LOOKED_AT}) AS l
      CROSS JOIN grp AS g ON g.gid = l.gid WHERE l.expires_at <= ? ORDER BY l.expires_at LIMIT ? + 0`, lease, tx.now, LEASES).map((row) => row.lease);
}

/** So that a poison message dies, and counts tell the truth, even when nobody pops any more. */
function endLeases(work: Work, leases: readonly number[]): void {
  const { tx } = work;
  for (const key of leases) {
    const lease = leaseById(tx, key);
    const group = lease === undefined ? undefined : tx.live.groupById(lease.gid);
    const queue = group === undefined ? undefined : tx.live.queueById(group.qid);
    if (lease === undefined || group === undefined || queue === undefined || lease.expires_at > tx.now) continue;
    if (lease.keyed === 1) {
      expireKeyed(work, { queue, group }, lease);
      continue;
    }
    expireUnkeyed(work, { queue, group }, lease);
    tx.run("UPDATE cursor SET ready_at = ?1 WHERE lane = ?2 AND gid = ?3 AND (ready_at IS NULL OR ready_at > ?1)", tx.now, lease.lane, lease.gid);
  }
}
