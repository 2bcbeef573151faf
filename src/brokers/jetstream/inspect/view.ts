import type { GroupStart, Instant, MessageState } from "../../../core/index.ts";
import { isQueuescopeError } from "../../../core/index.ts";
import type { Definition } from "../definition.ts";
import type { Engine } from "../engine.ts";
import type { LogMessage } from "../message.ts";
import type { Back, GroupRecord, Head, Lease, Part, Past } from "../record.ts";

/** How a message of the log stands for one group. */
export interface Standing {
  readonly state: MessageState;
  readonly charges: number;
  readonly deliveries: number;
  readonly until: Instant | null;
  readonly worker: string | null;
  /** The live lease that holds it. */
  readonly lease: string | null;
  /** As the record keeps it. */
  readonly error: string | null;
}

/** What the state of a message of the log depends on. */
export type Placed = Pick<LogMessage, "seq" | "place" | "at" | "onlyGroup">;

const FRESH: Standing = { state: "ready", charges: 0, deliveries: 0, until: null, worker: null, lease: null, error: null };
/** Never to be given to this group. */
const SKIPPED: Standing = { ...FRESH, state: "completed" };
const COMPLETED: Standing = { ...SKIPPED, deliveries: 1 };

/**
 * A group's record as it was at one moment, for looking at: the entries are never changed in place, so that copying
 * the tables is enough. To a group that doesn't exist everything is ready.
 */
export class GroupView {
  readonly group: string;
  readonly now: Instant;
  readonly head: Head | null;
  readonly parts: ReadonlyMap<string, Part>;
  readonly leases: ReadonlyMap<string, Lease>;
  readonly back: ReadonlyMap<number, Back>;
  readonly #ahead: ReadonlySet<number>;
  readonly #skip: ReadonlySet<number>;
  /** By message without a partition: the lease that has it. */
  readonly #holders = new Map<number, string>();

  constructor(group: string, record: GroupRecord | undefined, now: Instant) {
    this.group = group;
    this.now = now;
    this.head = record?.head ?? null;
    this.parts = new Map(record?.parts.entries());
    this.leases = new Map(record?.leases.entries());
    this.back = new Map(record?.back.entries());
    this.#ahead = new Set(record?.ahead.keys());
    this.#skip = new Set(record?.skip.keys());
    for (const [token, { open }] of this.leases) for (const seq of open) this.#holders.set(seq, token);
  }

  /** Every message of the priority up to here was taken up. */
  at(priority: number): number {
    return this.head?.at[priority] ?? 0;
  }

  get start(): GroupStart {
    return this.head?.start ?? "all";
  }

  /** Of messages that are settled, whether they are dead is told by their dead letters: see `Reading.standings`. */
  of(message: Placed): Standing {
    if (message.onlyGroup !== null && message.onlyGroup !== this.group) return SKIPPED;
    if (this.head === null) return FRESH;
    // A start in the future: what enters until then is before it.
    if (message.seq <= this.head.from || (typeof this.head.start === "number" && message.at < this.head.start)) return SKIPPED;
    const { partition, priority } = message.place;
    return partition === null ? this.#unkeyed(message.seq, priority) : this.#keyed(message.seq, this.parts.get(partition));
  }

