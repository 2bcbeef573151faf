import {
  checkPushItems, type BrowseRequest, type DeadLetter, type DeadLetterFilter, type DeadQueue, instant, invalidInput, type LeasedMessage, type Message, type Page, type PageRequest,
  payloadText, type PushItem, type PushResult, type QueueInfo, QueuescopeError, type QueueStats, type RedriveRequest, type RedriveResult, type TraceEvent, type WorkerInfo, type GroupInfo,
} from "../../../core/index.ts";
import type { Publisher } from "../publisher.ts";
import { below } from "./below.ts";
import type { ForeignQueue, Layout, Outgoing, Place } from "./layout.ts";
import type { Marks } from "./marks.ts";
import type { Source } from "./source.ts";
import { countsOf, groupOf, infoOf, leaseEnd, messageOf, stateOf } from "./view.ts";

/** Messages read in one call. */
const MOST_READ = 1_000;
/** Payloads held in one call. */
const MOST_BYTES = 8 * 1024 * 1024;
const DEAD_COUNTED = 10_000;
const REDRIVEN_AT_ONCE = 200;

/** A message of a foreign queue, to be pushed to a queue of Queuescope's own. */
export type PushToOwn = (queue: string, items: readonly PushItem[]) => Promise<PushResult[]>;

/**
 * Queues of other systems on the same JetStream, by their names' prefix. Reads make no consumer; pushes and redrives are
 * in the system's own form; their streams and consumers stay as they are.
 */
export class ForeignQueues {
  readonly #source: Source;
  readonly #publisher: Publisher;
  readonly #marks: Marks;
  readonly #layouts: readonly Layout[];

  constructor(source: Source, publisher: Publisher, marks: Marks, layouts: readonly Layout[]) {
    this.#source = source;
    this.#publisher = publisher;
    this.#marks = marks;
    this.#layouts = layouts;
  }

  /** Whether a name or an id is of a queue of another system. */
  owns(name: string): boolean {
    return typeof name === "string" && this.#layouts.some(({ prefix }) => name.startsWith(prefix));
  }

  /** Why something can't be done here. */
  refusal(name: string, what: string): QueuescopeError {
    const { product } = this.#layoutOf(name);
    return new QueuescopeError("unsupported", `${name} belongs to ${product}: ${what}`, { queue: name });
  }

  readOnly(name: string): QueuescopeError {
    return new QueuescopeError("read-only", `This connection is read-only, so nothing can be pushed to ${name}.`, { queue: name });
  }

  /** As `after` of a list: before the first of them. */
  get beforeFirst(): string {
    return this.#layouts.map(({ prefix }) => prefix).sort()[0] ?? "";
  }

  // ---------------------------------------------------------------- queues

  /** In name order. Without the permission to look there are none. */
  async list(request: PageRequest & { readonly match?: string | undefined } = {}): Promise<Page<QueueInfo>> {
    const { items, next } = await this.#page(request);
    return { items: await Promise.all(items.map(({ layout, queue }) => infoOf(layout, queue))), next };
  }

