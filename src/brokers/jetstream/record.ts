import type { DeadReason, GroupStart, Instant, Settlement } from "../../core/index.ts";

/**
 * What a group knows of its queue: how far it has come, and each partition and message that isn't simply behind or
 * ahead of that. One record a group, kept as a map of small entries, so that a commit stores only what it changed.
 * Names are short, since they are stored.
 */
export interface Head {
  readonly start: GroupStart;
  /** Messages up to here are before the group's start. */
  readonly from: number;
  /** By priority: every message of it up to here was taken up, and is settled unless an entry says otherwise. */
  readonly at: readonly number[];
  readonly paused: boolean;
  /** The queue is paused: in the group's record too, so that no pop misses it. */
  readonly stopped: boolean;
  readonly held: number | null;
  /** How often the group was moved: what was read ahead before is of no use after. */
  readonly seeks?: number;
  readonly totals: Totals;
  /** Of the last commit. */
  readonly minute?: Instant;
}

/** Since the group was made. */
export interface Totals {
  readonly delivered: number;
  readonly completed: number;
  readonly failed: number;
  readonly expired: number;
  readonly dead: number;
  readonly dropped: number;
  readonly redriven: number;
}

/** A delivery that came back. */
export interface Past {
  readonly seq: number;
  /** Charges. */
  readonly c: number;
  /** Deliveries. */
  readonly d: number;
  /** It waits because of a charge (1), or was returned uncharged (0). */
  readonly r: 0 | 1;
  /** Of a partition's message that was charged: not to be delivered before. */
  readonly at?: Instant;
  /** Its last error; sealed where the queue is encrypted. */
  readonly err?: string;
}

export interface Lease {
  /** Part of the receipt. */
  readonly token: string;
  readonly since: Instant;
  readonly ends: Instant;
  readonly worker?: string;
  /** Unsettled messages, in order. */
  readonly open: readonly number[];
  /** Transactions that settle some of them: it doesn't end before they are known to be over. */
  readonly bonds?: readonly Bond[];
}

/** A transaction: it was stored, unless its intent isn't in that group's record when it is `until`. */
export interface Bond {
  /** Its id. */
  readonly queue: string;
  readonly group: string;
  readonly intent: string;
  readonly until: Instant;
}

/** A partition with something unsettled at or below the group's position, or settled beyond it. */
export interface Part {
  /** Every message of it up to here is settled. */
  readonly pos: number;
  /** The last one that was seen; beyond the position of the group nothing is known. */
  readonly tail: number;
  /** Unsettled messages up to `tail`, leased or not. */
  readonly n: number;
  /** Not to be delivered before. */
  readonly ready?: Instant;
  readonly lease?: Lease & { /** The last message it was given. */ readonly last: number };
  /** Settled beyond `pos`. */
  readonly done?: readonly number[];
  /** Histories of unsettled messages that were delivered before. */
  readonly past?: readonly Past[];
}

/** A message without a partition that came back; kept while it is leased again. */
export interface Back extends Past {
  /** When to deliver it again; while it is leased, of no meaning. */
  readonly ready: Instant;
  /** Its priority, where that isn't 0. */
  readonly p?: number;
  /** Its lease ran out: it comes in a batch of its own. */
  readonly alone?: 1;
  readonly lease?: string;
}

/** What is still to be done after a commit, by whoever loads the record; harmless when done twice. */
export type Intent =
  | { readonly kind: "dead"; readonly seq: number; readonly at: Instant; readonly reason: DeadReason; readonly c: number; readonly d: number; /** Sealed where the queue is encrypted. */ readonly err?: string; readonly stack?: string }
  | { readonly kind: "settle"; /** Its id. */ readonly queue: string; readonly group: string; readonly settlements: readonly Settlement[] }
  /** A lease that would have run out, and has bonds. */
  | { readonly kind: "bonds"; readonly partition: string | null; readonly token: string }
  | { readonly kind: "push"; readonly at: Instant; /** Its id. */ readonly queue: string; readonly subject: string; readonly headers: Readonly<Record<string, string>>; /** Base64. */ readonly data: string };

export interface Entries {
  readonly head: Head;
  /** By partition. */
  readonly p: Part;
  /** By token: leases of messages without a partition. */
  readonly l: Lease;
  /** By sequence. */
  readonly b: Back;
  /** By sequence: without a partition, beyond the position, and taken up out of turn. */
  readonly a: 1;
  /** By sequence, with its priority: removed beyond the position; who has it in memory must not deliver it. */
  readonly s: number;
  /** By sequence: edited, so that its overlay is to be read. */
  readonly e: 1;
  /** By a random id. */
  readonly i: Intent;
  /** By a random id: when the call that has it settled something. */
  readonly q: Instant;
}

