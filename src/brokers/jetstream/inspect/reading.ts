import { SCAN_BYTES } from "../../../core/index.ts";
import type { Instant, Message, MessageBase } from "../../../core/index.ts";
import { DEATH } from "../burial.ts";
import type { Death } from "../burial.ts";
import type { Definition } from "../definition.ts";
import { baseOf } from "../delivery.ts";
import { kept } from "../ending.ts";
import type { Engine } from "../engine.ts";
import type { Log } from "../log.ts";
import { HEADER, LogMessage } from "../message.ts";
import { overlaid } from "../overlay.ts";
import { Subjects } from "../subjects.ts";
import { dueOf, whereOf } from "../timetable.ts";
import { lastBelow } from "./backwards.ts";
import { viewOf } from "./view.ts";
import type { GroupView, Standing } from "./view.ts";

/** Requests that are under way at a time: more would only wait in the server. */
const AT_ONCE = 200;

const SCHEDULED: Omit<Standing, "state" | "until"> = { charges: 0, deliveries: 0, worker: null, lease: null, error: null };

export interface Chunk {
  readonly messages: LogMessage[];
  /** Entries that were read for them. */
  readonly read: number;
  /** The last one of them; `null` at the end. */
  readonly to: number | null;
}

/** Messages of one queue as one group sees them, read for one call. */
export class Reading {
  readonly engine: Engine;
  readonly queue: Definition;
  readonly subjects: Subjects;
  readonly view: GroupView;
  /** Messages that were edited. */
  readonly #edited: ReadonlySet<number>;

  private constructor(engine: Engine, queue: Definition, view: GroupView, edited: ReadonlySet<number>) {
    this.engine = engine;
    this.queue = queue;
    this.subjects = new Subjects(queue.name);
    this.view = view;
    this.#edited = edited;
  }

  static async open(engine: Engine, queue: Definition, group: string): Promise<Reading> {
    const [view, edited] = await Promise.all([viewOf(engine, queue, group), editedOf(engine, queue)]);
    return new Reading(engine, queue, view, edited);
  }

  /** The same messages as another group sees them. */
  async as(group: string): Promise<Reading> {
    return new Reading(this.engine, this.queue, await viewOf(this.engine, this.queue, group), this.#edited);
  }

  get log(): Log {
    return this.engine.session(this.queue, this.view.group).log;
  }

  get now(): Instant {
    return this.view.now;
  }

  /** Up to `most` messages of the filter from `from` on, as they were last edited; fewer where they are large. */
  async some(filter: string, from: number, most: number): Promise<Chunk> {
    return chunkOf(await this.chunk(filter, from, most));
  }

  /** The same, as a list. */
  async chunk(filter: string, from: number, most: number): Promise<LogMessage[]> {
    return this.asEdited(await this.engine.api.readMany(this.subjects.log, filter, from, most, { bytes: SCAN_BYTES / 4 }));
  }

  /**
   * Messages that entered, among up to `most` entries of the log from `from` on, of whichever kind: the server would
   * have to go through all partitions for a filter of them.
   */
  async entered(from: number, most: number): Promise<Chunk> {
    const read = await this.engine.api.readMany(this.subjects.log, null, from, most, { bytes: SCAN_BYTES / 4 });
    return { messages: await this.asEdited(read.filter((message) => this.subjects.isMessage(message.subject))), read: read.length, to: read.at(-1)?.seq ?? null };
  }

  /** The last ones of the filter (`null`: that entered, among up to `most` entries) below a sequence, the latest first. */
  async below(filter: string | null, top: number, most: number): Promise<Chunk> {
    const read = await lastBelow(this.engine.api, this.subjects.log, filter, top, most, SCAN_BYTES / 4);
    const messages = filter === null ? read.filter((message) => this.subjects.isMessage(message.subject)) : read;
    return { messages: await this.asEdited(messages), read: read.length, to: read.at(-1)?.seq ?? null };
  }

  /** Those that are still there, and messages that entered. */
  async messages(seqs: readonly number[]): Promise<LogMessage[]> {
    const found = await pipelined(seqs, (seq) => this.log.message(seq));
    return this.asEdited(found.filter((message) => message !== undefined));
  }

  /** With those that died told apart. */
  async standings(messages: readonly LogMessage[]): Promise<Standing[]> {
    return pipelined(messages, async (message) => {
      const standing = this.view.of(message);
      return standing.state === "completed" ? ((await this.#death(message.seq)) ?? standing) : standing;
    });
  }

  async #death(seq: number): Promise<Standing | undefined> {
    const { api } = this.engine;
    const stored = await api.read(this.subjects.log, { last_by_subj: this.subjects.deadOf(this.view.group, seq) });
    const death = stored === undefined ? undefined : LogMessage.ofStored(stored).header(DEATH);
    if (death === undefined) return undefined;
    const { c, d, err } = JSON.parse(death) as Death;
    return { state: "dead", charges: c, deliveries: d, until: null, worker: null, lease: null, error: err ?? null };
  }

  shown(message: LogMessage, standing: Standing): Message {
    return this.#with(baseOf(this.engine, this.queue, message), standing);
  }

  /** Of a message that waits for its time, or that nobody has brought in since it came. */
  shownScheduled(message: LogMessage): Message {
    const where = whereOf(message);
    const due = dueOf(message);
    const place = { partition: where.partition, priority: where.partition === null ? where.priority : 0, alias: null };
    const ttl = message.header(HEADER.ttl);
    const base = { ...baseOf(this.engine, this.queue, message, place), expiresAt: ttl === undefined ? null : due + Number(ttl) };
    return this.#with(base, due <= this.now ? { ...SCHEDULED, state: "ready", until: null } : { ...SCHEDULED, state: "scheduled", until: due });
  }

  #with(base: MessageBase, { state, charges, deliveries, until, worker, error }: Standing): Message {
    return { ...base, state, group: this.view.group, charges, deliveryCount: deliveries, until, worker, lastError: error === null ? null : kept(this.engine.crypt, error) };
  }

  asEdited(messages: readonly LogMessage[]): Promise<LogMessage[]> {
    return Promise.all(messages.map(async (message) => (this.#edited.has(message.seq) ? overlaid(this.engine, this.subjects, message) : message)));
  }
}

export function chunkOf(messages: LogMessage[]): Chunk {
  return { messages, read: messages.length, to: messages.at(-1)?.seq ?? null };
}

/** Edits are made by hand: they are few, and told with one request. */
async function editedOf({ api }: Engine, queue: Definition): Promise<ReadonlySet<number>> {
  const subjects = new Subjects(queue.name);
  const found = await api.subjects(subjects.state, subjects.edit("*"));
  return new Set([...found.keys()].map((subject) => Number(subject.split(".").at(-1))));
}

/** Each by its own request, many at a time. */
export async function pipelined<A, B>(items: readonly A[], request: (item: A) => Promise<B>): Promise<B[]> {
  const results: B[] = [];
  for (let i = 0; i < items.length; i += AT_ONCE) results.push(...(await Promise.all(items.slice(i, i + AT_ONCE).map(request))));
  return results;
}

/** Its ttl is over: nobody is given it any more, and nobody is shown it. */
export function isExpired(message: LogMessage, now: Instant): boolean {
  return message.expires !== null && message.expires <= now;
}
