import { newToken } from "../../core/index.ts";
import type { Instant, Wanted } from "../../core/index.ts";
import type { Work } from "./ending.ts";
import type { LogMessage } from "./message.ts";
import type { Lease, Part, Past } from "./record.ts";

/** Bytes that a partition that this pop opened, and a message that it took, will take in the record. */
const OPENED = 280;
const LEASED = 12;

/** A message that was taken, with its lease: `null` when it is delivered at most once. */
export interface Taken {
  readonly message: LogMessage;
  readonly lease: Lease | null;
  readonly c: number;
  readonly d: number;
}

/** A partition that a pop took from, and isn't finished with. */
export interface Open {
  part: Part;
  readonly messages: LogMessage[];
  /** Passed over. */
  readonly done: number[];
  /** Something of it has to wait: what comes behind that waits too. */
  closed: boolean;
}

/** What one pop has chosen: at the end it is leased, or given away. */
export class Selection {
  readonly taken: Taken[] = [];
  readonly #work: Work;
  readonly #wanted: Wanted<number>;
  readonly #most: number;
  readonly #ends: Instant;
  readonly #exhausted: ReadonlyMap<string, number>;
  readonly #open = new Map<string, Open>();
  readonly #single: LogMessage[] = [];
  /** Messages in `#single` and `#open`. */
  #count = 0;
  #closed = false;

  /** @param exhausted partitions of which the log had no more than the shelves, with how far the group had come then */
  constructor(work: Work, wanted: Wanted<number>, exhausted: ReadonlyMap<string, number>) {
    this.#work = work;
    this.#exhausted = exhausted;
    this.#wanted = wanted;
    this.#most = Math.min(wanted.batch, work.state.record.head.held ?? Infinity);
    this.#ends = work.now + (wanted.lease ?? work.queue.options.leaseTime);
  }

  get isEmpty(): boolean {
    return this.#count === 0 && this.#open.size === 0;
  }

  /** Messages. */
  get count(): number {
    return this.#count;
  }

  /** Messages that it still takes. */
  get room(): number {
    return this.#closed ? 0 : this.#most - this.#count;
  }

  /** Nothing more. */
  close(): void {
    this.#closed = true;
  }

  /** The record would weigh too much with what was taken so far, and more. */
  get isFull(): boolean {
    return this.#work.state.record.bytes + this.#open.size * OPENED + this.#count * LEASED >= this.#work.room;
  }