type Kind = Exclude<keyof Entries, "head">;

/** One stored commit. `chain` empty: a snapshot, with everything; else the sequences since the snapshot, it first. */
export interface Patch {
  readonly v: 1;
  /** Who finds this id at the end of the chain knows that its commit was stored. */
  readonly id: string;
  readonly chain: readonly number[];
  /** The owner that stored it, where it was one. */
  readonly by?: string;
  /** Ids of the commits before it. */
  readonly before: readonly string[];
  readonly head?: Head;
  /** By kind, keys and values in turns: lists are written in half the time that names of an object take. */
  readonly set?: Readonly<Partial<Record<Kind, readonly unknown[]>>>;
  /** By kind, keys. */
  readonly del?: Readonly<Partial<Record<Kind, readonly unknown[]>>>;
}

/** Roughly what all entries of a record take when they are stored, a little more rather than less. */
interface Scales {
  bytes: number;
}

/** One kind of entries; what changes is remembered for the next commit. */
export class Table<K extends string | number, V> {
  readonly #rows = new Map<K, V>();
  readonly #changed = new Set<K>();
  readonly #scales: Scales;
  readonly #weigh: (value: V) => number;

  /** @param weigh the bytes of a value as JSON: names and braces, and what may be long */
  constructor(scales: Scales, weigh: (value: V) => number) {
    this.#scales = scales;
    this.#weigh = weigh;
  }

  get size(): number {
    return this.#rows.size;
  }

  get changed(): boolean {
    return this.#changed.size > 0;
  }

  get(key: K): V | undefined {
    return this.#rows.get(key);
  }

  has(key: K): boolean {
    return this.#rows.has(key);
  }

  set(key: K, value: V): void {
    this.put(key, value);
    this.#changed.add(key);
  }

  delete(key: K): boolean {
    const had = this.drop(key);
    if (had) this.#changed.add(key);
    return had;
  }