  /** In name order. */
  async #page({ after, limit, match }: PageRequest & { readonly match?: string | undefined }): Promise<Page<{ readonly layout: Layout; readonly queue: ForeignQueue }>> {
    const all = (await Promise.all(this.#layouts.map(async (layout) => (await orNone(layout.queues())).map((queue) => ({ layout, queue }))))).flat();
    const wanted = all.filter(({ queue: { name } }) => (after === undefined || name > after) && (match === undefined || name.toLowerCase().includes(match.toLowerCase())));
    wanted.sort((a, b) => (a.queue.name < b.queue.name ? -1 : 1));
    const size = pageSize(limit);
    const items = wanted.slice(0, size);
    return { items, next: wanted.length > size ? (items.at(-1)?.queue.name ?? null) : null };
  }

  async get(name: string): Promise<QueueInfo> {
    const { layout, queue } = await this.#queue(name);
    return await infoOf(layout, queue);
  }

  async stats(name: string): Promise<QueueStats> {
    const { layout, queue } = await this.#queue(name);
    const [counts, first, last, groups] = await Promise.all([
      countsOf(layout, queue),
      this.#source.next(queue.stream, queue.subject, 1),
      this.#source.last(queue.stream, queue.subject),
      this.groups(name),
    ]);
    return {
      queue: name,
      messages: queue.messages + counts.scheduled,
      counts,
      neverDelivered: counts.ready,
      totalDeliveries: queue.consumer?.delivered.consumer_seq ?? 0,
      bytes: queue.bytes,
      oldestReadyAge: groups[0]?.oldestReadyAge ?? null,
      firstId: first === undefined ? null : layout.idOf(queue.stream, first.seq),
      lastId: last === undefined ? null : layout.idOf(queue.stream, last.seq),
      partitions: 0,
      groups,
      fileSize: null,
    };
  }

  /** One: whoever shares the durable consumer. */
  async groups(name: string): Promise<GroupInfo[]> {
    const { layout, queue } = await this.#queue(name);
    const [counts, workers, oldest] = await Promise.all([countsOf(layout, queue), layout.workers(), this.#source.next(queue.stream, queue.subject, nextToDeliver(queue))]);
    const names = workers.flatMap((worker) => (worker.live && worker.queues.includes(name) ? [worker.id] : []));
    return [groupOf(queue, counts, oldest === undefined ? null : Math.max(0, Date.now() - oldest.at), names)];
  }

  // ---------------------------------------------------------------- messages

  async peek(name: string, { limit = 10, partition }: { readonly limit?: number | undefined; readonly partition?: string | undefined } = {}): Promise<Message[]> {
    if (partition !== undefined) return [];
    const { layout, queue } = await this.#queue(name);
    const dead = await layout.deadMessages(queue);
    const { stored } = await this.#read(queue, nextToDeliver(queue), pageSize(limit));
    return stored.filter(({ seq }) => !dead.has(seq)).map((one) => messageOf(layout, queue, one, "ready"));
  }

  async browse(name: string, request: BrowseRequest = {}): Promise<Page<Message>> {
    if (request.partition !== undefined) return { items: [], next: null };
    const { layout, queue } = await this.#queue(name);
    const after = request.after === undefined ? undefined : this.#placeOf(layout, request.after);
    if (request.order === "newest") return await this.#browseNewest(layout, queue, request, after);
    if (request.state === "dead" && !layout.keepsCompleted) return await this.#browseDead(layout, queue, request);
    const size = pageSize(request.limit);
    const items: Message[] = [];
    if (after?.kind !== "scheduled" && request.state !== "scheduled") {
      const dead = await layout.deadMessages(queue);
      const { stored, next } = await this.#read(queue, (after?.seq ?? 0) + 1, size);
      items.push(...stored.map((one) => messageOf(layout, queue, one, stateOf(layout, queue, one.seq, dead))));
      if (next !== null) return { items: items.filter((message) => fits(message, request)), next: layout.idOf(queue.stream, next) };
    }
    const scheduled = request.scheduled === false ? [] : await layout.scheduled(queue);
    const from = after?.kind === "scheduled" ? scheduled.findIndex(({ id }) => id === request.after) + 1 : 0;
    const rest = scheduled.slice(from, from + Math.max(1, size - items.length));
    const more = from + rest.length < scheduled.length;
    return { items: [...items, ...rest].filter((message) => fits(message, request)), next: more ? (rest.at(-1)?.id ?? null) : null };
  }

  async #browseNewest(layout: Layout, queue: ForeignQueue, request: BrowseRequest, after: Place | undefined): Promise<Page<Message>> {
    if (request.state === "dead" && !layout.keepsCompleted) throw this.refusal(queue.name, "its dead messages are listed in the order they died only. Ask for the oldest first.");
    const size = pageSize(request.limit);
    const wanted = (message: Message): boolean => fits(message, request);
    const scheduled = after === undefined || after.kind === "scheduled" ? (await layout.scheduled(queue)).reverse() : [];
    const from = after === undefined ? 0 : scheduled.findIndex(({ id }) => id === request.after) + 1;
    const waiting = scheduled.slice(from, from + size);
    const last = waiting.at(-1);
    if (request.scheduled !== false && last !== undefined) return { items: waiting.filter(wanted), next: last.id };
    if (request.state === "scheduled") return { items: [], next: null };
    const [dead, { stored, next }] = await Promise.all([
      layout.deadMessages(queue),
      below(this.#source, queue, after?.kind === "scheduled" ? Infinity : (after?.seq ?? Infinity), { limit: size, reads: MOST_READ, bytes: MOST_BYTES }),
    ]);
    const messages = stored.map((one) => messageOf(layout, queue, one, stateOf(layout, queue, one.seq, dead)));
    return { items: messages.filter(wanted), next: next === null ? null : layout.idOf(queue.stream, next) };
  }

  async read(id: string): Promise<Message> {
    const layout = this.#layoutOf(id);
    const place = this.#placeOf(layout, id);
    const message = place.kind === "scheduled" ? await layout.scheduledMessage(place.key) : await this.#readStored(layout, place);
    if (message === undefined) throw notFound(id);
    return message;
  }

  async exists(ids: readonly string[]): Promise<string[]> {
    const found = await Promise.all(ids.map(async (id) => {
      try {
        return [(await this.read(id)).id];
      } catch (error) {
        if (error instanceof QueuescopeError && error.code === "message-not-found") return [];
        throw error;
      }
    }));
    return found.flat();
  }

  /** Those that may be leased: JetStream tells no more than where they lie, and when the last of them ends. */
  async leases(name: string, request: PageRequest = {}): Promise<Page<LeasedMessage>> {
    const { queue } = await this.#queue(name);
    const page = await this.browse(name, { ...request, state: "leased" });
    const ends = leaseEnd(queue) ?? Date.now();
    const leasedAt = ends - (queue.consumer?.config.ack_wait ?? 0) / 1e6;
    return { next: page.next, items: page.items.map((message) => ({ ...message, state: "leased", leasedAt, leaseExpiresAt: ends })) };
  }

  /** @throws invalid-input, unsupported, payload-too-large, queue-not-found, partial-push */
  async push(name: string, items: readonly PushItem[], { create = true }: { readonly create?: boolean } = {}): Promise<PushResult[]> {
    checkPushItems(items);
    const layout = this.#layoutOf(name);
    const queue = (await layout.find(name)) ?? (create ? await layout.fresh(name) : undefined);
    if (queue === undefined) throw notAQueue(name);
    const messages: Outgoing[] = [];
    for (const item of items) {
      refuseExtras(layout, name, item);
      messages.push(await layout.encode(queue, item));
    }
    const results: PushResult[] = [];
    for (const [i, message] of messages.entries()) {
      try {
        const { seq, duplicate } = await this.#publish(queue, message, items[i]?.transactionId === undefined ? undefined : `${name}:${message.transactionId}`);
        results.push({ id: layout.idOf(queue.stream, seq), status: duplicate ? "duplicate" : "queued", transactionId: message.transactionId, partition: null });
      } catch (cause) {
        if (results.length === 0) throw cause;
        throw new QueuescopeError("partial-push", `${results.length} of ${messages.length} messages were pushed to ${name}; then: ${cause instanceof Error ? cause.message : String(cause)}`, { queue: name, stored: results.map(({ id }) => id), cause });
      }
    }
    return results;
  }

  // ---------------------------------------------------------------- dead letters

  async deadLetters(name: string, request: PageRequest & DeadLetterFilter = {}): Promise<Page<DeadLetter>> {
    const { layout, queue } = await this.#queue(name);
    const { letters, next } = await layout.dead(queue, request.after, pageSize(request.limit));
    const marked = await this.#marked(name, letters);
    return { items: marked.filter((letter) => chosen(letter, request)), next };
  }

  /** Every one is read where a text or a time is asked for, otherwise they are counted. */
  async countDeadLetters(name: string, { limit = DEAD_COUNTED, ...filter }: DeadLetterFilter & { readonly limit?: number } = {}): Promise<number> {
    const { layout, queue } = await this.#queue(name);
    const { redriven, ...rest } = filter;
    const all = await layout.deadCount(queue);
    if (all === 0) return 0;
    const marks = Object.keys(rest).length > 0 || redriven === undefined ? [] : await this.#marks.ids(name);
    if (Object.keys(rest).length === 0 && marks.length <= MOST_READ) {
      const places = marks.map((id) => layout.place(id)).filter((place): place is DeadPlace => place?.kind === "dead");
      const still = (await Promise.all(places.map(({ seq }) => layout.isDead(queue, seq)))).filter(Boolean).length;
      return Math.min(limit, redriven === undefined ? all : redriven ? still : Math.max(0, all - still));
    }
    let count = 0;
    let after: string | undefined;
    do {
      const page = await this.deadLetters(name, { ...filter, limit: 1_000, ...(after === undefined ? {} : { after }) });
      count += page.items.length;
      after = page.next ?? undefined;
    } while (after !== undefined && count < limit);
    return Math.min(limit, count);
  }

  /** In name order. */
  async deadQueues(request: PageRequest): Promise<Page<DeadQueue>> {
    const page = await this.#page(request);
    const counted = await Promise.all(page.items.map(async ({ queue: { name } }) => ({ queue: name, waiting: await this.countDeadLetters(name, { redriven: false }) })));
    return { items: counted.filter(({ waiting }) => waiting > 0), next: page.next };
  }

  async deadLetter(id: string): Promise<DeadLetter> {
    const layout = this.#layoutOf(id);
    const letter = await layout.deadLetter(this.#placeOf(layout, id));
    if (letter === undefined) throw notFound(id);
    return (await this.#marked(letter.queue, [letter]))[0] ?? letter;
  }

  /** The dead letter stays where it is; a stream of Queuescope's own remembers to what it was redriven. */
  async redrive(name: string, request: RedriveRequest, pushToOwn: PushToOwn): Promise<RedriveResult> {
    const { filter, to = name, limit = REDRIVEN_AT_ONCE } = request;
    if (request.partition !== undefined && request.partition !== null) throw invalidInput("partition", "A redrive of another system's dead letter can't name a partition.");
    if ((request.payload !== undefined || request.headers !== undefined) && filter.ids?.length !== 1) throw invalidInput("payload", "New data or headers need exactly one dead letter, named by its id.");
    const letters = filter.ids === undefined ? await this.deadLetters(name, { ...filter, limit, ...(request.after === undefined ? {} : { after: request.after }) }) : { items: await this.#named(name, filter), next: null };
    const redriven: RedriveResult["redriven"][number][] = [];
    for (const letter of letters.items) {
      const before = letter.redriven.at(-1);
      if (before !== undefined && request.again !== true) {
        if (filter.ids !== undefined) redriven.push({ deadLetterId: letter.id, messageId: before.messageId, status: "already-redriven" });
        continue;
      }
      const messageId = await this.#redriveOne(letter, to, request, pushToOwn);
      await this.#marks.set(name, letter.id, { queue: to, messageId, at: Date.now() });
      redriven.push({ deadLetterId: letter.id, messageId, status: "redriven" });
    }
    return { redriven, more: letters.next !== null, next: letters.next };
  }

  // ---------------------------------------------------------------- the rest

  /** All that is known of a message's past: when it was stored. */
  async traces(id: string): Promise<Page<TraceEvent>> {
    const message = await this.read(id);
    return { items: [{ id: `${id}#pushed`, messageId: id, queue: message.queue, at: message.createdAt, type: "pushed", group: null, worker: null, attempt: null, names: [], data: null }], next: null };
  }

  async workers(): Promise<WorkerInfo[]> {
    return (await Promise.all(this.#layouts.map((layout) => orNone(layout.workers())))).flat();
  }

  close(): void {
    for (const layout of this.#layouts) layout.close();
  }

  async #redriveOne(letter: DeadLetter, to: string, { payload, headers, again }: RedriveRequest, pushToOwn: PushToOwn): Promise<string> {
    const changes = { ...(payload === undefined ? {} : { payload }), ...(headers === undefined ? {} : { headers }) };
    // Within the stream's window a redrive that is asked for twice at once is stored once.
    const once = `redrive:${letter.id}${again === true ? `:${letter.redriven.at(-1)?.at ?? 0}` : ""}`;
    if (!this.owns(to)) {
      const [pushed] = await pushToOwn(to, [{ payload: letter.payload, headers: letter.headers, transactionId: once, ...changes }]);
      if (pushed === undefined) throw new QueuescopeError("unavailable", `${to} took nothing of ${letter.id}. Try again.`);
      return pushed.id;
    }
    const layout = this.#layoutOf(to);
    if (layout !== this.#layoutOf(letter.queue)) throw invalidInput("to", `${letter.id} can't become a message of ${layout.product}: it is one of ${this.#layoutOf(letter.queue).product}.`);
    const queue = (await layout.find(to)) ?? (await layout.fresh(to));
    const { seq } = await this.#publish(queue, await layout.encodeAgain(queue, letter, changes), once);
    return layout.idOf(queue.stream, seq);
  }

  #publish({ stream, subject }: ForeignQueue, { data, headers }: Outgoing, once: string | undefined): ReturnType<Publisher["publish"]> {
    return this.#publisher.publish({ subject, data, headers: { ...headers, "Nats-Expected-Stream": stream, ...(once === undefined ? {} : { "Nats-Msg-Id": once }) } });
  }

  async #named(name: string, filter: DeadLetterFilter): Promise<DeadLetter[]> {
    const letters = await Promise.all((filter.ids ?? []).map((id) => this.deadLetter(id)));
    const strange = letters.find(({ queue }) => queue !== name);
    if (strange !== undefined) throw invalidInput("ids", `${strange.id} is a dead letter of ${strange.queue}, not of ${name}.`);
    return letters.filter((letter) => chosen(letter, filter));
  }

  async #marked(name: string, letters: readonly DeadLetter[]): Promise<DeadLetter[]> {
    const marks = await this.#marks.of(name, letters.map(({ id }) => id));
    return letters.map((letter, i) => {
      const mark = marks[i];
      return mark === undefined ? letter : { ...letter, redriven: [{ queue: mark.queue, messageId: mark.messageId, at: mark.at }] };
    });
  }

  /** Where failed messages have left the queue, dead ones are shown from where they are. */
  async #browseDead(layout: Layout, queue: ForeignQueue, request: BrowseRequest): Promise<Page<Message>> {
    const { letters, next } = await layout.dead(queue, request.after, pageSize(request.limit));
    return { items: letters.map(deadMessage).filter((message) => fits(message, request)), next };
  }

  async #readStored(layout: Layout, place: DeadPlace): Promise<Message | undefined> {
    if (place.kind === "dead") {
      const letter = await layout.deadLetter(place);
      return letter === undefined ? undefined : deadMessage(letter);
    }
    const stored = await this.#source.at(place.stream, place.seq);
    const queue = stored === undefined ? undefined : await layout.find(layout.queueOf(stored, place.stream));
    if (stored === undefined || queue === undefined) return undefined;
    return messageOf(layout, queue, stored, stateOf(layout, queue, stored.seq, await layout.deadMessages(queue)));
  }

  /** From `seq` on, within the bounds of a call; `next` is the last one read where there may be more. */
  async #read({ stream, subject }: ForeignQueue, seq: number, limit: number): Promise<{ stored: Stored[]; next: number | null }> {
    const stored: Stored[] = [];
    let [at, bytes] = [seq, 0];
    while (stored.length < Math.min(limit, MOST_READ) && bytes < MOST_BYTES) {
      const one = await this.#source.next(stream, subject, at);
      if (one === undefined) return { stored, next: null };
      stored.push(one);
      at = one.seq + 1;
      bytes += one.data.byteLength;
    }
    return { stored, next: at - 1 };
  }

  #layoutOf(name: string): Layout {
    const layout = this.#layouts.find(({ prefix }) => name.startsWith(prefix));
    if (layout === undefined) throw notAQueue(name);
    return layout;
  }

  async #queue(name: string): Promise<{ layout: Layout; queue: ForeignQueue }> {
    const layout = this.#layoutOf(name);
    const queue = await layout.find(name);
    if (queue === undefined) throw notAQueue(name);
    return { layout, queue };
  }

  #placeOf(layout: Layout, id: string): Place {
    const place = layout.place(id);
    if (place === undefined) throw notFound(id);
    return place;
  }
}

