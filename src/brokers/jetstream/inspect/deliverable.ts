import type { Instant } from "../../../core/index.ts";
import { prioritiesOf } from "../definition.ts";
import type { LogMessage } from "../message.ts";
import type { Part } from "../record.ts";
import { dueOf, whereOf } from "../timetable.ts";
import { isExpired } from "./reading.ts";
import type { Reading } from "./reading.ts";
import { scheduledFrom } from "./scheduled.ts";

/** Messages that a call reads at a time. */
const CHUNK = 100;

/** How many were read, and those of them that may be delivered. */
type Kind = AsyncGenerator<{ readonly read: number; readonly messages: LogMessage[] }>;

/** What pops of this group would give next, whether or not it is paused or held at the moment. */
export class Deliverable {
  readonly #reading: Reading;
  /** Partitions whose head can't be delivered now, so that what is behind it waits. */
  readonly #blocked = new Set<string>();
  /** With a window: until when a partition, or the messages without one, wait for more. */
  readonly #quiet = new Map<string | null, Promise<Instant>>();

  constructor(reading: Reading) {
    this.#reading = reading;
  }

  /** Messages of the log, kind by kind in the order of a pop, some at a time. */
  kinds(most: number): Kind[] {
    return prioritiesOf(this.#reading.queue).flatMap((priority) => [this.#returned(priority), ...(priority === 0 ? [this.#waiting(most)] : []), this.#ahead(priority, most)]);
  }

  /** Of one partition, first to last. */
  async *ofPartition(partition: string, most: number): Kind {
    const { view, subjects } = this.#reading;
    if (!view.isFree(partition)) return;
    for (let after = view.parts.get(partition)?.pos ?? view.at(0); ; ) {
      const read = await this.#reading.chunk(subjects.partition(partition), after + 1, Math.min(CHUNK, Math.max(3, most)));
      const last = read.at(-1);
      if (last === undefined) return;
      after = last.seq;
      yield { read: read.length, messages: await this.#open(read) };
      if (this.#blocked.has(partition)) return;
    }
  }

  /** Scheduled ones whose time has come: a pop brings them to the tail first. */
  async *due(): AsyncGenerator<LogMessage[]> {
    const { view, now } = this.#reading;
    for await (const messages of scheduledFrom(this.#reading, { due: -1, seq: 0 }, now)) {
      yield messages.filter((message) => {
        const { partition } = whereOf(message);
        return dueOf(message) <= now && (partition === null || (view.isFree(partition) && !this.#blocked.has(partition)));
      });
    }
  }

  /** Given back, or in leases that ran out: they come before the log. */
  async *#returned(priority: number): Kind {
    const seqs = this.#reading.view.returned(priority);
    for (let i = 0; i < seqs.length; i += CHUNK) {
      const read = await this.#reading.messages(seqs.slice(i, i + CHUNK));
      yield { read: read.length, messages: read.filter((message) => this.#isReady(message)) };
    }
  }

  /** Partitions with messages that the group has passed: as far as the record knows them. */
  async *#waiting(most: number): Kind {
    const { view } = this.#reading;
    const waiting = [...view.parts].filter(([partition, { n }]) => n > 0 && view.isFree(partition)).sort(([, a], [, b]) => a.pos - b.pos);
    for (let from = 0; from < waiting.length; ) {
      const some: [string, Part][] = [];
      for (let sum = 0; sum < most && some.length < CHUNK && from < waiting.length; from++) {
        const one = waiting[from];
        if (one === undefined) break;
        some.push(one);
        sum += one[1].n;
      }
      const heads = await Promise.all(some.map(([partition, part]) => this.#upToTail(partition, part, most)));
      for (const read of heads) yield { read: read.length, messages: await this.#open(read) };
    }
  }

  async #upToTail(partition: string, { pos, tail, n, done = [] }: Part, most: number): Promise<LogMessage[]> {
    const read = await this.#reading.chunk(this.#reading.subjects.partition(partition), pos + 1, Math.min(CHUNK, most + done.length, n + done.length));
    return read.filter(({ seq }) => seq <= tail);
  }

  /** The log behind the group. */
  async *#ahead(priority: number, most: number): Kind {
    const { view, subjects } = this.#reading;
    for (let after = view.at(priority); ; ) {
      const count = Math.min(CHUNK, Math.max(3, most + 1));
      const { messages, read, to } = priority === 0 ? await this.#reading.entered(after + 1, count) : await this.#reading.some(subjects.lane(priority), after + 1, count);
      if (to === null) return;
      after = to;
      yield { read, messages: await this.#open(messages.filter(({ seq, place }) => place.priority === priority && seq > this.#known(place.partition))) };
    }
  }

  /** As far as the record knows the partition; those messages come with the waiting ones. */
  #known(partition: string | null): number {
    return partition === null ? 0 : (this.#reading.view.parts.get(partition)?.tail ?? 0);
  }

  /** Those that nothing holds up. */
  async #open(messages: readonly LogMessage[]): Promise<LogMessage[]> {
    const found: LogMessage[] = [];
    for (const message of messages) {
      const { partition } = message.place;
      if (partition !== null && this.#isBlocked(partition)) continue;
      const { state } = this.#reading.view.of(message);
      if (state === "completed" || isExpired(message, this.#reading.now)) continue;
      if (state === "ready" && (await this.#dueAt(message)) <= this.#reading.now) found.push(message);
      else if (partition !== null) this.#blocked.add(partition);
    }
    return found;
  }

  #isBlocked(partition: string): boolean {
    if (!this.#blocked.has(partition) && !this.#reading.view.isFree(partition)) this.#blocked.add(partition);
    return this.#blocked.has(partition);
  }

  #isReady(message: LogMessage): boolean {
    return this.#reading.view.of(message).state === "ready" && !isExpired(message, this.#reading.now);
  }

  async #dueAt(message: LogMessage): Promise<Instant> {
    const { delayedProcessing, windowBuffer } = this.#reading.queue.options;
    const young = message.at + delayedProcessing;
    return windowBuffer === 0 ? young : Math.max(young, await this.#quietAt(message));
  }

  /** When none has come for the length of the window. */
  async #quietAt({ at, place }: LogMessage): Promise<Instant> {
    const { engine: { api }, subjects, queue } = this.#reading;
    const filter = place.partition === null ? subjects.message(place).replace(/[^.]*$/, "*") : subjects.partition(place.partition);
    const key = place.partition ?? null;
    const last = this.#quiet.get(key) ?? api.read(subjects.log, { last_by_subj: filter }).then((stored) => stored?.at ?? at);
    this.#quiet.set(key, last);
    return (await last) + queue.options.windowBuffer;
  }
}