  clear(): void {
    for (const key of [...this.#rows.keys()]) this.delete(key);
  }

  entries(): MapIterator<[K, V]> {
    return this.#rows.entries();
  }

  keys(): MapIterator<K> {
    return this.#rows.keys();
  }

  values(): MapIterator<V> {
    return this.#rows.values();
  }

  /** As it was stored: nothing changed. */
  put(key: K, value: V): void {
    const before = this.#rows.get(key);
    this.#scales.bytes += this.#weigh(value) + (before === undefined ? weighKey(key) : -this.#weigh(before));
    this.#rows.set(key, value);
  }

  drop(key: K): boolean {
    const before = this.#rows.get(key);
    if (before === undefined) return false;
    this.#scales.bytes -= weighKey(key) + this.#weigh(before);
    return this.#rows.delete(key);
  }

  /** What changed since the last one: keys and values in turns, and keys of what is gone. */
  takeChanges(): { readonly set: readonly unknown[]; readonly del: readonly unknown[] } {
    const set: unknown[] = [];
    const del: unknown[] = [];
    for (const key of this.#changed) {
      const value = this.#rows.get(key);
      if (value === undefined) del.push(key);
      else set.push(key, value);
    }
    this.#changed.clear();
    return { set, del };
  }

  /** All, in the same way. */
  takeAll(): readonly unknown[] {
    this.#changed.clear();
    return [...this.#rows].flat();
  }
}

function weighKey(key: string | number): number {
  return 8 + (typeof key === "string" ? 3 * key.length : 12);
}

const WEIGH = {
  part: ({ lease, done, past }: Part): number => 90 + (lease === undefined ? 20 : 30 + WEIGH.lease(lease)) + 12 * (done?.length ?? 0) + (past === undefined ? 0 : total(past, ({ err }) => 70 + text(err))),
  lease: ({ open, bonds }: Lease): number => 110 + 12 * open.length + 120 * (bonds?.length ?? 0),
  back: ({ err }: Back): number => 110 + text(err),
  intent: (intent: Intent): number => {
    switch (intent.kind) {
      case "dead":
        return 110 + text(intent.err) + text(intent.stack);
      case "settle":
        return 110 + 400 * intent.settlements.length;
      case "bonds":
        return 110 + text(intent.partition);
      case "push":
        return 110 + text(intent.data) + total(Object.values(intent.headers), text);
    }
  },
  ask: (refused: readonly number[]): number => 30 + 12 * refused.length,
  mark: (): number => 14,
} as const;

function text(some: string | null | undefined): number {
  return 2 * (some?.length ?? 0);
}

function total<T>(items: readonly T[], weigh: (item: T) => number): number {
  return items.reduce((sum, item) => sum + weigh(item), 0);
}

const MOST_ASKS = 64;

export const NO_TOTALS: Totals = { delivered: 0, completed: 0, failed: 0, expired: 0, dead: 0, dropped: 0, redriven: 0 };

/** A group's record in memory. Its entries are replaced, never changed in place. */
export class GroupRecord {
  readonly #scales: Scales = { bytes: 1_000 };
  #head: Head;
  #headChanged = false;
  readonly parts = new Table<string, Part>(this.#scales, WEIGH.part);
  readonly leases = new Table<string, Lease>(this.#scales, WEIGH.lease);
  readonly back = new Table<number, Back>(this.#scales, WEIGH.back);
  readonly ahead = new Table<number, 1>(this.#scales, WEIGH.mark);
  readonly skip = new Table<number, number>(this.#scales, WEIGH.mark);
  readonly edited = new Table<number, 1>(this.#scales, WEIGH.mark);
  readonly intents = new Table<string, Intent>(this.#scales, WEIGH.intent);
  /** Calls of other processes that were done lately, for those who didn't hear so. */
  readonly asks = new Table<string, readonly number[]>(this.#scales, WEIGH.ask);

  readonly #tables: readonly (readonly [Kind, Table<string | number, unknown>])[];

  constructor(head: Head) {
    this.#head = head;
    this.#tables = Object.entries({ p: this.parts, l: this.leases, b: this.back, a: this.ahead, s: this.skip, e: this.edited, i: this.intents, q: this.asks }) as unknown as readonly (readonly [Kind, Table<string | number, unknown>])[];
  }

  /** A new group's, before its first message. */
  static starting(start: GroupStart, from: number, stopped: boolean): GroupRecord {
    const record = new GroupRecord({ start, from, at: new Array<number>(10).fill(from), paused: false, stopped, held: null, totals: NO_TOTALS });
    record.#headChanged = true;
    return record;
  }

  get head(): Head {
    return this.#head;
  }

  change(head: Partial<Head>): void {
    this.#head = { ...this.#head, ...head };
    this.#headChanged = true;
  }

  count(totals: Partial<Totals>): void {
    const sum: Record<string, number> = { ...this.#head.totals };
    for (const [name, n] of Object.entries(totals)) sum[name] = (sum[name] ?? 0) + n;
    this.change({ totals: sum as unknown as Totals });
  }

  /** How far the group has come in the messages of one priority. */
  at(priority: number): number {
    return this.#head.at[priority] ?? 0;
  }

  moveTo(priority: number, seq: number): void {
    if (seq <= this.at(priority)) return;
    this.change({ at: this.#head.at.map((at, n) => (n === priority ? seq : at)) });
  }

  /** The oldest are forgotten. */
  remember(ask: string, refused: readonly number[]): void {
    this.asks.set(ask, refused);
    for (const known of this.asks.keys()) {
      if (this.asks.size <= MOST_ASKS) return;
      this.asks.delete(known);
    }
  }

  /** Roughly its size when it is stored whole. */
  get bytes(): number {
    return this.#scales.bytes;
  }

  get changed(): boolean {
    return this.#headChanged || this.#tables.some(([, table]) => table.changed);
  }

  /** What changed since the last one. */
  takeChanges(): Pick<Patch, "head" | "set" | "del"> {
    const changed = this.#tables.map(([kind, table]) => [kind, table.takeChanges()] as const);
    const head = this.#headChanged ? { head: this.#head } : {};
    this.#headChanged = false;
    return { ...head, ...lists("set", changed.map(([kind, { set }]) => [kind, set])), ...lists("del", changed.map(([kind, { del }]) => [kind, del])) };
  }

  /** Everything. */
  snapshot(): Pick<Patch, "head" | "set"> {
    this.#headChanged = false;
    return { head: this.#head, ...lists("set", this.#tables.map(([kind, table]) => [kind, table.takeAll()])) };
  }

  /** Applies a stored patch. */
  apply({ head, set, del }: Patch): void {
    if (head !== undefined) this.#head = head;
    for (const [kind, table] of this.#tables) {
      const entries = set?.[kind] ?? [];
      for (let i = 0; i + 1 < entries.length; i += 2) table.put(entries[i] as string | number, entries[i + 1]);
      for (const key of del?.[kind] ?? []) table.drop(key as string | number);
    }
  }
}

/** By kind, where there are any. */
function lists(name: "set" | "del", byKind: readonly (readonly [Kind, readonly unknown[]])[]): Pick<Patch, "set" | "del"> {
  const filled = byKind.filter(([, list]) => list.length > 0);
  return filled.length === 0 ? {} : { [name]: Object.fromEntries(filled) };
}
