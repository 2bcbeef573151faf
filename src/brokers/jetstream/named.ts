import type { Instant, Wanted } from "../../core/index.ts";
import type { Eligibility } from "./eligible.ts";
import type { Work } from "./ending.ts";
import type { LogMessage } from "./message.ts";
import type { Part } from "./record.ts";
import { pastOf } from "./selection.ts";
import type { Open, Selection } from "./selection.ts";
import type { Missing, Source } from "./taking.ts";

/** What is known by its name, wherever it stands in the log: partitions, one message, and what comes again. */
export class Named {
  readonly missing: Missing = { partitions: new Map(), messages: new Set() };
  readonly #work: Work;
  readonly #wanted: Wanted<number>;
  readonly #source: Source;
  readonly #selection: Selection;
  readonly #eligibility: Eligibility;

  constructor(work: Work, wanted: Wanted<number>, source: Source, selection: Selection, eligibility: Eligibility) {
    this.#work = work;
    this.#wanted = wanted;
    this.#source = source;
    this.#selection = selection;
    this.#eligibility = eligibility;
  }

  /** Messages without a partition that come again; one whose lease ran out comes alone. */
  takeReturned(priority: number): void {
    const { state, now } = this.#work;
    for (const seq of state.returned(now)) {
      if (this.#selection.room <= 0) return;
      const back = state.record.back.get(seq);
      if (back === undefined || (back.p ?? 0) !== priority) continue;
      if (back.alone === 1 && !this.#selection.isEmpty) break;
      const message = this.#source.shelves.single(seq);
      if (message === undefined) {
        // Nothing younger goes before it; whatever else comes back is read along.
        this.missing.messages.add(seq);
        if (this.missing.messages.size >= this.#selection.room) break;
        continue;
      }
      if (this.missing.messages.size > 0) continue;
      if (this.#eligibility.isOver(message)) {
        this.#eligibility.drop(message);
        state.deleteBack(seq);
        continue;
      }
      this.#selection.addSingle(message);
      if (back.alone === 1) {
        this.#selection.close();
        return;
      }
    }
    if (this.missing.messages.size > 0) this.#selection.close();
  }

  takeMessage(seq: number): void {
    const { state } = this.#work;
    const message = this.#source.shelves.single(seq);
    if (message === undefined) {
      this.missing.messages.add(seq);
      return;
    }
    const { partition, priority } = message.place;
    if (this.#eligibility.isOver(message) || this.#eligibility.isForOthers(message) || state.record.skip.has(seq)) return;
    if (partition !== null) {
      this.takePartition(partition, seq);
      return;
    }
    const back = state.record.back.get(seq);
    if (back?.lease !== undefined || (back !== undefined && this.#wanted.onlyNew)) return;
    if (back === undefined) {
      if (seq <= state.record.at(priority) || state.record.ahead.has(seq) || this.#selection.isFull) return;
      state.record.ahead.set(seq, 1);
    }
    this.#selection.addSingle(message);
  }

  /** Partitions that have something to deliver again, or more than was taken of them. */
  takeWaiting(): void {
    for (const partition of this.#work.state.waiting(this.#work.now)) {
      if (this.#selection.room <= 0) return;
      if (this.#selection.opened(partition) === undefined) this.#takePart(partition, null);
    }
  }

  /** @param only this message of it, and only when it is its turn */
  takePartition(partition: string, only: number | null = null): void {
    const { state, now } = this.#work;
    const part = state.record.parts.get(partition);
    if (part === undefined && this.#selection.isFull) return;
    if (part?.lease !== undefined || (only === null && part?.ready !== undefined && part.ready > now)) return;
    this.#takePart(partition, only);
  }

  /** From what is known of the partition; asks for more where that isn't enough. */
  #takePart(partition: string, only: number | null): void {
    const { state } = this.#work;
    const part = state.record.parts.get(partition) ?? { pos: state.record.at(0), tail: state.record.at(0), n: 0 };
    const asked = this.#wanted.partition !== null || only !== null;
    const { messages, to } = this.#source.shelves.behind(partition, part.pos);
    const open: Open = { part, messages: [], done: [], closed: false };
    const room = only === null ? this.#selection.room : 1;
    const beyond = !asked && (messages.at(-1)?.seq ?? 0) > part.tail;
    const front = this.#front(open, beyond ? messages.filter(({ seq }) => seq <= part.tail) : messages, room, only);
    const unknown = (asked || to < part.tail) && !this.#selection.isExhausted(partition, part);
    if (front === "blocked") return;
    open.closed = front === "some";
    if (front === "all" && open.messages.length < room && unknown) this.missing.partitions.set(partition, { after: Math.max(to, part.pos), tail: part.tail });
    else if (open.messages.length > 0 || open.done.length > 0 || part.tail > part.pos) this.#selection.open(partition, open);
  }

  /** Takes from the start of `messages` what may be delivered now; `all`: there are no others. */
  #front(open: Open, messages: readonly LogMessage[], room: number, only: number | null): "all" | "some" | "blocked" {
    const { part } = open;
    const settled = new Set(part.done);
    const last = messages.at(-1);
    for (const message of messages) {
      if (open.messages.length >= room) return "some";
      if (settled.has(message.seq) || this.#work.state.record.skip.has(message.seq)) continue;
      if (this.#eligibility.passes(message)) {
        open.done.push(message.seq);
        continue;
      }
      const past = pastOf(part, message.seq);
      const again = this.#wanted.onlyNew && past !== undefined;
      const at = Math.max(this.#eligibility.due(message, last), past?.at ?? 0);
      const young = only === null && at > this.#work.now;
      if (!again && !young && (only === null || message.seq === only)) open.messages.push(message);
      else if (open.messages.length > 0) return "some";
      else {
        if (young) this.#waitFor(message, part, at);
        return "blocked";
      }
    }
    return "all";
  }

  #waitFor({ place: { partition } }: LogMessage, part: Part, ready: Instant): void {
    const { state } = this.#work;
    // What was never taken up has no entry.
    if (partition !== null && part.tail > part.pos) state.setPart(partition, { ...part, ready });
    else state.youngUntil(ready);
  }
}