type Stored = NonNullable<Awaited<ReturnType<Source["at"]>>>;

type DeadPlace = Exclude<Place, { kind: "scheduled" }>;

function nextToDeliver({ consumer }: ForeignQueue): number {
  return (consumer?.delivered.stream_seq ?? 0) + 1;
}

function deadMessage(letter: DeadLetter): Message {
  const { id, queue, group, partition, payload, headers, transactionId, priority, createdAt, attempts, deliveryCount, error } = letter;
  return { id, queue, group, partition, payload, headers, transactionId, priority, createdAt, expiresAt: null, redrivenFrom: null, editedAt: null, state: "dead", charges: attempts, deliveryCount, until: null, worker: null, lastError: error };
}

function fits(message: Message, { state, match, from, to }: BrowseRequest): boolean {
  if (state !== undefined && message.state !== state) return false;
  if (from !== undefined && message.createdAt < instant(from, "from")) return false;
  if (to !== undefined && message.createdAt >= instant(to, "to")) return false;
  return match === undefined || holds(message, match);
}

function chosen(letter: DeadLetter, { ids, group, match, from, to, redriven }: DeadLetterFilter): boolean {
  if (ids !== undefined && !ids.includes(letter.id)) return false;
  if (group !== undefined && letter.group !== group) return false;
  if (from !== undefined && letter.deadAt < from) return false;
  if (to !== undefined && letter.deadAt >= to) return false;
  if (redriven !== undefined && (letter.redriven.length > 0) !== redriven) return false;
  return match === undefined || holds(letter, match) || (letter.error ?? "").toLowerCase().includes(match.toLowerCase());
}

