import type { Entry, Popped, SettleIntent, SettleOutcome } from "./ledger.ts";

/** What the ledgers of all processes say, put together. Each check answers the violations it found, as sentences. */
export class History {
  readonly pushed: { readonly queue: string; readonly id: string; readonly tx: string }[] = [];
  readonly leases: Lease[] = [];
  readonly settlements: Settled[] = [];

  constructor(ledgers: ReadonlyMap<string, readonly Entry[]>) {
    for (const entries of ledgers.values()) this.#add(entries);
    this.leases.sort((a, b) => a.end - b.end);
  }

  #add(entries: readonly Entry[]): void {
    const expiries = new Map<string, number>();
    const outcomes = new Map<number | string, SettleOutcome>();
    for (const entry of entries) {
      if (entry.kind === "pushed") this.pushed.push(...entry.ids.map((id, i) => ({ queue: entry.queue, id, tx: entry.txs[i] ?? "" })));
      if (entry.kind === "settled") outcomes.set(entry.call, entry);
    }
    // In the order of the file: a settlement is judged by the renewals before it.
    for (const entry of entries) {
      if (entry.kind === "popped") {
        for (const { receipt, leaseEnds } of entry.deliveries) expiries.set(receipt, leaseEnds);
        this.leases.push(...leasesOf(entry));
      } else if (entry.kind === "renewed") {
        expiries.set(entry.receipt, entry.leaseEnds);
        const lease = this.leases.findLast(({ receipts }) => receipts.includes(entry.receipt));
        if (lease !== undefined) lease.leaseEnds = Math.max(lease.leaseEnds, entry.leaseEnds);
      } else if (entry.kind === "settle-intent") {
        this.settlements.push(...settledOf(entry, outcomes.get(entry.call), expiries));
      }
    }
  }

  /** Every message whose push was confirmed came to each group. */
  lost(groups: readonly string[]): string[] {
    return groups.flatMap((group) => {
      const delivered = new Set(this.leases.filter((lease) => lease.group === group).flatMap(({ ids }) => ids));
      return this.pushed.filter(({ queue, id }) => queue === "orders" && !delivered.has(id)).map(({ id, tx }) => `${id} (${tx}) never came to ${group}`);
    });
  }

  /** One id, one message, for ever; and a push that was repeated with its transaction id made no second message. */
  reusedIds(): string[] {
    const found: string[] = [];
    const [txOf, idOf] = [new Map<string, string>(), new Map<string, string>()];
    const seen = [...this.pushed, ...this.leases.flatMap(({ ids, txs }) => ids.map((id, i) => ({ id, tx: txs[i] ?? "" })))];
    for (const { id, tx } of seen) {
      if ((txOf.get(id) ?? tx) !== tx) found.push(`${id} is of ${txOf.get(id) ?? "?"} and of ${tx}`);
      if ((idOf.get(tx) ?? id) !== id) found.push(`${tx} is ${idOf.get(tx) ?? "?"} and ${id}`);
      txOf.set(id, tx);
      idOf.set(tx, id);
    }
    return found;
  }

  /** A settlement that began after its lease had ended was refused, and none was applied twice. */
  lateButApplied(): string[] {
    const completed = new Set<string>();
    const found: string[] = [];
    for (const settled of this.settlements.filter(({ outcome }) => outcome === "applied")) {
      if (settled.wall > settled.leaseEnds) found.push(`${settled.group} settled ${settled.id} ${settled.wall - settled.leaseEnds} ms after its lease`);
      if (settled.action !== "ack") continue;
      const key = `${settled.group} ${settled.id}`;
      if (completed.has(key)) found.push(`${key} was completed twice`);
      completed.add(key);
    }
    return found;
  }

  refusals(): number {
    return this.settlements.filter(({ outcome }) => outcome === "refused").length;
  }

  /** What was confirmed as completed didn't come again. */
  redeliveredAfterAck(): string[] {
    const done = new Map<string, number>();
    for (const { group, id, action, outcome, end } of this.settlements) if (action === "ack" && outcome === "applied") done.set(`${group} ${id}`, end);
    return this.leases.flatMap((lease) => lease.ids.filter((id) => lease.start > (done.get(`${lease.group} ${id}`) ?? Infinity)).map((id) => `${lease.group} got ${id} again after it had completed it`));
  }

  /** A partition of a group, or a message without one, has one live lease at a time. */
  doublyLeased(): string[] {
    const last = new Map<string, Lease>();
    const found: string[] = [];
    for (const lease of this.leases) {
      const before = last.get(lease.key);
      last.set(lease.key, lease);
      if (before === undefined || this.#endedFor(before, lease) || this.#endedFor(lease, before)) continue;
      found.push(`${lease.key} was leased twice: ${JSON.stringify(before)} and ${JSON.stringify(lease)}`);
    }
    return found;
  }

  /** Whether `lease` may have been over when `next` was made. */
  #endedFor(lease: Lease, next: Lease): boolean {
    return lease.leaseEnds <= next.wall || this.#letGoAt(lease) <= next.end;
  }

  /** The earliest time at which its holder may have ended it: by settling all of it, or by returning what holds a partition. */
  #letGoAt(lease: Lease): number {
    const times = lease.receipts.map((receipt) => this.#byReceipt().get(receipt) ?? []);
    const returned = times.flat().filter(({ action, outcome }) => action !== "ack" && outcome !== "refused").map(({ start }) => start);
    const settled = Math.max(...times.map((own) => Math.min(Infinity, ...own.filter(({ outcome }) => outcome !== "refused").map(({ start }) => start))));
    return Math.min(settled, ...returned);
  }

  #receipts: Map<string, Settled[]> | null = null;
  #byReceipt(): Map<string, Settled[]> {
    this.#receipts ??= Map.groupBy(this.settlements, ({ receipt }) => receipt);
    return this.#receipts;
  }

  /** `order`: ids of each partition, as they entered. A message came only when all before it were completed, or in a batch with them, in order. */
  outOfOrder(group: string, order: ReadonlyMap<string, readonly string[]>): string[] {
    const completedFrom = new Map<string, number>();
    for (const { group: of, id, action, outcome, start } of this.settlements) {
      if (of === group && action === "ack" && outcome !== "refused") completedFrom.set(id, Math.min(start, completedFrom.get(id) ?? Infinity));
    }
    return [...order].flatMap(([partition, ids]) => {
      const at = new Map(ids.map((id, i) => [id, i]));
      // From when on everything before the i-th may have been completed.
      const before: number[] = [];
      ids.reduce((latest, id) => (before.push(latest), Math.max(latest, completedFrom.get(id) ?? Infinity)), 0);
      return this.leases.filter((lease) => lease.group === group && lease.partition === partition).flatMap((lease) => {
        const places = lease.ids.map((id) => at.get(id) ?? -1);
        const first = places[0] ?? -1;
        const unknown = places.includes(-1) ? ["holds a message that isn't in the partition"] : [];
        const descending = places.some((place, i) => i > 0 && place <= (places[i - 1] ?? 0)) ? ["isn't in order"] : [];
        const skipped = ids.slice(first, places.at(-1)).filter((id) => !lease.ids.includes(id) && (completedFrom.get(id) ?? Infinity) > lease.end);
        const early = (before[first] ?? 0) > lease.end || skipped.length > 0 ? [`came before an earlier one was completed (${skipped.join()})`] : [];
        return [...unknown, ...descending, ...early].map((what) => `${group}/${partition}: ${lease.ids.join()} ${what}`);
      });
    });
  }
}

