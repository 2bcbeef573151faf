import { afterNumber, invalidInput, isQueuescopeError, pageLimit, queueName, ScanBudget, textMatch, traceName } from "../../../core/index.ts";
import type { Page, PageRequest, TraceEvent, TraceFilter } from "../../../core/index.ts";
import type { Definition } from "../definition.ts";
import { kept } from "../ending.ts";
import type { Engine } from "../engine.ts";
import { messageId, messageNotFound, parseMessageId } from "../ids.ts";
import { Log } from "../log.ts";
import { LogMessage } from "../message.ts";
import { markOf, placeOf as placeOfSubject, Subjects } from "../subjects.ts";
import type { StoredEvent } from "../timeline.ts";
import { pushedEvent } from "./birth.ts";
import { inOrder, parsedPlace, placeOf, placeText } from "./in-order.ts";
import type { Placed } from "./in-order.ts";
import { pipelined } from "./reading.ts";

export async function traces(engine: Engine, request: PageRequest & TraceFilter): Promise<Page<TraceEvent>> {
  const limit = pageLimit(request);
  if ("messageId" in request) return ofMessage(engine, request.messageId, afterNumber(request.after), limit);
  if ("name" in request) return ofName(engine, traceName(request.name), request.after, limit);
  return matching(engine, request, limit);
}

/** The timeline of one message, which begins with the derived `pushed`. @throws message-not-found when nothing is left of it */
async function ofMessage(engine: Engine, id: string, after: number, limit: number): Promise<Page<TraceEvent>> {
  const key = parseMessageId(id);
  const queue = await engine.catalog.byId(key.queue);
  if (queue === undefined) throw messageNotFound(id);
  const subjects = new Subjects(queue.name);
  const place = await new Log(engine.api, subjects).placeOf(key.seq);
  // What happened to a scheduled message before it entered stands under its number.
  const seqs = [...new Set([key.seq, place])];
  const [born, ...parts] = await Promise.all([
    after === 0 ? pushedEvent(engine, queue, id, place) : undefined,
    ...seqs.map((seq) => engine.api.readMany(subjects.log, subjects.events(seq), after + 1, limit + 1)),
  ]);
  const found = parts.flat().sort((a, b) => a.seq - b.seq);
  if (after === 0 && born === undefined && found.length === 0) throw messageNotFound(id);
  const first = born === undefined ? [] : [born];
  const shown = found.slice(0, Math.max(0, limit - first.length));
  const items = [...first, ...shown.map((message) => eventOf(engine, queue, message, id))];
  // Nothing comes before the first event: a page of nothing but `pushed` goes on there.
  return { items, next: found.length > shown.length ? String(shown.at(-1)?.seq ?? Math.max(1, (found[0]?.seq ?? 1) - 1)) : null };
}

/** Marks say which events have the name. */
async function ofName(engine: Engine, name: string, after: string | undefined, limit: number): Promise<Page<TraceEvent>> {
  const place = parsedPlace(after);
  const { found, more } = await inOrder(engine, await engine.catalog.all(), (subjects) => subjects.named(name, "*"), place);
  const marks = found.slice(0, limit);
  const events = await pipelined(marks, async ({ queue, message }) => {
    const stored = await engine.api.read(new Subjects(queue.name).log, { seq: Number(Buffer.from(message.data).toString()) });
    return stored === undefined ? [] : [{ queue, message: LogMessage.ofStored(stored) }];
  });
  const last = marks.at(-1);
  return { items: await shownAll(engine, events.flat(), true), next: last !== undefined && (more || found.length > marks.length) ? placeText(placeOf(last)) : null };
}

/** Reads events of all kinds in their order, as many as one call may. */
async function matching(engine: Engine, request: PageRequest & { readonly match: string; readonly queue?: string }, limit: number): Promise<Page<TraceEvent>> {
  if (request.match === "") throw invalidInput("match", "match must not be empty. Give the text to look for.");
  const after = parsedPlace(request.after);
  const queues = request.queue === undefined ? await engine.catalog.all() : [await engine.catalog.need(queueName(request.queue))];
  const has = textMatch(request.match);
  const { found, more } = await inOrder(engine, queues, (subjects) => subjects.events("*"), after);
  const budget = new ScanBudget();
  const matches: Placed[] = [];
  let last = after;
  let scanned = 0;
  for (const placed of found) {
    if (matches.length >= limit || budget.spent) break;
    last = placeOf(placed);
    scanned += 1;
    budget.spend(placed.message.data.length);
    const event = readable(engine, placed, request.queue === undefined);
    if (event !== null && has(event.type, event.data, event.worker, ...event.names)) matches.push(placed);
  }
  const items = await shownAll(engine, matches, request.queue === undefined);
  return { items, next: last !== null && (more || scanned < found.length) ? placeText(last) : null };
}

/** With the ids that people know their messages by. */
async function shownAll(engine: Engine, events: readonly Placed[], skip: boolean): Promise<TraceEvent[]> {
  const numbers = new Map<string, number>();
  const byQueue = Map.groupBy(events, ({ queue }) => queue);
  for (const [queue, own] of byQueue) {
    const subjects = new Subjects(queue.name);
    // Only messages that were scheduled are known by another number than their place.
    if ((await engine.api.countFrom(subjects.state, subjects.fired("*"), { seq: 1 })) === 0) continue;
    await pipelined([...new Set(own.map(({ message }) => seqOf(message)))], async (seq) => {
      const stored = await engine.api.read(subjects.log, { seq });
      if (stored?.subject.startsWith(`qs.${subjects.queue}.m.`) === true) numbers.set(`${queue.id}-${seq}`, placeOfSubject(stored.subject).alias ?? seq);
    });
  }
  return events.flatMap((placed) => {
    const own = messageId(placed.queue.id, seqOf(placed.message));
    const known = numbers.get(own);
    const event = readable(engine, placed, skip, known === undefined ? own : messageId(placed.queue.id, known));
    return event === null ? [] : [event];
  });
}

/** A search over all queues leaves out what this process has no key for. */
function readable(engine: Engine, { queue, message }: Placed, skip: boolean, id = ""): TraceEvent | null {
  try {
    return eventOf(engine, queue, message, id);
  } catch (error) {
    if (skip && isQueuescopeError(error, "encryption-key-missing")) return null;
    throw error;
  }
}

/** The place of the message that an event is of. */
function seqOf({ subject }: LogMessage): number {
  return markOf(subject).message;
}

function eventOf({ crypt }: Engine, queue: Definition, message: LogMessage, id: string): TraceEvent {
  const event = JSON.parse(Buffer.from(message.data).toString()) as StoredEvent;
  return {
    id: `${queue.id}-e${message.seq}`,
    messageId: id,
    queue: queue.name,
    at: event.at,
    type: event.type,
    group: event.group ?? null,
    worker: event.worker ?? null,
    attempt: event.attempt ?? null,
    names: event.names ?? [],
    data: event.data === undefined ? null : kept(crypt, event.data),
  };
}
