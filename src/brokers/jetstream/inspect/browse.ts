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
import { scheduledBefore, scheduledFrom } from "./scheduled.ts";
import type { DuePlace } from "./scheduled.ts";

/** Where browsing stands: behind a message of the log, or behind a scheduled one. Those come after the log, or, the newest first, before it. */
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
export const ALL_SCHEDULED = "@";
const END: Chunk = { messages: [], read: 0, to: null };
const BEFORE_ALL: DuePlace = { due: -1, seq: 0 };
const AFTER_ALL: DuePlace = { due: Infinity, seq: 0 };

export async function browse(engine: Engine, queue: Definition, request: BrowseRequest): Promise<Page<Message>> {
  const limit = pageLimit(request);
  const found = await findMatches(await Reading.open(engine, queue, request.group ?? DEFAULT_GROUP), request, limit);
  return { items: found.items.map(({ shown }) => shown), next: found.next };
}

/** In order of entry, then the scheduled ones by due time, or in the reverse order; stops when the call has read its share. */
export async function findMatches(reading: Reading, request: BrowseRequest, limit: number): Promise<Page<Match>> {
  const start = request.after === undefined ? null : await readPlace(reading, request.after);
  const search = new Search(reading, request, limit);
  const next = await (request.order === "newest" ? newestFirst(reading, request, search, start) : oldestFirst(reading, request, search, start));
  return { items: search.items, next };
}

async function oldestFirst(reading: Reading, request: BrowseRequest, search: Search, start: Place | null): Promise<string | null> {
  const queue = reading.queue.id;
  const scheduled = start !== null && "due" in start ? start : null;
  if (scheduled === null && request.state !== "scheduled") {
    const next = await search.log(start !== null && "log" in start ? start.log : 0);
    if (next !== null) return messageId(queue, next);
  }
  if (!mayBeScheduled(request)) return null;
  const next = await search.scheduled(scheduled ?? BEFORE_ALL);
  return next === null ? null : next.seq === 0 ? ALL_SCHEDULED : duePlaceText(queue, next);
}

async function newestFirst(reading: Reading, request: BrowseRequest, search: Search, start: Place | null): Promise<string | null> {
  const queue = reading.queue.id;
  const inLog = start !== null && "log" in start;
  if (!inLog && mayBeScheduled(request)) {
    const next = await search.scheduled(start ?? AFTER_ALL);
    if (next !== null) return duePlaceText(queue, next);
  }
  if (request.state === "scheduled") return null;
  const next = await search.log(inLog ? start.log : Infinity);
  return next === null ? null : messageId(queue, next);
}

function mayBeScheduled({ state, scheduled = true }: BrowseRequest): boolean {
  return scheduled && (state === undefined || state === "scheduled" || state === "ready");
}

/** Sequences of the log: from `first` on, below `end`. */
interface Span {
  readonly first: number;
  readonly end: number;
}

class Search {
  readonly items: Match[] = [];
  readonly #reading: Reading;
  readonly #request: BrowseRequest;
  readonly #limit: number;
  readonly #budget = new ScanBudget();
  readonly #matches: (message: Message) => boolean;
  /** More are read where those before were no messages: behind the last one there may be thousands of events. */
  #least = LEAST;

  constructor(reading: Reading, request: BrowseRequest, limit: number) {
    this.#reading = reading;
    this.#request = request;
    this.#limit = limit;
    this.#matches = request.match === undefined ? () => true : messageMatch(request.match);
  }

