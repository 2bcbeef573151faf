import assert from "node:assert/strict";
import type { Delivery, MessageState, PushResult, SettleOutcome } from "../../../src/core/index.ts";

/** What the contract says of one queue, as plainly as it can be written: everything in memory, searched from the start. */
export class Oracle {
  now = 0;
  readonly retryLimit: number;
  #log: Entry[] = [];
  /** By due time, then in the order they were pushed. */
  #scheduled: Entry[] = [];
  readonly #groups = new Map<string, Group>();
  readonly #leases: Lease[] = [];
  /** Every receipt that was ever given. */
  readonly #receipts = new Map<string, { lease: Lease; entry: Entry }>();
  /** Message and group of those that died. */
  readonly dead = new Set<string>();
  /** Exhausted by a lease that ran out, and then removed or sought: whether anybody noticed in between is open. */
  readonly maybeDead = new Set<string>();

  constructor(retryLimit: number) {
    this.retryLimit = retryLimit;
  }

  push(results: readonly PushResult[], priority: number, delay = 0): void {
    for (const { id, partition } of results) {
      const entry: Entry = { id, partition, priority: partition === null ? priority : 0, onlyGroup: null, due: this.now + delay };
      if (delay === 0) this.#log.push(entry);
      else this.#scheduled.push(entry);
    }
    this.#scheduled.sort((a, b) => a.due - b.due);
  }

  /** Redriven in its own queue, to the group it died in or to all. */
  redriven(letter: { readonly partition: string | null; readonly priority: number; readonly group: string }, messageId: string, allGroups: boolean): void {
    this.#log.push({ id: messageId, partition: letter.partition, priority: letter.priority, onlyGroup: allGroups ? null : letter.group, due: this.now });
  }

