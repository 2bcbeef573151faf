import { badAfter, DEFAULT_GROUP, pageLimit, ScanBudget, searchable, searchableHeaders, textMatch } from "../../../core/index.ts";
import type { BrowseRequest, Message, Page } from "../../../core/index.ts";
import type { Definition } from "../definition.ts";
import { prioritiesOf } from "../definition.ts";
import type { Engine } from "../engine.ts";
import { messageId, parsed } from "../ids.ts";
import { LogMessage } from "../message.ts";
import { dueOf, whereOf } from "../timetable.ts";
import { isExpired, Reading } from "./reading.ts";
import type { Chunk } from "./reading.ts";
import { scheduledFrom } from "./scheduled.ts";
import type { DuePlace } from "./scheduled.ts";

/** Where browsing stands: behind a message of the log, or behind a scheduled one; those come after the log. */
type Place = { readonly log: number } | DuePlace;

/** A message that matches, and what is needed to act on it. */
export interface Match {
  readonly message: LogMessage;
  readonly scheduled: boolean;
  readonly shown: Message;
}

/** Messages that a filtered search reads at a time; and of those that a record names, one by one. */
const CHUNK = 500;
const SINGLES = 100;
const LEAST = 10;
/** More dead letters than the server lists in one answer are looked for among the messages instead. */
const LISTED = 100_000;
/** The log has been read, and of the scheduled ones none. */
const ALL_SCHEDULED = "@";
const END: Chunk = { messages: [], read: 0, to: null };
const BEFORE_ALL: DuePlace = { due: -1, seq: 0 };

export async function browse(engine: Engine, queue: Definition, request: BrowseRequest): Promise<Page<Message>> {
  const limit = pageLimit(request);
  const found = await findMatches(await Reading.open(engine, queue, request.group ?? DEFAULT_GROUP), request, limit);
  return { items: found.items.map(({ shown }) => shown), next: found.next };
}

/** In order of entry, then the scheduled ones by due time; stops when the call has read its share. */
export async function findMatches(reading: Reading, request: BrowseRequest, limit: number): Promise<Page<Match>> {
  const start = await startPlace(reading, request);
  const search = new Search(reading, request, limit);
  if ("log" in start && request.state !== "scheduled") {
    const next = await search.log(start.log);
    if (next !== null) return { items: search.items, next: messageId(reading.queue.id, next) };
  }
  if (request.state !== undefined && request.state !== "scheduled" && request.state !== "ready") return { items: search.items, next: null };
  const next = await search.scheduled("log" in start ? BEFORE_ALL : start);
  return { items: search.items, next: next === null ? null : next.seq === 0 ? ALL_SCHEDULED : `${messageId(reading.queue.id, next.seq)}@${next.due}` };
}

class Search {
  readonly items: Match[] = [];
  readonly #reading: Reading;
  readonly #request: BrowseRequest;
  readonly #limit: number;
  readonly #budget = new ScanBudget();
  readonly #matches: (message: Message) => boolean;

  constructor(reading: Reading, request: BrowseRequest, limit: number) {
    this.#reading = reading;
    this.#request = request;
    this.#limit = limit;
    this.#matches = request.match === undefined ? () => true : messageMatch(request.match);
  }