  /** Answers behind which message to go on, `null` at the end of the log, or its beginning. */
  async log(after: number): Promise<number | null> {
    const next = await this.#source();
    for (let place = after; ; ) {
      const { messages, read, to } = await next(place);
      if (to === null) return null;
      this.#least = messages.length > 0 ? LEAST : Math.min(CHUNK, 2 * this.#least);
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

  /** Answers behind which message to go on, `null` at the end of the scheduled ones. */
  async scheduled(after: DuePlace): Promise<DuePlace | null> {
    const { state, order } = this.#request;
    const newest = order === "newest";
    const until = state === "ready" ? this.#reading.now : Infinity;
    let place = after;
    for await (const messages of newest ? scheduledBefore(this.#reading, earlier(after, until)) : scheduledFrom(this.#reading, after, until)) {
      for (const message of messages) {
        if (this.#full) return place;
        this.#budget.spend(message.data.length);
        place = { due: dueOf(message), seq: message.seq };
        if (!this.#fits(message, whereOf(message).partition)) continue;
        const shown = this.#reading.shownScheduled(message);
        if ((state === undefined || shown.state === state) && this.#matches(shown)) this.items.push({ message, scheduled: true, shown });
      }
    }
    // What is left of them was none; the log comes behind them.
    return newest && this.#full ? place : null;
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

  /** Messages of the log that may match, some at a time, behind a place; none at the end. */
  async #source(): Promise<(place: number) => Promise<Chunk>> {
    const { view, queue, log } = this.#reading;
    const { state, from, to } = this.#request;
    // What is behind the group is settled: nothing of it is ready.
    const floor = state === "ready" ? view.floor(prioritiesOf(queue)) + 1 : 1;
    const span = { first: Math.max(floor, from === undefined ? 1 : await log.firstSince(from)), end: to === undefined ? Infinity : await log.firstSince(to) };
    if (state === "leased") return this.#those(view.leased(), span);
    if (state === "retrying") return this.#those(view.charged(), span);
    if (state === "dead") {
      const dead = await this.#dead();
      if (dead !== null) return this.#those(dead, span);
    }
    return this.#request.order === "newest" ? this.#backwards(span) : this.#forwards(span);
  }

  #forwards({ first, end }: Span): (after: number) => Promise<Chunk> {
    const { subjects } = this.#reading;
    const { partition } = this.#request;
    return async (after) => {
      const from = Math.max(after + 1, first);
      if (from >= end) return END;
      const chunk = partition === undefined ? await this.#reading.entered(from, this.#most) : await this.#reading.some(subjects.partition(partition), from, this.#most);
      return { ...chunk, messages: chunk.messages.filter(({ seq }) => seq < end) };
    };
  }

  #backwards({ first, end }: Span): (before: number) => Promise<Chunk> {
    const { subjects } = this.#reading;
    const { partition } = this.#request;
    return async (before) => {
      const top = Math.min(before, end);
      if (top <= first) return END;
      const chunk = await this.#reading.below(partition === undefined ? null : subjects.partition(partition), top, this.#most);
      return { ...chunk, messages: chunk.messages.filter(({ seq }) => seq >= first) };
    };
  }

  /** How many to read at once: many of them where few may match. */
  get #most(): number {
    const { state, match } = this.#request;
    return Math.min(this.#budget.rows + 1, state !== undefined || match !== undefined ? CHUNK : Math.max(this.#least, this.#limit + 1 - this.items.length));
  }

  /** @param seqs in order */
  #those(seqs: readonly number[], { first, end }: Span): (place: number) => Promise<Chunk> {
    const inSpan = seqs.filter((seq) => seq >= first && seq < end);
    const newest = this.#request.order === "newest";
    if (newest) inSpan.reverse();
    return async (place) => {
      const chunk = inSpan.filter((seq) => (newest ? seq < place : seq > place)).slice(0, SINGLES);
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

function earlier(place: DuePlace, until: number): DuePlace {
  return until < place.due ? { due: until, seq: Infinity } : place;
}

function duePlaceText(queue: string, { due, seq }: DuePlace): string {
  return `${messageId(queue, seq)}@${due}`;
}

/** `k3x9f0a2-42` behind that message, `k3x9f0a2-42@1700000000000` behind that one among the scheduled. Takes the id of any message too, so that people can go on behind one they see. */
export async function readPlace(reading: Reading, after: unknown): Promise<Place> {
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
