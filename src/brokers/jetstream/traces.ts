import { QueuescopeError } from "../../core/index.ts";
import type { TraceInput } from "../../core/index.ts";
import { keep } from "./ending.ts";
import type { Engine } from "./engine.ts";
import { messageNotFound } from "./ids.ts";
import type { Id } from "./ids.ts";
import { Log } from "./log.ts";
import type { Acknowledged, Publication } from "./publisher.ts";
import { Subjects } from "./subjects.ts";
import type { StoredEvent } from "./timeline.ts";

interface Recorded {
  readonly subjects: Subjects;
  readonly seq: number;
  readonly names: readonly string[];
  readonly publication: Publication;
}

/**
 * Adds what handlers recorded to the timelines of their messages, and a mark for each trace name, by which the event
 * is found. @throws message-not-found
 */
export async function trace(engine: Engine, events: readonly (TraceInput & { readonly id: Id })[]): Promise<void> {
  const recorded = await Promise.all(events.map((event) => recordedOf(engine, event)));
  const stored = await publishAll(engine, recorded.map(({ publication }) => publication));
  await publishAll(engine, recorded.flatMap(({ subjects, seq, names }, i) => names.map((name) => ({ subject: subjects.named(name, seq), data: String(stored[i]?.seq) }))));
}

async function recordedOf(engine: Engine, event: TraceInput & { readonly id: Id }): Promise<Recorded> {
  const queue = await engine.catalog.byId(event.id.queue);
  if (queue === undefined) throw messageNotFound(event.messageId);
  const subjects = new Subjects(queue.name);
  const log = new Log(engine.api, subjects);
  const seq = await log.placeOf(event.id.seq);
  if (!(await log.known(seq))) throw messageNotFound(event.messageId);
  const names = [...new Set(event.names)];
  const stored: StoredEvent = {
    at: engine.now(), type: event.type,
    ...(event.group === undefined ? {} : { group: event.group }),
    ...(event.worker === undefined ? {} : { worker: event.worker }),
    ...(event.attempt === undefined ? {} : { attempt: event.attempt }),
    ...(names.length === 0 ? {} : { names }),
    ...(event.data === undefined ? {} : { data: keep({ queue, crypt: engine.crypt }, event.data) }),
  };
  return { subjects, seq, names, publication: { subject: subjects.events(seq), data: JSON.stringify(stored) } };
}

async function publishAll({ publisher }: Engine, publications: readonly Publication[]): Promise<Acknowledged[]> {
  return (await publisher.publishAll(publications)).map((result) => {
    if (result instanceof QueuescopeError) throw result;
    return result;
  });
}