  /** Answers behind which message to go on, `null` at the end of the log. */
  async log(after: number): Promise<number | null> {
    const next = await this.#source();
    for (let place = after; ; ) {
      const { messages, read, to } = await next(place);
      if (to === null) return null;
      const fitting = messages.filter((message) => this.#isAsked(message));
      const shown = await this.#shown(fitting);
      for (const message of messages) {
        if (this.#full) return place;
        this.#budget.spend(message.data.length);
        place = message.seq;
        const match = shown.get(message);
        if (match !== undefined) this.items.push({ message, scheduled: false, shown: match });
      }
      place = to;
      for (let i = messages.length; i < read; i++) this.#budget.spend(0);
    }
  }

  async scheduled(after: DuePlace): Promise<DuePlace | null> {
    const { state } = this.#request;
    let place = after;
    for await (const messages of scheduledFrom(this.#reading, after, state === "ready" ? this.#reading.now : Infinity)) {
      for (const message of messages) {
        if (this.#full) return place;
        this.#budget.spend(message.data.length);
        place = { due: dueOf(message), seq: message.seq };
        if (!this.#fits(message, whereOf(message).partition)) continue;
        const shown = this.#reading.shownScheduled(message);
        if ((state === undefined || shown.state === state) && this.#matches(shown)) this.items.push({ message, scheduled: true, shown });
      }
    }
    return null;
  }

  get #full(): boolean {
    return this.items.length >= this.#limit || this.#budget.spent;
  }

  /** Cheap to tell: without the dead letters. */
  #isAsked(message: LogMessage): boolean {
    const { now, view } = this.#reading;
    if (isExpired(message, now) || !this.#fits(message, message.place.partition)) return false;
    const { state } = this.#request;
    const known = view.of(message).state;
    return state === undefined || known === state || (state === "dead" && known === "completed");
  }

  #fits(message: LogMessage, own: string | null): boolean {
    const { partition, from, to } = this.#request;
    return (partition === undefined || own === partition) && (from === undefined || message.at >= from) && (to === undefined || message.at < to);
  }

  async #shown(messages: readonly LogMessage[]): Promise<Map<LogMessage, Message>> {
    const found = new Map<LogMessage, Message>();
    const { state, match } = this.#request;
    // What doesn't match needs no look at its dead letters.
    const texts = match === undefined ? messages : messages.filter((message) => this.#matches(this.#reading.shown(message, this.#reading.view.of(message))));
    const standings = await this.#reading.standings(texts);
    texts.forEach((message, i) => {
      const standing = standings[i];
      if (standing !== undefined && (state === undefined || standing.state === state)) found.set(message, this.#reading.shown(message, standing));
    });
    return found;
  }

  /** Messages of the log that may match, some at a time; none at the end. */
  async #source(): Promise<(after: number) => Promise<Chunk>> {
    const { view, subjects, queue } = this.#reading;
    const { state, partition, match, to } = this.#request;
    const end = to === undefined ? Infinity : await this.#reading.log.firstSince(to);
    if (state === "leased") return this.#those(view.leased(), end);
    if (state === "retrying") return this.#those(view.charged(), end);
    if (state === "dead") {
      const dead = await this.#dead();
      if (dead !== null) return this.#those(dead, end);
    }
    // What is behind the group is settled: nothing of it is ready.
    const floor = state === "ready" ? view.floor(prioritiesOf(queue)) : 0;
    const picky = state !== undefined || match !== undefined;
    return async (after) => {
      const most = Math.min(this.#budget.rows + 1, picky ? CHUNK : Math.max(LEAST, this.#limit + 1 - this.items.length));
      const from = Math.max(after, floor) + 1;
      if (from >= end) return END;
      const chunk = partition === undefined ? await this.#reading.entered(from, most) : await this.#reading.some(subjects.partition(partition), from, most);
      return { ...chunk, messages: chunk.messages.filter(({ seq }) => seq < end) };
    };
  }

  #those(seqs: readonly number[], end: number): (after: number) => Promise<Chunk> {
    return async (after) => {
      const chunk = seqs.filter((seq) => seq > after && seq < end).slice(0, SINGLES);
      return { messages: await this.#reading.messages(chunk), read: chunk.length, to: chunk.at(-1) ?? null };
    };
  }

  /** Messages with dead letters in the group, in order; `null` when they are too many to list. */
  async #dead(): Promise<number[] | null> {
    const { engine: { api }, subjects, view } = this.#reading;
    const info = await api.streamInfo(subjects.log, { subjects_filter: subjects.allDead(view.group), offset: 0 });
    if ((info.total ?? 0) > LISTED) return null;
    const seqs = Object.keys(info.state.subjects ?? {}).map((subject) => Number(subject.split(".").at(-2)));
    return [...new Set(seqs)].sort((a, b) => a - b);
  }
}

export function messageMatch(match: string): (message: Message) => boolean {
  const has = textMatch(match);
  return (message) => has(searchable(message.payload.bytes), searchableHeaders(message.headers), message.transactionId);
}

// ---------------------------------------------------------------- places

async function startPlace(reading: Reading, { after, from }: BrowseRequest): Promise<Place> {
  const place = after === undefined ? { log: 0 } : await readPlace(reading, after);
  if (!("log" in place) || from === undefined) return place;
  return { log: Math.max(place.log, (await reading.log.firstSince(from)) - 1) };
}

/** `k3x9f0a2-42` behind that message, `k3x9f0a2-42@1700000000000` behind that one among the scheduled. Takes the id of any message too, so that people can go on behind one they see. */
async function readPlace(reading: Reading, after: unknown): Promise<Place> {
  if (after === ALL_SCHEDULED) return BEFORE_ALL;
  const match = typeof after === "string" ? /^([^@]*)(?:@(\d{1,16}))?$/.exec(after) : null;
  const key = parsed(match?.[1], "");
  if (key?.queue !== reading.queue.id) throw badAfter(after);
  if (match?.[2] !== undefined) return { due: Number(match[2]), seq: key.seq };
  const place = await reading.log.placeOf(key.seq);
  const stored = place === key.seq ? await reading.engine.api.read(reading.subjects.log, { seq: key.seq }) : undefined;
  const scheduled = stored?.subject.startsWith(`qs.${reading.subjects.queue}.t.`) === true;
  return stored !== undefined && scheduled ? { due: dueOf(LogMessage.ofStored(stored)), seq: key.seq } : { log: place };
}