  /** In the order that browse shows them. */
  ids(): string[] {
    return [...this.#log, ...this.#scheduled].map((entry) => entry.id);
  }

  /** What may be shown as the message's state in this group; several, where nobody needs to have noticed an expiry yet. */
  states(group: string): Map<string, readonly MessageState[]> {
    const leased = new Set(this.#live(group).flatMap((l) => [...l.entries]));
    const states = new Map<string, readonly MessageState[]>();
    for (const entry of this.#scheduled) states.set(entry.id, ["scheduled"]);
    for (const entry of this.#log) {
      const history = this.#history(group, entry);
      if (history.expired) states.set(entry.id, ["ready", "retrying", "dead"]);
      else if (history.settled) states.set(entry.id, [this.dead.has(`${group}/${entry.id}`) ? "dead" : "completed"]);
      else if (leased.has(entry)) states.set(entry.id, ["leased"]);
      else states.set(entry.id, [history.visibleAt > this.now ? "retrying" : "ready"]);
    }
    return states;
  }

  receipts(): string[] {
    return [...this.#receipts.keys()];
  }

  advance(ms: number): void {
    this.now += ms;
    this.#log.push(...this.#scheduled.filter((entry) => entry.due <= this.now));
    this.#scheduled = this.#scheduled.filter((entry) => entry.due > this.now);
    for (const lease of this.#leases.filter((l) => !l.ended && l.expiresAt <= this.now)) this.#expire(lease);
  }

  #expire(lease: Lease): void {
    lease.ended = true;
    const open = this.#openOf(lease);
    for (const entry of open) this.#history(lease.group, entry).expired = true;
    for (const entry of lease.partition === null ? open : open.slice(0, 1)) {
      const history = this.#history(lease.group, entry);
      history.alone = lease.partition === null;
      this.#charge(lease.group, entry, 0, true);
    }
  }

  /** Checks what a pop gave against what it may give, then takes it as given. */
  popped(groupName: string, request: { batch: number; lease: number; partition?: string; onlyNew?: boolean; atMostOnce?: boolean }, deliveries: readonly Delivery[]): void {
    const group = this.#group(groupName);
    const wanted = (entry: Entry): boolean => request.partition === undefined || entry.partition === request.partition;
    const may = this.#deliverable(groupName, request.onlyNew === true).filter(wanted);
    assert.ok(deliveries.length <= request.batch, "no more than the batch");
    if (may.length > 0) assert.notEqual(deliveries.length, 0, `something is ready for ${groupName}: ${may.map((e) => e.id).join()}`);
    const taken = deliveries.map((d) => {
      const entry = may.find((e) => e.id === d.id);
      assert.ok(entry, `${d.id} of ${d.partition ?? "no partition"} isn't ready for ${groupName}`);
      return entry;
    });
    assert.equal(new Set(taken).size, taken.length, "each once");
    this.#checkOrder(groupName, may, taken);
    if (taken.some((entry) => this.#history(groupName, entry).alone) && request.atMostOnce !== true) assert.equal(taken.length, 1, "what a lease ran out on comes alone");

    const leases = new Map<string | null, Lease>();
    deliveries.forEach((delivery, i) => {
      const entry = taken[i] as Entry;
      const history = this.#history(groupName, entry);
      history.deliveries += 1;
      history.expired = false;
      assert.equal(delivery.attempt, history.charges + 1, `attempt of ${entry.id}`);
      if (!group.sought) assert.equal(delivery.deliveryCount, history.deliveries, `deliveryCount of ${entry.id}`);
      if (request.atMostOnce === true) {
        assert.equal(delivery.receipt, null);
        history.settled = true;
        return;
      }
      const lease = leases.get(entry.partition) ?? { group: groupName, partition: entry.partition, entries: new Set<Entry>(), expiresAt: this.now + request.lease, ended: false };
      leases.set(entry.partition, lease);
      lease.entries.add(entry);
      assert.ok(delivery.receipt !== null && !this.#receipts.has(delivery.receipt), "a receipt of its own");
      this.#receipts.set(delivery.receipt, { lease, entry });
    });
    this.#leases.push(...leases.values());
  }

  /** Within a partition from its head without a gap; without a key the highest priority first, and what is new in order. */
  #checkOrder(group: string, may: readonly Entry[], taken: readonly Entry[]): void {
    for (const partition of new Set(taken.map((e) => e.partition))) {
      const got = taken.filter((e) => e.partition === partition);
      const ready = may.filter((e) => e.partition === partition);
      if (partition !== null) {
        assert.deepEqual(got.map((e) => e.id), ready.slice(0, got.length).map((e) => e.id), `partition ${partition} is delivered from its head`);
        continue;
      }
      const least = Math.min(...got.map((e) => e.priority));
      const alone = got.length === 1 && got.some((e) => this.#history(group, e).alone);
      const missed = ready.filter((e) => e.priority > least && !got.includes(e) && !this.#history(group, e).alone);
      if (!alone) assert.deepEqual(missed.map((e) => e.id), [], "a higher priority goes first");
      for (const priority of new Set(got.map((e) => e.priority))) {
        const fresh = (e: Entry): boolean => e.priority === priority && this.#history(group, e).deliveries === 0;
        const gotFresh = got.filter(fresh);
        assert.deepEqual(gotFresh.map((e) => e.id), ready.filter(fresh).slice(0, gotFresh.length).map((e) => e.id), "the oldest first");
      }
    }
  }

  /** What each settlement of one call must answer: an outcome, or null for `lease-lost`. */
  settled(settlements: readonly ModelSettlement[]): (SettleOutcome | null)[] {
    const outcomes = new Map<ModelSettlement, SettleOutcome | null>();
    const take = (these: readonly ModelSettlement[]): void => { for (const s of these) outcomes.set(s, this.#settle(s)); };
    take(settlements.filter((s) => s.action === "ack" && s.cumulative !== true));
    take(settlements.filter((s) => s.action === "ack" && s.cumulative === true).sort((a, b) => this.#place(a) - this.#place(b)));
    take(settlements.filter((s) => s.action === "dead"));
    // In a partition the first message in its order that is given back ends the lease for those behind it.
    take(settlements.filter((s) => s.action === "nack" || s.action === "release").sort((a, b) => this.#place(a) - this.#place(b)));
    return settlements.map((s) => outcomes.get(s) ?? null);
  }

  #place({ receipt }: ModelSettlement): number {
    const held = this.#receipts.get(receipt);
    return held === undefined || held.lease.partition === null ? 0 : this.#log.indexOf(held.entry);
  }

  #settle(settlement: ModelSettlement): SettleOutcome | null {
    const held = this.#held(settlement.receipt);
    if (held === null) return null;
    const { lease, entry } = held;
    const history = this.#history(lease.group, entry);
    lease.entries.delete(entry);
    if (lease.partition !== null && (settlement.action === "nack" || settlement.action === "release")) lease.ended = true;
    switch (settlement.action) {
      case "ack":
        history.settled = true;
        if (settlement.cumulative === true && lease.partition !== null) {
          for (const before of this.#openOf(lease).filter((e) => this.#log.indexOf(e) < this.#log.indexOf(entry))) {
            this.#history(lease.group, before).settled = true;
            lease.entries.delete(before);
          }
        }
        return "completed";
      case "nack":
        return this.#charge(lease.group, entry, settlement.delay, false);
      case "release":
        history.visibleAt = this.now;
        history.alone = false;
        return "released";
      case "dead":
        this.#bury(lease.group, entry);
        return "dead";
    }
  }

  #charge(group: string, entry: Entry, delay: number, expired: boolean): SettleOutcome {
    const history = this.#history(group, entry);
    history.charges += 1;
    if (!expired) history.alone = false;
    if (history.charges > this.retryLimit) {
      this.#bury(group, entry);
      if (expired) history.buriedBy = "expiry";
      return "dead";
    }
    history.visibleAt = this.now + delay;
    return "retrying";
  }

  #bury(group: string, entry: Entry): void {
    this.#history(group, entry).settled = true;
    this.dead.add(`${group}/${entry.id}`);
  }

  renewed(receipt: string, lease: number): boolean {
    const held = this.#held(receipt);
    if (held !== null) held.lease.expiresAt = this.now + lease;
    return held !== null;
  }

  seek(name: string, to: "all" | "new"): void {
    const group = this.#group(name);
    for (const lease of this.#leases.filter((l) => l.group === name)) lease.ended = true;
    for (const entry of this.#log) {
      if (this.#history(name, entry).buriedBy === "expiry") this.maybeDead.add(`${name}/${entry.id}`);
    }
    group.histories.clear();
    group.sought = true;
    if (to === "new") for (const entry of this.#log) this.#history(name, entry).settled = true;
  }

  removed(id: string): boolean {
    const entry = [...this.#log, ...this.#scheduled].find((e) => e.id === id);
    if (entry === undefined) return false;
    for (const lease of this.#leases) lease.entries.delete(entry);
    for (const name of this.#groups.keys()) {
      if (this.#history(name, entry).buriedBy === "expiry") this.maybeDead.add(`${name}/${id}`);
    }
    this.#log = this.#log.filter((e) => e !== entry);
    this.#scheduled = this.#scheduled.filter((e) => e !== entry);
    return true;
  }

  /** Messages that the group is still to get. */
  left(group: string): string[] {
    return this.#log.filter((entry) => !this.#history(group, entry).settled).map((entry) => entry.id);
  }

  #deliverable(name: string, onlyNew: boolean): Entry[] {
    const leased = new Set(this.#live(name).flatMap((l) => [...l.entries]));
    const locked = new Set(this.#live(name).map((l) => l.partition));
    const blocked = new Set<string>();
    return this.#log.filter((entry) => {
      const history = this.#history(name, entry);
      if (history.settled || leased.has(entry)) return false;
      const ready = history.visibleAt <= this.now && !(onlyNew && history.deliveries > 0);
      if (entry.partition === null) return ready;
      if (locked.has(entry.partition) || blocked.has(entry.partition)) return false;
      if (!ready) blocked.add(entry.partition);
      return ready;
    });
  }

  #held(receipt: string): { lease: Lease; entry: Entry } | null {
    const held = this.#receipts.get(receipt);
    return held === undefined || held.lease.ended || !held.lease.entries.has(held.entry) ? null : held;
  }

  #live(group: string): Lease[] {
    return this.#leases.filter((l) => l.group === group && !l.ended && l.entries.size > 0);
  }

  #openOf(lease: Lease): Entry[] {
    return this.#log.filter((entry) => lease.entries.has(entry));
  }

  #group(name: string): Group {
    const group = this.#groups.get(name) ?? { histories: new Map<Entry, History>(), sought: false };
    this.#groups.set(name, group);
    return group;
  }

  #history(group: string, entry: Entry): History {
    const { histories } = this.#group(group);
    const history = histories.get(entry) ?? { charges: 0, deliveries: 0, visibleAt: 0, settled: entry.onlyGroup !== null && entry.onlyGroup !== group, alone: false, expired: false, buriedBy: null };
    histories.set(entry, history);
    return history;
  }

  sought(group: string): boolean {
    return this.#group(group).sought;
  }
}

export type ModelSettlement =
  | { readonly action: "ack"; readonly receipt: string; readonly cumulative?: boolean }
  | { readonly action: "nack"; readonly receipt: string; readonly delay: number }
  | { readonly action: "release" | "dead"; readonly receipt: string };

interface Entry {
  readonly id: string;
  readonly partition: string | null;
  readonly priority: number;
  /** The only group that gets it. */
  readonly onlyGroup: string | null;
  readonly due: number;
}

interface History {
  charges: number;
  deliveries: number;
  visibleAt: number;
  settled: boolean;
  /** A lease ran out on it: it is delivered in a batch of its own. */
  alone: boolean;
  /** Its lease ran out, and it wasn't delivered since. */
  expired: boolean;
  buriedBy: "expiry" | null;
}

interface Group {
  readonly histories: Map<Entry, History>;
  sought: boolean;
}

interface Lease {
  readonly group: string;
  readonly partition: string | null;
  readonly entries: Set<Entry>;
  expiresAt: number;
  ended: boolean;
}