/** One lease: a partition's part of a pop, or one message without a partition. */
interface Lease {
  readonly key: string;
  readonly group: string;
  readonly partition: string | null;
  readonly ids: readonly string[];
  readonly txs: readonly string[];
  readonly receipts: readonly string[];
  leaseEnds: number;
  readonly start: number;
  readonly end: number;
  readonly wall: number;
}

interface Settled {
  readonly group: string;
  readonly id: string;
  readonly receipt: string;
  readonly action: "ack" | "nack" | "release";
  readonly start: number;
  readonly end: number;
  readonly wall: number;
  readonly leaseEnds: number;
  /** `unknown`: its process was killed before it wrote the outcome. */
  readonly outcome: "applied" | "refused" | "unknown";
}

function leasesOf(popped: Popped): Lease[] {
  const { group, start, end, wall } = popped;
  const parts = Map.groupBy(popped.deliveries, ({ id, partition }) => (partition === null ? `${group} message ${id}` : `${group} partition ${partition}`));
  return [...parts].map(([key, deliveries]) => ({
    key, group, start, end, wall,
    partition: deliveries[0]?.partition ?? null,
    ids: deliveries.map(({ id }) => id),
    txs: deliveries.map(({ tx }) => tx),
    receipts: deliveries.map(({ receipt }) => receipt),
    leaseEnds: Math.max(...deliveries.map(({ leaseEnds }) => leaseEnds)),
  }));
}

function settledOf(intent: SettleIntent, outcome: SettleOutcome | undefined, expiries: ReadonlyMap<string, number>): Settled[] {
  return intent.items.map(({ id, receipt, action }, i) => ({
    group: intent.group, id, receipt, action,
    start: intent.start,
    wall: intent.wall,
    end: outcome?.end ?? Infinity,
    leaseEnds: expiries.get(receipt) ?? 0,
    outcome: outcome === undefined ? "unknown" : outcome.refused[i] === null ? "applied" : "refused",
  }));
}