  /** Whether the log has no more of a partition than is known. */
  isExhausted(partition: string, { tail }: Part): boolean {
    return (this.#exhausted.get(partition) ?? -1) >= tail;
  }

  opened(partition: string): Open | undefined {
    return this.#open.get(partition);
  }

  open(partition: string, open: Open): void {
    this.#open.set(partition, open);
    this.#count += open.messages.length;
  }

  add(open: Open, message: LogMessage): void {
    open.messages.push(message);
    this.#count += 1;
  }

  /** One without a partition. */
  addSingle(message: LogMessage): void {
    this.#single.push(message);
    this.#count += 1;
  }

  finish(): void {
    const { record } = this.#work.state;
    for (const [partition, open] of this.#open) this.#leasePart(partition, open);
    if (this.#single.length > 0) this.#leaseSingles();
    if (this.taken.length === 0) return;
    record.count({ delivered: this.taken.length, ...(this.#wanted.atMostOnce ? { completed: this.taken.length } : {}) });
    // Pushed first, given first, whether or not it has a partition.
    this.taken.sort((a, b) => b.message.place.priority - a.message.place.priority || a.message.seq - b.message.seq);
    const { held } = record.head;
    if (held !== null) record.change({ held: held - this.taken.length });
  }

  #leasePart(partition: string, { part, messages, done: passed }: Open): void {
    const { state } = this.#work;
    const first = messages[0];
    const last = messages.at(-1);
    const done = passed.length === 0 ? part.done : [...(part.done ?? []), ...passed];
    const counted = part.n + count(messages, ({ seq }) => seq > part.tail) - count(passed, (seq) => seq <= part.tail);
    if (first === undefined || last === undefined) {
      const exhausted = this.isExhausted(partition, part);
      const pos = exhausted ? Math.max(part.pos, part.tail) : Math.max(part.pos, ...passed);
      state.setPart(partition, { ...part, pos, n: exhausted ? 0 : counted, ...later(done, pos) });
      return;
    }
    const tail = Math.max(part.tail, last.seq);
    const others = part.past === undefined ? NONE : part.past.filter(({ seq }) => seq > last.seq);
    if (this.#wanted.atMostOnce) {
      for (const message of messages) this.#give(message, null, pastOf(part, message.seq));
      state.setPart(partition, { pos: last.seq, tail, n: counted - messages.length, ...later(done, last.seq), ...(others.length > 0 ? { past: others } : {}) });
      return;
    }
    const lease = { ...this.#lease(messages), last: last.seq };
    for (const message of messages) this.#give(message, lease, pastOf(part, message.seq));
    const past = part.past === undefined ? NONE : [...deliveredAgain(part, messages), ...others];
    state.setPart(partition, { pos: first.seq - 1, tail, n: counted, lease, ...later(done, first.seq - 1), ...(past.length > 0 ? { past } : {}) });
  }

  #leaseSingles(): void {
    const { state } = this.#work;
    const lease = this.#wanted.atMostOnce ? null : this.#lease(this.#single);
    for (const message of this.#single) {
      const back = state.record.back.get(message.seq);
      this.#give(message, lease, back);
      if (back === undefined) {
        if (lease !== null && message.place.priority > 0) state.setBack(message.seq, { seq: message.seq, c: 0, d: 1, r: 0, ready: 0, p: message.place.priority, lease: lease.token });
      } else if (lease === null) {
        state.deleteBack(message.seq);
      } else {
        const { seq, c, d, ready, p, err } = back;
        state.setBack(seq, { seq, c, d: d + 1, r: 0, ready, lease: lease.token, ...(p === undefined ? {} : { p }), ...(err === undefined ? {} : { err }) });
      }
    }
    if (lease !== null) state.setLease(lease.token, lease);
  }

  #lease(messages: readonly LogMessage[]): Lease {
    const { now } = this.#work;
    const { worker } = this.#wanted;
    const open = messages.map(({ seq }) => seq);
    const lease = { token: newToken(), since: now, ends: this.#ends, open };
    return worker === null ? lease : { ...lease, worker };
  }

  /** @throws encryption-key-missing: who can't read it must not lease it */
  #give(message: LogMessage, lease: Lease | null, past: { readonly c: number; readonly d: number } | undefined): void {
    const { state, effects, now, crypt } = this.#work;
    const c = past?.c ?? 0;
    const d = past?.d ?? 0;
    if (!crypt.opens(message.data)) crypt.unseal(message.data);
    this.taken.push({ message, lease, c, d: d + 1 });
    if (d === 0) effects.waits.push(Math.max(0, now - message.at));
    const { worker } = this.#wanted;
    const event = { seq: message.seq, group: state.name, worker: worker ?? undefined };
    if (effects.records("leased")) effects.write("leased", { ...event, attempt: c + 1 });
    if (lease === null) effects.record("acked", event);
  }
}

const NONE: readonly Past[] = [];

export function pastOf({ past }: Part, seq: number): Past | undefined {
  return past?.find((one) => one.seq === seq);
}

/** Histories of those that were delivered before, with this delivery. */
function deliveredAgain(part: Part, messages: readonly LogMessage[]): Past[] {
  return messages.flatMap(({ seq }) => {
    const before = pastOf(part, seq);
    if (before === undefined) return [];
    return [{ seq, c: before.c, d: before.d + 1, r: 0 as const, ...(before.err === undefined ? {} : { err: before.err }) }];
  });
}

/** Those beyond `pos`, where there are any. */
function later(done: readonly number[] | undefined, pos: number): { readonly done?: readonly number[] } | undefined {
  if (done === undefined) return undefined;
  const beyond = [...new Set(done)].filter((seq) => seq > pos).sort((a, b) => a - b);
  return beyond.length > 0 ? { done: beyond } : undefined;
}

function count<T>(items: readonly T[], counts: (item: T) => boolean): number {
  let n = 0;
  for (const item of items) if (counts(item)) n += 1;
  return n;
}