function holds({ payload, headers, transactionId }: Pick<Message, "payload" | "headers" | "transactionId">, match: string): boolean {
  const wanted = match.toLowerCase();
  const texts = [transactionId, ...Object.entries(headers).flat(), payload.encoding === "bytes" ? "" : payloadText(payload)];
  return texts.some((text) => text.toLowerCase().includes(wanted));
}

function refuseExtras({ product }: Layout, queue: string, { partition, ttl, priority }: PushItem): void {
  const extra = partition !== undefined ? "a partition" : ttl !== undefined ? "a time to live" : undefined;
  if (extra !== undefined) throw new QueuescopeError("unsupported", `${product} knows nothing of ${extra}; push to ${queue} without one.`, { queue });
  if (priority !== undefined && priority > 0 && product !== "Protoqueue") throw new QueuescopeError("unsupported", `${product} knows nothing of priorities; push to ${queue} without one.`, { queue });
}

function pageSize(limit = 100): number {
  if (!Number.isInteger(limit) || limit < 1 || limit > 1_000) throw invalidInput("limit", `limit must be a whole number from 1 to 1000, but is ${String(limit)}.`);
  return limit;
}

function notAQueue(name: string): QueuescopeError {
  return new QueuescopeError("queue-not-found", `There is no queue ${JSON.stringify(name)} of another system here. See which there are with: queuescope queue list`, { queue: name });
}

function notFound(id: string): QueuescopeError {
  return new QueuescopeError("message-not-found", `There is no message ${JSON.stringify(id)}: it was worked off, has expired, or never was.`);
}

/** A permission that is missing takes away these queues, not everybody's list. */
async function orNone<T>(asked: Promise<T[]>): Promise<T[]> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof QueuescopeError && error.code === "permission-denied") return [];
    throw error;
  }
}

