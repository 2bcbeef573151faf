import { afterNumber, badAfter, limitOf, pageLimit, SCAN_BYTES, ScanBudget, textMatch } from "../../../core/index.ts";
import type { DeadLetter, DeadLetterFilter, DeadQueue, Page, PageRequest } from "../../../core/index.ts";
import { buried, deadText, diedWithin, redrivalsOf, shownDead } from "../buried.ts";
import type { Buried, Redrivals } from "../buried.ts";
import type { Definition } from "../definition.ts";
import type { Engine } from "../engine.ts";
import { messageNotFound, parsed, parseDeadLetterId } from "../ids.ts";
import { LogMessage } from "../message.ts";
import { Subjects } from "../subjects.ts";
import { pipelined } from "./reading.ts";

/** Dead letters that are read at a time. */
const CHUNK = 200;
/** More of one queue than this nobody counts. */
const MOST_COUNTED = 10_000;

export interface DeadMatch {
  readonly one: Buried;
  readonly redriven: Redrivals;
}

/** A step over the dead letters that match, oldest first. */
export interface DeadMatches {
  readonly found: readonly DeadMatch[];
  /** The last one looked at; `null` when all were. */
  readonly next: number | null;
}

/** Looks at as many as one call may read. */
export async function matchingDead(engine: Engine, queue: Definition, filter: DeadLetterFilter, after: number, limit: number): Promise<DeadMatches> {
  const fits = fitting(engine, queue, filter);
  const budget = new ScanBudget();
  const found: DeadMatch[] = [];
  let place = after;
  for await (const chunk of chunks(engine, queue, filter, after, limit)) {
    const matches = await fits(chunk);
    for (const [i, message] of chunk.entries()) {
      if (found.length >= limit || budget.spent) return { found, next: place };
      place = message.seq;
      budget.spend(message.data.length);
      const match = matches[i];
      if (match !== undefined) found.push(match);
    }
  }
  return { found, next: null };
}

export async function deadLetters(engine: Engine, queue: Definition, request: PageRequest & DeadLetterFilter): Promise<Page<DeadLetter>> {
  const { found, next } = await matchingDead(engine, queue, request, afterNumber(request.after), pageLimit(request));
  return { items: found.map(({ one, redriven }) => shownDead(engine, queue, one, redriven)), next: next === null ? null : String(next) };
}

/** At most `limit`. */
export async function countDeadLetters(engine: Engine, queue: Definition, filter: DeadLetterFilter & { readonly limit?: number }): Promise<number> {
  const limit = limitOf(filter.limit, MOST_COUNTED, MOST_COUNTED);
  const { ids, match, from, to, ...kind } = filter;
  if ([ids, match, from, to].every((one) => one === undefined)) return Math.min(limit, await countDead(engine, queue, kind));
  let count = 0;
  for (let after: number | null = 0; after !== null && count < limit; ) {
    const step: DeadMatches = await matchingDead(engine, queue, filter, after, limit - count);
    count += step.found.length;
    after = step.next;
  }
  return count;
}

/** In name order. A page looks at as many queues as it may have. */
export async function deadQueues(engine: Engine, request: PageRequest): Promise<Page<DeadQueue>> {
  const limit = pageLimit(request);
  const { after = "" } = request;
  if (typeof (after as unknown) !== "string") throw badAfter(after);
  const left = (await engine.catalog.all()).filter(({ name }) => name > after);
  const looked = left.slice(0, limit);
  const counted = await pipelined(looked, async (queue) => ({ queue: queue.name, waiting: Math.min(MOST_COUNTED, await countDead(engine, queue, { redriven: false })) }));
  return { items: counted.filter(({ waiting }) => waiting > 0), next: left.length > limit ? (looked.at(-1)?.name ?? null) : null };
}

/** By what the server counts; only the marks of those that were redriven are looked at one by one. */
async function countDead(engine: Engine, queue: Definition, { group, redriven }: Pick<DeadLetterFilter, "group" | "redriven">): Promise<number> {
  const { api } = engine;
  const subjects = new Subjects(queue.name);
  const all = await api.countFrom(subjects.log, subjects.allDead(group), { seq: 1 });
  if (redriven === undefined || all === 0) return all;
  const marked = [...(await api.subjects(subjects.state, subjects.redriven("*"))).keys()].map((subject) => Number(subject.split(".").at(-1)));
  // A mark may outlive its dead letter, where a discard was cut short.
  const found = await pipelined(marked, (seq) => readDead(engine, queue, seq));
  const still = found.filter((one) => one !== undefined && (group === undefined || one.group === group)).length;
  return redriven ? still : Math.max(0, all - still);
}

/** @throws message-not-found */
export async function deadLetter(engine: Engine, id: string): Promise<DeadLetter> {
  const key = parseDeadLetterId(id);
  const queue = await engine.catalog.byId(key.queue);
  const one = queue === undefined ? undefined : await readDead(engine, queue, key.seq);
  if (queue === undefined || one === undefined) throw messageNotFound(id, "dead letter");
  return shownDead(engine, queue, one, await redrivalsOf(engine, new Subjects(queue.name), key.seq));
}

/** `undefined` where there is no dead letter of that sequence. */
export async function readDead({ api }: Engine, queue: Definition, seq: number): Promise<Buried | undefined> {
  const stored = await api.read(new Subjects(queue.name).log, { seq });
  return stored === undefined ? undefined : buried(LogMessage.ofStored(stored));
}

/** Of a chunk, those that match, each in its place. */
function fitting(engine: Engine, queue: Definition, filter: DeadLetterFilter): (chunk: readonly LogMessage[]) => Promise<(DeadMatch | undefined)[]> {
  const subjects = new Subjects(queue.name);
  const has = filter.match === undefined ? null : textMatch(filter.match);
  return (chunk) => pipelined(chunk, async (message) => {
    const one = buried(message);
    if (one === undefined || !diedWithin(one, filter) || (has !== null && !has(...deadText(engine, queue, one)))) return undefined;
    const redriven = await redrivalsOf(engine, subjects, message.seq);
    return filter.redriven === undefined || redriven.length > 0 === filter.redriven ? { one, redriven } : undefined;
  });
}

async function* chunks(engine: Engine, queue: Definition, { ids, group, match, from, to, redriven }: DeadLetterFilter, after: number, limit: number): AsyncGenerator<LogMessage[]> {
  const subjects = new Subjects(queue.name);
  if (ids !== undefined) {
    const seqs = ids.map((id) => parsed(id, "d")).flatMap((key) => (key?.queue === queue.id && key.seq > after ? [key.seq] : []));
    const sorted = [...new Set(seqs)].sort((a, b) => a - b);
    for (let i = 0; i < sorted.length; i += CHUNK) {
      const found = await pipelined(sorted.slice(i, i + CHUNK), (seq) => readDead(engine, queue, seq));
      yield found.flatMap((one) => (one === undefined ? [] : [one.message]));
    }
    return;
  }
  // What isn't filtered is needed, all of it and one more.
  const plain = [match, from, to, redriven].every((one) => one === undefined);
  const most = plain ? Math.min(CHUNK, limit + 1) : CHUNK;
  for (let place = after; ; ) {
    const found = await engine.api.readMany(subjects.log, subjects.allDead(group), place + 1, most, { bytes: SCAN_BYTES / 4 });
    const last = found.at(-1);
    if (last === undefined) return;
    yield found;
    place = last.seq;
  }
}
