import type { Eligibility } from "./eligible.ts";
import type { Work } from "./ending.ts";
import type { LogMessage } from "./message.ts";
import type { Reader } from "./reader.ts";
import type { Part } from "./record.ts";
import type { Selection } from "./selection.ts";
import type { Source } from "./taking.ts";

/** Messages that one pop steps over. */
const SKIPS = 5_000;

/** The log from the group's position on: what nobody of the group has taken up yet, in the order of its entry. */
export class Front {
  readonly #work: Work;
  readonly #source: Source;
  readonly #selection: Selection;
  readonly #eligibility: Eligibility;
  /** Partitions whose messages here were taken before. */
  readonly #reached = new Set<string>();
  #lastAlone: LogMessage | undefined;
  #skipped = 0;
  /** Whether messages were passed or taken. */
  moved = false;

  constructor(work: Work, source: Source, selection: Selection, eligibility: Eligibility) {
    this.#work = work;
    this.#source = source;
    this.#selection = selection;
    this.#eligibility = eligibility;
  }

  take(priority: number): void {
    const { record } = this.#work.state;
    const reader = this.#source.reader(priority);
    let at = record.at(priority);
    this.#lastAlone = undefined;
    for (const message of reader.after(at)) {
      if (this.#selection.room <= 0 || this.#skipped > SKIPS) break;
      // What is passed over now would have to be read again, for its partition alone; who got nothing goes on.
      if (this.#source.shelves.isFull && this.#selection.count > 0) break;
      const step = this.#step(message, reader);
      if (step === "wait") break;
      if (step === "passed") this.#skipped += 1;
      at = message.seq;
    }
    this.moved ||= at > record.at(priority);
    record.moveTo(priority, at);
  }

  /** Who takes partitions by their names leaves entries ahead of the group's position: it goes on over what they cover. */
  passSeen(): void {
    const { record } = this.#work.state;
    let at = record.at(0);
    for (const message of this.#source.reader(0).after(at)) {
      if (this.#skipped > SKIPS || !this.#isSeen(message, this.#partOf(message))) break;
      this.#skipped += 1;
      at = message.seq;
    }
    record.moveTo(0, at);
  }

  /** When all of a partition that was reached is settled, it needs no entry any more. */
  finish(): void {
    const { state } = this.#work;
    for (const partition of this.#reached) {
      const part = state.record.parts.get(partition);
      if (part !== undefined) state.setPart(partition, part);
    }
  }

  #partOf({ place: { partition } }: LogMessage): Part | undefined {
    return partition === null ? undefined : this.#work.state.record.parts.get(partition);
  }

  /** Whether it was taken up out of turn, or removed. */
  #isSeen({ seq, place: { partition } }: LogMessage, part: Part | undefined): boolean {
    const { record } = this.#work.state;
    if (record.skip.delete(seq)) return true;
    if (partition === null) return record.ahead.delete(seq);
    if (part === undefined || seq > part.tail) return false;
    this.#reached.add(partition);
    return true;
  }

  #step(message: LogMessage, reader: Reader): "taken" | "passed" | "wait" {
    const part = this.#partOf(message);
    if (this.#isSeen(message, part) || this.#eligibility.passes(message)) return "passed";
    // Room for what is new comes when something is settled.
    if (this.#selection.isFull) return "wait";
    const { partition } = message.place;
    return partition === null ? this.#stepAlone(message, reader) : this.#stepInPartition(partition, part, message);
  }

  #stepAlone(message: LogMessage, reader: Reader): "taken" | "wait" {
    const due = this.#eligibility.due(message, this.#lastOf(message.place.priority, reader));
    if (due > this.#work.now) {
      this.#work.state.youngUntil(due);
      return "wait";
    }
    this.#selection.addSingle(message);
    return "taken";
  }

  /** With a window, all messages without a partition wait until none has come for so long. */
  #lastOf(priority: number, reader: Reader): LogMessage | undefined {
    if (!this.#eligibility.waitsForQuiet) return undefined;
    this.#lastAlone ??= [...reader.after(this.#work.state.record.at(priority))].findLast(({ place }) => place.partition === null);
    return this.#lastAlone;
  }

  #stepInPartition(partition: string, part: Part | undefined, message: LogMessage): "taken" | "passed" | "wait" {
    const { state, now } = this.#work;
    const window = this.#eligibility.waitsForQuiet;
    const due = this.#eligibility.due(message, message);
    if (due > now && !window) {
      state.youngUntil(due);
      return "wait";
    }
    const open = this.#selection.opened(partition);
    if (open !== undefined && !open.closed && !window) {
      this.#selection.add(open, message);
      return "taken";
    }
    if (open !== undefined) {
      this.#source.shelves.put(partition, open.part.tail, [message]);
      open.part = { ...open.part, tail: message.seq, n: open.part.n + 1 };
      return "passed";
    }
    if (part !== undefined) {
      this.#source.shelves.put(partition, part.tail, [message]);
      const ready = part.lease === undefined && window ? { ready: Math.max(due, part.ready ?? 0) } : {};
      state.setPart(partition, { ...part, tail: message.seq, n: part.n + 1, ...ready });
      return "passed";
    }
    const fresh: Part = { pos: message.seq - 1, tail: message.seq, n: 1 };
    // Whether the partition is quiet is known when everything was looked at.
    if (window) {
      this.#source.shelves.put(partition, message.seq - 1, [message]);
      state.setPart(partition, { ...fresh, ready: due });
      return "passed";
    }
    this.#selection.open(partition, { part: fresh, messages: [message], done: [], closed: false });
    return "taken";
  }
}
