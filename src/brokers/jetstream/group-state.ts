import type { GroupStart, Instant } from "../../core/index.ts";
import type { Back, GroupRecord, Lease, Part } from "./record.ts";

/**
 * A group's record with what is worked out from it: which partitions and returned messages wait, and when the next
 * lease ends. All changes of these entries go through here.
 */
export class GroupState {
  readonly name: string;
  readonly record: GroupRecord;
  /** Partitions with messages that wait to be looked at, in the order in which they became ready. */
  readonly #waiting = new Set<string>();
  /** Those that wait for a time. */
  readonly #later = new Map<string, Instant>();
  readonly #returned = new Set<number>();
  readonly #returnedLater = new Map<number, Instant>();
  /** Told of partitions that need no entry any more. */
  onSettled: (partition: string) => void = () => undefined;
  /** No lease ends before; nothing in the later ones is due before. */
  #nextEnd = Infinity;
  #nextLater = Infinity;
  /** A message at the front of the log becomes deliverable then. */
  #nextYoung = Infinity;

  constructor(name: string, record: GroupRecord) {
    this.name = name;
    this.record = record;
    for (const [partition, part] of record.parts.entries()) this.#index(partition, part);
    for (const lease of record.leases.values()) this.#nextEnd = Math.min(this.#nextEnd, lease.ends);
    for (const [seq, back] of record.back.entries()) this.#indexBack(seq, back);
  }

  setPart(partition: string, part: Part): void {
    // What is left tells the position, not the number: others may have removed messages that were counted, or were not.
    const done = part.lease === undefined && part.pos >= part.tail;
    const settled = done && part.tail <= this.record.at(0);
    if (settled) {
      this.record.parts.delete(partition);
      this.onSettled(partition);
    } else {
      this.record.parts.set(partition, done && part.n !== 0 ? { ...part, n: 0 } : part);
    }
    if (this.#waiting.size > 0) this.#waiting.delete(partition);
    if (this.#later.size > 0) this.#later.delete(partition);
    if (!settled) this.#index(partition, part);
  }

  #index(partition: string, part: Part): void {
    if (part.lease !== undefined) {
      this.#nextEnd = Math.min(this.#nextEnd, part.lease.ends);
      return;
    }
    if (part.pos >= part.tail) return;
    if (part.ready === undefined) this.#waiting.add(partition);
    else {
      this.#later.set(partition, part.ready);
      this.#nextLater = Math.min(this.#nextLater, part.ready);
    }
  }

  /** The log has nothing of the partition between `after` and `tail`. */
  nothingLeft(partition: string, { after, tail }: { readonly after: number; readonly tail: number }): void {
    const part = this.record.parts.get(partition);
    if (part === undefined || part.lease !== undefined || part.pos < after || part.tail > tail) return;
    this.setPart(partition, { pos: part.tail, tail: part.tail, n: 0 });
  }

  setLease(token: string, lease: Lease): void {
    this.record.leases.set(token, lease);
    this.#nextEnd = Math.min(this.#nextEnd, lease.ends);
  }

  setBack(seq: number, back: Back): void {
    this.record.back.set(seq, back);
    this.#returned.delete(seq);
    this.#returnedLater.delete(seq);
    this.#indexBack(seq, back);
  }

  deleteBack(seq: number): void {
    this.record.back.delete(seq);
    this.#returned.delete(seq);
    this.#returnedLater.delete(seq);
  }

  #indexBack(seq: number, back: Back): void {
    if (back.lease !== undefined) return;
    this.#returnedLater.set(seq, back.ready);
    this.#nextLater = Math.min(this.#nextLater, back.ready);
  }

  /** Partitions that may have something to deliver now, longest ready first. */
  waiting(now: Instant): Iterable<string> {
    this.#ripen(now);
    return this.#waiting;
  }

  /** Messages without a partition that come again, first come first. */
  returned(now: Instant): Iterable<number> {
    this.#ripen(now);
    return this.#returned;
  }

  #ripen(now: Instant): void {
    if (now < this.#nextLater) return;
    let next = Infinity;
    const ripe = <K>(later: Map<K, Instant>, into: Set<K>): void => {
      const due = [...later].filter(([, at]) => at <= now).sort((a, b) => a[1] - b[1]);
      for (const [key] of due) {
        later.delete(key);
        into.add(key);
      }
      for (const at of later.values()) next = Math.min(next, at);
    };
    ripe(this.#later, this.#waiting);
    ripe(this.#returnedLater, this.#returned);
    this.#nextLater = next;
  }

  /** Leases that have run out: of partitions, and of messages without one. */
  runOut(now: Instant): { readonly parts: string[]; readonly leases: string[] } {
    if (now < this.#nextEnd) return { parts: [], leases: [] };
    let next = Infinity;
    const over = (ends: Instant): boolean => {
      if (ends > now) next = Math.min(next, ends);
      return ends <= now;
    };
    const parts = [...this.record.parts.entries()].filter(([, { lease }]) => lease !== undefined && over(lease.ends)).map(([partition]) => partition);
    const leases = [...this.record.leases.entries()].filter(([, { ends }]) => over(ends)).map(([token]) => token);
    this.#nextEnd = next;
    return { parts, leases };
  }

  /** Forgets leases, retries and attempts; what was counted stays. @param from messages up to here are before the start */
  startOver(start: GroupStart, from: number, edited: Iterable<number>): void {
    const { record } = this;
    for (const table of [record.parts, record.leases, record.back, record.ahead, record.skip, record.edited]) table.clear();
    for (const seq of edited) record.edited.set(seq, 1);
    record.change({ start, from, at: record.head.at.map(() => from), seeks: (record.head.seeks ?? 0) + 1 });
    for (const index of [this.#waiting, this.#later, this.#returned, this.#returnedLater]) index.clear();
    this.#nextEnd = Infinity;
    this.#nextLater = Infinity;
    this.#nextYoung = Infinity;
  }

  youngUntil(at: Instant): void {
    this.#nextYoung = Math.min(this.#nextYoung, at);
  }

  /** Who looks now sees what has become due: nobody is woken for it again. */
  look(now: Instant): void {
    this.#ripen(now);
    if (this.#nextYoung <= now) this.#nextYoung = Infinity;
  }

  /** When something changes by itself, `Infinity` when nothing does. */
  get nextChange(): Instant {
    return Math.min(this.#nextEnd, this.#nextLater, this.#nextYoung);
  }
}
