import { QueuescopeError } from "../../core/index.ts";
import { isApiError, WRONG_LAST_SEQUENCE } from "./api.ts";
import type { Engine } from "./engine.ts";
import { enclosed, HEADER } from "./message.ts";
import type { LogMessage } from "./message.ts";
import { overlaid } from "./overlay.ts";
import type { Publication } from "./publisher.ts";
import { Subjects } from "./subjects.ts";
import type { Where } from "./subjects.ts";

/** Milliseconds after which the list of due seconds is read anew, in case a notice was lost. */
const STALE = 30_000;
/** Messages that are brought in at a time. */
const AT_ONCE = 200;

/**
 * Scheduled messages of a queue: each stands on the subject of the second in which it is due, so that those that are
 * due are found without reading the others. Whoever pops brings them in first.
 */
export class Timetable {
  readonly #engine: Engine;
  readonly #subjects: Subjects;
  /** Seconds in which something is due, and when the first of it is, or may be. */
  readonly #seconds = new Map<number, number>();
  #readAt = -Infinity;
  /** How often one was added. */
  #added = 0;

  constructor(engine: Engine, queue: string) {
    this.#engine = engine;
    this.#subjects = new Subjects(queue);
  }

  get queue(): string {
    return this.#subjects.queue;
  }

  add(due: number): void {
    const second = Math.floor(due / 1000);
    this.#added += 1;
    this.#seconds.set(second, Math.min(due, this.#seconds.get(second) ?? Infinity));
  }

  /** When the next one is due, as far as is known. */
  get next(): number {
    let next = Infinity;
    for (const due of this.#seconds.values()) next = Math.min(next, due);
    return next;
  }

  /** How many are due, and not brought in yet. */
  async dueNow(): Promise<number> {
    if (performance.now() - this.#readAt > STALE) await this.#read();
    const now = this.#engine.now();
    const seconds = [...this.#seconds.keys()].filter((second) => second * 1000 <= now);
    const counts = await Promise.all(seconds.map(async (second) => {
      const subject = this.#subjects.scheduled(second * 1000);
      if (second * 1000 + 999 <= now) return this.#engine.api.countFrom(this.#subjects.log, subject, { seq: 1 });
      const found = await this.#engine.api.readMany(this.#subjects.log, subject, 1, 1_000);
      return found.filter((message) => dueOf(message) <= now).length;
    }));
    return counts.reduce((sum, n) => sum + n, 0);
  }

  /** Brings in what is due. */
  async bringIn(): Promise<void> {
    const { now } = this.#engine;
    if (performance.now() - this.#readAt > STALE) await this.#read();
    const due = [...this.#seconds].flatMap(([second, at]) => (at <= now() ? [second] : []));
    for (const second of due.sort((a, b) => a - b)) await this.#fire(second);
  }

  async #read(): Promise<void> {
    // Notices that come while this is read stay.
    const known = [...this.#seconds.keys()];
    const found = await this.#engine.api.subjects(this.#subjects.log, this.#subjects.allScheduled);
    const seconds = new Set([...found.keys()].map((subject) => Number(subject.split(".").at(-1))));
    for (const second of known) if (!seconds.has(second)) this.#seconds.delete(second);
    for (const second of seconds) this.#seconds.set(second, second * 1000);
    this.#readAt = performance.now();
  }

  /** Those of one second that are due. */
  async #fire(second: number): Promise<void> {
    const { api, now } = this.#engine;
    const subject = this.#subjects.scheduled(second * 1000);
    for (;;) {
      const added = this.#added;
      const found = await api.readMany(this.#subjects.log, subject, 1, AT_ONCE);
      const due = found.filter((message) => dueOf(message) <= now()).sort((a, b) => dueOf(a) - dueOf(b) || a.seq - b.seq);
      if (due.length === 0) {
        // Notices that came while this was read stay.
        if (added !== this.#added) return;
        if (found.length === 0) this.#seconds.delete(second);
        else if (found.length < AT_ONCE) this.#seconds.set(second, Math.min(...found.map(dueOf)));
        return;
      }
      await this.#enter(due);
    }
  }

  /** Each enters once: its subject there has its number, and a second message on it is refused. */
  async #enter(due: readonly LogMessage[]): Promise<void> {
    const { api, publisher } = this.#engine;
    const edits = await api.subjects(this.#subjects.state, this.#subjects.edit("*"));
    const edited = await Promise.all(due.map(async (message) => (edits.has(this.#subjects.edit(message.seq)) ? overlaid(this.#engine, this.#subjects, message) : message)));
    const entered = await publisher.publishAll(edited.map((message) => this.#entry(message)));
    const places = await Promise.all(due.map(async (message, i) => {
      const result = entered[i];
      if (result === undefined) throw new Error("each publication has a result");
      if (!(result instanceof QueuescopeError)) return { message, seq: result.seq };
      if (!isApiError(result, WRONG_LAST_SEQUENCE)) throw result;
      const there = await api.read(this.#subjects.log, { last_by_subj: this.#subjects.message(whereOf(message), message.seq) });
      return { message, seq: there?.seq };
    }));
    const marks = places.flatMap(({ message, seq }) => (seq === undefined ? [] : [{ subject: this.#subjects.fired(message.seq), data: String(seq) }]));
    for (const result of await publisher.publishAll(marks)) if (result instanceof QueuescopeError) throw result;
    await Promise.all(due.map(({ seq }) => api.deleteMessage(this.#subjects.log, seq)));
    this.#engine.changed(this.#subjects);
  }

  #entry(message: LogMessage): Publication {
    const { now, stamps } = this.#engine;
    // Its id tells a second one even when the first was removed.
    const headers: Record<string, string> = { "Nats-Expected-Last-Subject-Sequence": "0", "Nats-Msg-Id": `entry=${message.seq}` };
    for (const name of message.headerNames) if (!LEFT.has(name) && !name.startsWith("Nats-")) headers[name] = message.header(name) ?? "";
    const ttl = message.header(HEADER.ttl);
    if (ttl !== undefined) headers[HEADER.expires] = String(now() + Number(ttl));
    if (stamps) headers[HEADER.at] = String(now());
    return { subject: this.#subjects.message(whereOf(message), message.seq), ...enclosed(headers, message.data) };
  }
}

/** Headers that end with the wait; the server's own do too. */
const LEFT: ReadonlySet<string> = new Set([HEADER.due, HEADER.ttl, HEADER.place, HEADER.at]);

export function dueOf(message: LogMessage): number {
  return Number(message.header(HEADER.due) ?? 0);
}

/** Where a scheduled message will enter. */
export function whereOf(message: LogMessage): Where {
  return JSON.parse(message.header(HEADER.place) ?? '{"partition":null,"priority":0}') as Where;
}
