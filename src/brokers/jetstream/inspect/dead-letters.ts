import { afterNumber, limitOf, pageLimit, SCAN_BYTES, ScanBudget, textMatch } from "../../../core/index.ts";
import type { DeadLetter, DeadLetterFilter, Page, PageRequest } from "../../../core/index.ts";
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
  const limit = limitOf(filter.limit, 10_000, 10_000);
  const { ids, match, from, to, redriven, group } = filter;
  if ([ids, match, from, to, redriven].every((one) => one === undefined)) {
    const subjects = new Subjects(queue.name);
    return Math.min(limit, await engine.api.countFrom(subjects.log, subjects.allDead(group), { seq: 1 }));
  }
  let count = 0;
  for (let after: number | null = 0; after !== null && count < limit; ) {
    const step: DeadMatches = await matchingDead(engine, queue, filter, after, limit - count);
    count += step.found.length;
    after = step.next;
  }
  return count;
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
