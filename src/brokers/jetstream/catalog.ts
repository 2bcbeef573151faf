import type { Subscription } from "@nats-io/transport-node";
import { DEFAULT_OPTIONS, isQueuescopeError, mergeOptions, queueName, QueuescopeError } from "../../core/index.ts";
import type { QueueOptionsInput } from "../../core/index.ts";
import { type Api, isApiError, WRONG_LAST_SEQUENCE } from "./api.ts";
import type { Definition } from "./definition.ts";
import { newQueueId } from "./ids.ts";
import type { LogMessage } from "./message.ts";
import type { Publisher } from "./publisher.ts";
import { definition, DEFINITIONS, META_STREAM, Subjects } from "./subjects.ts";
import type { Streams } from "./streams.ts";

interface Known {
  readonly definition: Definition;
  readonly seq: number;
}

const TRIES = 20;
const MOST_QUEUES = 1_000_000;

/** The definitions of all queues, kept in memory until one is written again, by whomever. */
export class Catalog {
  readonly #api: Api;
  readonly #publisher: Publisher;
  readonly #streams: Streams;
  readonly #now: () => number;
  readonly #known = new Map<string, Known>();
  /** By subject: the queue that was found there last. */
  readonly #ids = new Map<string, string>();
  #subscription: Subscription | undefined;
  /** Told of queues that were deleted, by whomever, as soon as this process hears so. */
  onGone: (id: string) => void = () => undefined;

  constructor(api: Api, publisher: Publisher, streams: Streams, now: () => number) {
    this.#api = api;
    this.#publisher = publisher;
    this.#streams = streams;
    this.#now = now;
  }

  /** @throws queue-not-found */
  async need(name: string): Promise<Definition> {
    const found = await this.find(queueName(name));
    if (found === undefined) throw queueNotFound(name);
    return found;
  }

  async find(name: string): Promise<Definition | undefined> {
    const subject = definition(name);
    const known = this.#known.get(subject) ?? (await this.#load(subject));
    return known?.definition.name === name && known.definition.deleted !== true ? known.definition : undefined;
  }

