import { newToken } from "../../core/index.ts";
import type { Instant, Wanted } from "../../core/index.ts";
import { prioritiesOf } from "./definition.ts";
import { expire } from "./ending.ts";
import type { Work } from "./ending.ts";
import type { LogMessage } from "./message.ts";
import type { Reader } from "./reader.ts";
import type { GroupRecord, Lease, Part, Past } from "./record.ts";
import type { Shelves } from "./shelves.ts";

/** Bytes that a partition that this pop opened, and a message that it took, will take in the record. */
const OPENED = 280;
const LEASED = 12;
/** Messages that one pop steps over. */
const SKIPS = 5_000;

/** What a pop reads from. */
export interface Source {
  reader(priority: number): Reader;
  readonly shelves: Shelves;
}

/** A message that was taken, with its lease: `null` when it is delivered at most once. */
export interface Taken {
  readonly message: LogMessage;
  readonly lease: Lease | null;
  readonly c: number;
  readonly d: number;
}

/** What has to be read before the pop can go on. */
export interface Missing {
  /** By partition: behind which message, and up to which the group has come. */
  readonly partitions: Map<string, { readonly after: number; readonly tail: number }>;
  readonly messages: Set<number>;
}

/** A partition that this pop took from, and isn't finished with. */
interface Open {
  part: Part;
  readonly messages: LogMessage[];
  readonly done: number[];
  /** Something of it has to wait: what comes behind that waits too. */
  closed: boolean;
}

/** Whether it is time to pass over what was taken out of turn. */
export function isCrowded(record: GroupRecord, room: number): boolean {
  return record.bytes > room / 4;
}

/** One pop on its way through a group's messages. */
export class Taking {
  readonly taken: Taken[] = [];
  readonly missing: Missing = { partitions: new Map(), messages: new Set() };
  readonly #work: Work;
  readonly #wanted: Wanted<number>;
  readonly #source: Source;
  readonly #startsAt: number;
  readonly #most: number;
  readonly #open = new Map<string, Open>();
  readonly #single: LogMessage[] = [];
  readonly #ends: number;
  readonly #exhausted: ReadonlyMap<string, number>;
  /** Partitions whose messages at the front of the log were taken before. */
  readonly #reached = new Set<string>();
  /** Messages in `#single` and `#open`. */
  #count = 0;
  #lastAlone: readonly LogMessage[] | undefined;
  /** Whether messages at the front of the log were passed or taken. */
  moved = false;
  #alone = false;
  #blocked = false;
  #skipped = 0;

  /** @param exhausted partitions of which the log had no more than the shelves, with how far the group had come then */
  constructor(work: Work, source: Source, wanted: Wanted<number>, exhausted: ReadonlyMap<string, number>) {
    this.#exhausted = exhausted;
    this.#work = work;
    this.#source = source;
    this.#wanted = wanted;
    const { start, held } = work.state.record.head;
    // A start in the future: what enters until then is before it.
    this.#startsAt = typeof start === "number" ? start : 0;
    this.#most = Math.min(wanted.batch, held ?? Infinity);
    this.#ends = work.now + (wanted.lease ?? work.queue.options.leaseTime);
  }