  #keyed(seq: number, part: Part | undefined): Standing {
    if (part === undefined) return seq <= this.at(0) || this.#skip.has(seq) ? COMPLETED : FRESH;
    if (seq <= part.pos || part.done?.includes(seq) === true) return COMPLETED;
    const past = part.past?.find((one) => one.seq === seq);
    const { lease } = part;
    if (lease !== undefined && seq <= lease.last) return lease.open.includes(seq) ? this.#inLease(lease, past) : COMPLETED;
    if (past === undefined) return FRESH;
    return this.#returned(past, past.r === 1 ? (past.at ?? part.ready ?? 0) : 0);
  }

  #unkeyed(seq: number, priority: number): Standing {
    const back = this.back.get(seq);
    const lease = this.leases.get(this.#holders.get(seq) ?? "");
    if (lease !== undefined) return this.#inLease(lease, back);
    if (back !== undefined) return this.#returned(back, back.ready);
    return seq <= this.at(priority) || this.#ahead.has(seq) || this.#skip.has(seq) ? COMPLETED : FRESH;
  }

  #inLease(lease: Lease, past: Past | undefined): Standing {
    const known = { charges: past?.c ?? 0, deliveries: past?.d ?? 1, error: past?.err ?? null };
    // One that ran out has returned its messages, whoever notices.
    if (lease.ends <= this.now) return { ...FRESH, ...known };
    return { ...known, state: "leased", until: lease.ends, worker: lease.worker ?? null, lease: lease.token };
  }

  #returned(past: Past, ready: Instant): Standing {
    const known = { charges: past.c, deliveries: past.d, error: past.err ?? null };
    return ready > this.now ? { ...FRESH, ...known, state: "retrying", until: ready } : { ...FRESH, ...known };
  }

  /** Messages without a partition that were taken up out of turn, or removed, before the group came to them. */
  get outOfTurn(): number {
    return this.#ahead.size + this.#skip.size;
  }

  /** Ready, and never taken up. */
  isUntouched(message: Placed): boolean {
    const { partition } = message.place;
    const known = partition === null ? this.back.has(message.seq) || this.#holders.has(message.seq) : message.seq <= (this.parts.get(partition)?.tail ?? 0);
    return !known && this.of(message).state === "ready";
  }

  /** Live leases, of partitions and of messages without one. */
  *liveLeases(): Generator<Lease> {
    for (const lease of this.leases.values()) if (lease.ends > this.now) yield lease;
    for (const { lease } of this.parts.values()) if (lease !== undefined && lease.ends > this.now) yield lease;
  }

  /** Sequences of all messages that live leases hold, in order. */
  leased(): number[] {
    return [...this.liveLeases()].flatMap(({ open }) => open).sort((a, b) => a - b);
  }

  /** Sequences of messages that may be retrying, in order. */
  charged(): number[] {
    const alone = [...this.back.values()].filter(({ ready }) => ready > this.now).map(({ seq }) => seq);
    const inParts = [...this.parts.values()].flatMap(({ past = [] }) => past.filter(({ r }) => r === 1).map(({ seq }) => seq));
    return [...alone, ...inParts].sort((a, b) => a - b);
  }

  /** Every message up to here is settled; those of others, too. */
  floor(priorities: readonly number[]): number {
    let floor = Math.min(...priorities.map((priority) => this.at(priority)));
    for (const { pos } of this.parts.values()) floor = Math.min(floor, pos);
    for (const seq of this.back.keys()) floor = Math.min(floor, seq - 1);
    for (const { open } of this.leases.values()) for (const seq of open) floor = Math.min(floor, seq - 1);
    return floor;
  }

  /** No message beyond here was ever taken up, or removed. */
  get top(): number {
    let top = Math.max(...(this.head?.at ?? []), 0);
    for (const { pos, tail } of this.parts.values()) top = Math.max(top, pos, tail);
    for (const seqs of [this.back.keys(), this.#ahead, this.#skip, this.#holders.keys()]) for (const seq of seqs) top = Math.max(top, seq);
    return top;
  }

  /** Without a partition, given back or in a lease that ran out: to be delivered before the log. The longest ready first. */
  returned(priority: number): number[] {
    const found: { readonly seq: number; readonly ready: Instant }[] = [];
    for (const { seq, ready, p } of this.back.values()) if ((p ?? 0) === priority && ready <= this.now && !this.#holders.has(seq)) found.push({ seq, ready });
    for (const { ends, open } of this.leases.values()) {
      if (ends > this.now) continue;
      for (const seq of open) if ((this.back.get(seq)?.p ?? 0) === priority) found.push({ seq, ready: ends });
    }
    return found.sort((a, b) => a.ready - b.ready || a.seq - b.seq).map(({ seq }) => seq);
  }

  /** Whether the head of the partition may be delivered now, as far as the record tells. */
  isFree(partition: string): boolean {
    const part = this.parts.get(partition);
    if (part === undefined) return true;
    if (part.lease !== undefined && part.lease.ends > this.now) return false;
    return part.ready === undefined || part.ready <= this.now;
  }
}

/** The group as it is stored now. Makes nothing. */
export async function viewOf(engine: Engine, queue: Definition, group: string): Promise<GroupView> {
  const take = async (): Promise<GroupView | undefined> => {
    const performed = await engine.session(queue, group).run({ queue, unsure: () => true, apply: ({ state, now }) => new GroupView(group, state.record, now) });
    return performed?.value;
  };
  try {
    return (await take()) ?? new GroupView(group, undefined, engine.now());
  } catch (error) {
    // Deleted by somebody else, as this process learns just now.
    if (!isQueuescopeError(error, "lease-lost")) throw error;
    return (await take()) ?? new GroupView(group, undefined, engine.now());
  }
}