  /** The queue whose messages have ids with this. */
  async byId(id: string): Promise<Definition | undefined> {
    const find = (): Definition | undefined => [...this.#known.values()].find((known) => known.definition.id === id && known.definition.deleted !== true)?.definition;
    const known = find();
    if (known !== undefined) return known;
    await this.all();
    return find();
  }

  /** In name order. */
  async all(): Promise<Definition[]> {
    this.#listen();
    const stored = await this.#definitions();
    // One that can't be read is refused when it is asked for; the others are as good as ever.
    const read = stored.flatMap(({ subject, seq, data }) => (isReadable(data, subject) ? [{ subject, known: { seq, definition: parse(data, subject) } }] : []));
    for (const { subject, known } of read) this.#learn(subject, known);
    const there = new Set(stored.map(({ subject }) => subject));
    for (const subject of [...this.#ids.keys()]) if (!there.has(subject)) this.#learn(subject, undefined);
    return read.map(({ known }) => known.definition).filter(({ deleted }) => deleted !== true).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async #definitions(): Promise<LogMessage[]> {
    try {
      return await this.#api.readMany(META_STREAM, DEFINITIONS, 1, MOST_QUEUES);
    } catch (error) {
      // No queue was ever made here.
      if (isQueuescopeError(error, "queue-not-found")) return [];
      throw error;
    }
  }

  /** @throws queue-exists */
  async create(name: string, options: QueueOptionsInput = {}): Promise<Definition> {
    queueName(name);
    const wanted: Definition = { v: 1, id: newQueueId(), name, options: mergeOptions(DEFAULT_OPTIONS, options), paused: false, createdAt: this.#now(), priorities: 1 };
    await this.#streams.ensureMeta();
    const subject = definition(name);
    for (let tries = 0; tries < TRIES; tries++) {
      const before = await this.#load(subject);
      if (before !== undefined && before.definition.deleted !== true) {
        if (before.definition.name !== name) throw new QueuescopeError("queue-exists", `The queue ${before.definition.name} has the same short name on NATS as ${name}. Choose another name.`, { queue: name });
        throw new QueuescopeError("queue-exists", `The queue ${name} exists already. Configure it instead, or choose another name.`, { queue: name });
      }
      // What is left of one that is being deleted goes first.
      if (before !== undefined) await this.#streams.remove(new Subjects(name));
      const atomic = await this.#streams.ensure(new Subjects(name), wanted.options);
      const made: Definition = atomic ? { ...wanted, atomic } : wanted;
      if (await this.#store(subject, made, before?.seq ?? 0)) return made;
    }
    throw busy(name);
  }

  /** @throws queue-not-found */
  async change(name: string, how: (before: Definition) => Definition): Promise<Definition> {
    const subject = definition(name);
    for (let tries = 0; tries < TRIES; tries++) {
      const before = await this.#load(subject);
      if (before === undefined || before.definition.deleted === true || before.definition.name !== name) throw queueNotFound(name);
      const after = how(before.definition);
      if (after === before.definition || (await this.#store(subject, after, before.seq))) return after;
    }
    throw busy(name);
  }

  /** @throws queue-not-found */
  async delete(name: string): Promise<void> {
    await this.change(name, (before) => ({ ...before, deleted: true }));
    await this.#streams.remove(new Subjects(name));
    await this.#api.purge(META_STREAM, { filter: definition(name) });
    this.#learn(definition(name), undefined);
  }

  /** The next use reads it anew. */
  forget(name: string): void {
    this.#known.delete(definition(name));
  }

  forgetAll(): void {
    this.#known.clear();
  }

  close(): void {
    this.#subscription?.unsubscribe();
  }

  async #load(subject: string): Promise<Known | undefined> {
    this.#listen();
    this.#learn(subject, await this.#read(subject));
    return this.#known.get(subject);
  }

  async #read(subject: string): Promise<Known | undefined> {
    try {
      const stored = await this.#api.read(META_STREAM, { last_by_subj: subject });
      return stored === undefined ? undefined : { seq: stored.seq, definition: parse(stored.data, subject) };
    } catch (error) {
      // No queue was ever made here.
      if (!isQueuescopeError(error, "queue-not-found")) throw error;
      return undefined;
    }
  }

  #learn(subject: string, found: Known | undefined): void {
    if (found === undefined) this.#known.delete(subject);
    else this.#known.set(subject, found);
    this.#put(subject, found?.definition);
  }

  /** The queue that had this place before is gone, unless it is the same. */
  #put(subject: string, found: Definition | undefined): void {
    const before = this.#ids.get(subject);
    const id = found?.deleted === true ? undefined : found?.id;
    if (id === undefined) this.#ids.delete(subject);
    else this.#ids.set(subject, id);
    if (before !== undefined && before !== id) this.onGone(before);
  }

  /** `false` when somebody else was first. */
  async #store(subject: string, made: Definition, after: number): Promise<boolean> {
    try {
      const { seq } = await this.#publisher.publish({ subject, data: JSON.stringify(made), headers: { "Nats-Expected-Last-Subject-Sequence": String(after) } });
      this.#learn(subject, { definition: made, seq });
      return true;
    } catch (error) {
      if (isApiError(error, WRONG_LAST_SEQUENCE)) return false;
      throw error;
    }
  }

  /** Whoever writes a definition publishes it: the same message tells that what we know may be old. */
  #listen(): void {
    this.#subscription ??= this.#api.link.nc.subscribe(DEFINITIONS, {
      callback: (error, { subject, data }) => {
        if (error !== null) return;
        this.#known.delete(subject);
        // It may not be stored yet, or be refused: then what is dropped is read anew.
        const heard = isReadable(data, subject) ? parse(data, subject) : undefined;
        if (heard !== undefined && (heard.deleted === true || heard.id !== this.#ids.get(subject))) this.#put(subject, undefined);
      },
    });
  }
}

export function queueNotFound(name: string): QueuescopeError {
  return new QueuescopeError("queue-not-found", `There is no queue ${name}. Create it, or push to it: a push makes a missing queue.`, { queue: name });
}

function busy(name: string): QueuescopeError {
  return new QueuescopeError("busy", `The definition of the queue ${name} is changed by others all the time. Try again.`, { queue: name });
}

function isReadable(data: Uint8Array, subject: string): boolean {
  try {
    parse(data, subject);
    return true;
  } catch (error) {
    if (error instanceof QueuescopeError) return false;
    throw error;
  }
}

function parse(data: Uint8Array, subject: string): Definition {
  try {
    const value = JSON.parse(Buffer.from(data).toString()) as Omit<Definition, "v"> & { v: number };
    if (value.v !== 1) throw new QueuescopeError("version-unsupported", `A queue's definition was written by a newer Queuescope (${subject}, version ${String(value.v)}). Update this one.`);
    return { ...value, v: 1, options: { ...DEFAULT_OPTIONS, ...value.options } };
  } catch (cause) {
    if (cause instanceof QueuescopeError) throw cause;
    throw new QueuescopeError("corrupt", `A definition in the stream ${META_STREAM} can't be read (${subject}): somebody else wrote there. The queue's messages are untouched: remove what was written, and the next push defines the queue anew over them.`, { cause });
  }
}