  run(): void {
    const { state, queue } = this.#work;
    const { paused, stopped, held } = state.record.head;
    expire(this.#work);
    state.look(this.#work.now);
    if (paused || stopped || queue.paused || this.#most <= 0) return;
    if (this.#wanted.message !== null) this.#takeMessage(this.#wanted.message);
    else if (this.#wanted.partition !== null) this.#takeNamed(this.#wanted.partition);
    else this.#takeAny(prioritiesOf(queue));
    this.#finish();
    // Pushed first, given first, whether or not it has a partition.
    this.taken.sort((a, b) => b.message.place.priority - a.message.place.priority || a.message.seq - b.message.seq);
    if (held !== null && this.taken.length > 0) state.record.change({ held: held - this.taken.length });
  }

  get #room(): number {
    return this.#alone || this.#blocked ? 0 : this.#most - this.#count;
  }

  #takeAny(priorities: readonly number[]): void {
    for (const priority of priorities) {
      if (!this.#wanted.onlyNew) this.#takeReturned(priority);
      if (priority === 0) this.#takeWaiting();
      if (this.#room > 0) this.#takeAhead(priority);
      if (priority === 0 && this.#work.queue.options.windowBuffer > 0) this.#takeWaiting();
      if (this.#room <= 0) return;
    }
  }

  // ---------------------------------------------------------------- messages without a partition

  /** Messages that come again; one whose lease ran out comes alone. */
  #takeReturned(priority: number): void {
    const { state, now } = this.#work;
    let room = this.#room;
    for (const seq of state.returned(now)) {
      if (room <= 0) return;
      const back = state.record.back.get(seq);
      if (back === undefined || (back.p ?? 0) !== priority) continue;
      if (back.alone === 1 && (this.#single.length > 0 || this.#open.size > 0)) return;
      const message = this.#source.shelves.single(seq);
      if (message === undefined) {
        // Nothing younger goes before it; whatever else comes back is read along.
        this.#blocked = true;
        this.missing.messages.add(seq);
        if (this.missing.messages.size >= room) return;
        continue;
      }
      if (this.#blocked) continue;
      if (this.#isOver(message)) {
        this.#drop(message);
        state.deleteBack(seq);
        continue;
      }
      this.#takeSingle(message);
      room -= 1;
      if (back.alone === 1) {
        this.#alone = true;
        return;
      }
    }
  }

  #takeSingle(message: LogMessage): void {
    this.#single.push(message);
    this.#count += 1;
  }

  #takeMessage(seq: number): void {
    const { state } = this.#work;
    const message = this.#source.shelves.single(seq);
    if (message === undefined) {
      this.missing.messages.add(seq);
      return;
    }
    const { partition, priority } = message.place;
    if (this.#isOver(message) || this.#isForOthers(message) || state.record.skip.has(seq)) return;
    if (partition !== null) {
      this.#takePartition(partition, seq);
      return;
    }
    const back = state.record.back.get(seq);
    if (back?.lease !== undefined || (back !== undefined && this.#wanted.onlyNew)) return;
    if (back === undefined) {
      if (seq <= state.record.at(priority) || state.record.ahead.has(seq) || this.#isFull) return;
      state.record.ahead.set(seq, 1);
    }
    this.#takeSingle(message);
  }

  // ---------------------------------------------------------------- partitions

  #takeWaiting(): void {
    for (const partition of this.#work.state.waiting(this.#work.now)) {
      if (this.#room <= 0) return;
      if (!this.#open.has(partition)) this.#takePart(partition, null);
    }
  }

  #takeNamed(partition: string): void {
    if (isCrowded(this.#work.state.record, this.#work.room)) this.#passSeen();
    this.#takePartition(partition);
  }

  #takePartition(partition: string, only: number | null = null): void {
    const { state, now } = this.#work;
    const part = state.record.parts.get(partition);
    if (part === undefined && this.#isFull) return;
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
    const room = only === null ? this.#room : 1;
    const beyond = !asked && (messages.at(-1)?.seq ?? 0) > part.tail;
    const front = this.#front(open, beyond ? messages.filter(({ seq }) => seq <= part.tail) : messages, room, only);
    const unknown = (asked || to < part.tail) && !this.#isExhausted(partition, part);
    if (front === "blocked") return;
    open.closed = front === "some";
    if (front === "all" && open.messages.length < room && unknown) this.missing.partitions.set(partition, { after: Math.max(to, part.pos), tail: part.tail });
    else if (open.messages.length > 0 || open.done.length > 0 || part.tail > part.pos) this.#openPart(partition, open);
  }

  #isExhausted(partition: string, { tail }: Part): boolean {
    return (this.#exhausted.get(partition) ?? -1) >= tail;
  }

  #openPart(partition: string, open: Open): void {
    this.#open.set(partition, open);
    this.#count += open.messages.length;
  }

  /** Takes from the start of `messages` what may be delivered now; `all`: there are no others. */
  #front(open: Open, messages: readonly LogMessage[], room: number, only: number | null): "all" | "some" | "blocked" {
    const { part } = open;
    const settled = new Set(part.done);
    const due = this.#dueOf(messages);
    for (const message of messages) {
      if (open.messages.length >= room) return "some";
      if (settled.has(message.seq) || this.#work.state.record.skip.has(message.seq)) continue;
      if (this.#passes(message)) {
        open.done.push(message.seq);
        continue;
      }
      const again = this.#wanted.onlyNew && pastOf(part, message.seq) !== undefined;
      const at = Math.max(due(message), pastOf(part, message.seq)?.at ?? 0);
      const young = only === null && at > this.#work.now;
      if (!again && !young && (only === null || message.seq === only)) open.messages.push(message);
      else if (open.messages.length > 0) return "some";
      else {
        if (young) this.#waitFor(this.#nameOf(message), part, at);
        return "blocked";
      }
    }
    return "all";
  }

  #waitFor(partition: string, part: Part, ready: Instant): void {
    const { state } = this.#work;
    // What was never taken up has no entry.
    if (part.tail > part.pos) state.setPart(partition, { ...part, ready });
    else state.youngUntil(ready);
  }

  #nameOf(message: LogMessage): string {
    return message.place.partition ?? "";
  }

  /** When messages of one partition, or those without one, may be delivered. */
  #dueOf(messages: readonly LogMessage[]): (message: LogMessage) => number {
    const { delayedProcessing, windowBuffer } = this.#work.queue.options;
    const quiet = windowBuffer === 0 ? 0 : (messages.at(-1)?.at ?? 0) + windowBuffer;
    return ({ at }) => Math.max(at + delayedProcessing, quiet);
  }

  // ---------------------------------------------------------------- the front of the log

  #takeAhead(priority: number): void {
    const { state } = this.#work;
    const { record } = state;
    const reader = this.#source.reader(priority);
    let at = record.at(priority);
    let room = this.#room;
    for (const message of reader.after(at)) {
      if (room <= 0 || this.#skipped > SKIPS) break;
      // What is passed over now would have to be read again, for its partition alone; who got nothing goes on.
      if (this.#source.shelves.isFull && this.#count > 0) break;
      const step = this.#step(message, reader);
      if (step === "wait") break;
      if (step === "taken") room -= 1;
      else this.#skipped += 1;
      at = message.seq;
    }
    this.moved ||= at > record.at(priority);
    record.moveTo(priority, at);
  }

  /** Who takes partitions by their names leaves entries ahead of the group's position: it goes on over what they cover. */
  #passSeen(): void {
    const { record } = this.#work.state;
    let at = record.at(0);
    for (const message of this.#source.reader(0).after(at)) {
      if (this.#skipped > SKIPS || !this.#isSeen(message)) break;
      this.#skipped += 1;
      at = message.seq;
    }
    record.moveTo(0, at);
  }

  /** Whether it was taken up out of turn, or removed. */
  #isSeen({ seq, place: { partition } }: LogMessage): boolean {
    const { record } = this.#work.state;
    if (record.skip.delete(seq)) return true;
    if (partition === null) return record.ahead.delete(seq);
    const part = record.parts.get(partition);
    if (part === undefined || seq > part.tail) return false;
    // When all of it is settled, the partition needs no entry any more.
    this.#reached.add(partition);
    return true;
  }

  /** The record would weigh too much with what was taken so far, and more. */
  get #isFull(): boolean {
    return this.#work.state.record.bytes + this.#open.size * OPENED + this.#count * LEASED >= this.#work.room;
  }

  #step(message: LogMessage, reader: Reader): "taken" | "passed" | "wait" {
    const { state, queue, now } = this.#work;
    const { partition } = message.place;
    if (this.#isSeen(message) || this.#passes(message)) return "passed";
    // Room for what is new comes when something is settled.
    if (this.#isFull) return "wait";
    const part = partition === null ? undefined : state.record.parts.get(partition);
    const due = partition === null ? this.#laneDue(message, reader) : this.#dueOf([message])(message);
    if (partition === null) {
      if (due > now) {
        state.youngUntil(due);
        return "wait";
      }
      this.#takeSingle(message);
      return "taken";
    }
    const window = queue.options.windowBuffer > 0;
    if (due > now && !window) {
      state.youngUntil(due);
      return "wait";
    }
    const open = this.#open.get(partition);
    if (open !== undefined && !open.closed && !window) {
      open.messages.push(message);
      this.#count += 1;
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
    this.#openPart(partition, { part: fresh, messages: [message], done: [], closed: false });
    return "taken";
  }

  /** With a window, all messages without a partition wait until none has come for so long. */
  #laneDue(message: LogMessage, reader: Reader): number {
    if (this.#work.queue.options.windowBuffer === 0) return this.#dueOf([])(message);
    this.#lastAlone ??= [...reader.after(this.#work.state.record.at(message.place.priority))].filter(({ place }) => place.partition === null);
    return this.#dueOf(this.#lastAlone)(message);
  }

  /** A message that this group is never given; one that is over goes. */
  #passes(message: LogMessage): boolean {
    if (this.#isForOthers(message) || message.at < this.#startsAt) return true;
    if (!this.#isOver(message)) return false;
    this.#drop(message);
    return true;
  }

  #isForOthers(message: LogMessage): boolean {
    return message.onlyGroup !== null && message.onlyGroup !== this.#work.state.name;
  }

  /** Its ttl is over, or it has waited longer than the queue keeps messages. */
  #isOver(message: LogMessage): boolean {
    const { now, queue: { options } } = this.#work;
    const older = (ms: number): boolean => ms > 0 && message.at <= now - ms;
    return (message.expires !== null && message.expires <= now) || older(options.retentionSeconds) || older(options.maxWaitTimeSeconds);
  }

  #drop(message: LogMessage): void {
    this.#work.state.record.count({ dropped: 1 });
    this.#work.effects.over.push(message);
  }

  // ---------------------------------------------------------------- what was taken is leased

  #finish(): void {
    const { state } = this.#work;
    for (const [partition, open] of this.#open) this.#leasePart(partition, open);
    if (this.#single.length > 0) this.#leaseSingles();
    for (const partition of this.#reached) {
      const part = state.record.parts.get(partition);
      if (part !== undefined) state.setPart(partition, part);
    }
    if (this.taken.length > 0) state.record.count({ delivered: this.taken.length, ...(this.#wanted.atMostOnce ? { completed: this.taken.length } : {}) });
  }

  #leasePart(partition: string, { part, messages, done: passed }: Open): void {
    const { state } = this.#work;
    const first = messages[0];
    const last = messages.at(-1);
    const done = [...(part.done ?? []), ...passed];
    const counted = part.n + messages.filter(({ seq }) => seq > part.tail).length - passed.filter((seq) => seq <= part.tail).length;
    if (first === undefined || last === undefined) {
      const exhausted = this.#isExhausted(partition, part);
      const pos = exhausted ? Math.max(part.pos, part.tail) : Math.max(part.pos, ...passed);
      state.setPart(partition, { ...part, pos, n: exhausted ? 0 : counted, ...later(done, pos) });
      return;
    }
    const tail = Math.max(part.tail, last.seq);
    const others = (part.past ?? []).filter(({ seq }) => seq > last.seq);
    if (this.#wanted.atMostOnce) {
      for (const message of messages) this.#give(message, null, pastOf(part, message.seq));
      state.setPart(partition, { pos: last.seq, tail, n: counted - messages.length, ...later(done, last.seq), ...(others.length > 0 ? { past: others } : {}) });
      return;
    }
    const lease = { ...this.#lease(messages), last: last.seq };
    const past = messages.flatMap(({ seq }) => {
      const before = pastOf(part, seq);
      if (before === undefined) return [];
      return [{ seq, c: before.c, d: before.d + 1, r: 0 as const, ...(before.err === undefined ? {} : { err: before.err }) }];
    });
    for (const message of messages) this.#give(message, lease, pastOf(part, message.seq));
    const known = [...past, ...others];
    state.setPart(partition, { pos: first.seq - 1, tail, n: counted, lease, ...later(done, first.seq - 1), ...(known.length > 0 ? { past: known } : {}) });
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
    return { token: newToken(), since: now, ends: this.#ends, open: messages.map(({ seq }) => seq), ...(worker === null ? {} : { worker }) };
  }

  /** @throws encryption-key-missing: who can't read it must not lease it */
  #give(message: LogMessage, lease: Lease | null, past: { readonly c: number; readonly d: number } | undefined): void {
    const { state, effects, now } = this.#work;
    const { c, d } = past ?? { c: 0, d: 0 };
    if (!this.#work.crypt.opens(message.data)) this.#work.crypt.unseal(message.data);
    this.taken.push({ message, lease, c, d: d + 1 });
    if (d === 0) effects.waits.push(Math.max(0, now - message.at));
    const event = { seq: message.seq, group: state.name, ...(this.#wanted.worker === null ? {} : { worker: this.#wanted.worker }) };
    effects.record("leased", { ...event, attempt: c + 1 });
    if (lease === null) effects.record("acked", event);
  }
}

function pastOf(part: Part, seq: number): Past | undefined {
  return part.past?.find((one) => one.seq === seq);
}

/** Those beyond `pos`, where there are any. */
function later(done: readonly number[], pos: number): { readonly done?: readonly number[] } {
  const beyond = [...new Set(done)].filter((seq) => seq > pos).sort((a, b) => a - b);
  return beyond.length > 0 ? { done: beyond } : {};
}
