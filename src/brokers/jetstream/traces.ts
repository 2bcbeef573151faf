import type { TraceInput } from "../../core/index.ts";
import { keep } from "./ending.ts";
import type { Engine } from "./engine.ts";
import { messageNotFound } from "./ids.ts";
import type { Id } from "./ids.ts";
import { Log } from "./log.ts";
import type { Publication } from "./publisher.ts";
import { Subjects } from "./subjects.ts";
import type { StoredEvent } from "./timeline.ts";

/** Adds what handlers recorded to the timelines of their messages. @throws message-not-found */
export async function trace(engine: Engine, events: readonly (TraceInput & { readonly id: Id })[]): Promise<void> {
  const publications = await Promise.all(events.map((event) => publicationOf(engine, event)));
  for (const result of await engine.publisher.publishAll(publications)) if (result instanceof Error) throw result;
}

async function publicationOf(engine: Engine, event: TraceInput & { readonly id: Id }): Promise<Publication> {
  const queue = await engine.catalog.byId(event.id.queue);
  if (queue === undefined) throw messageNotFound(event.messageId);
  const log = new Log(engine.api, new Subjects(queue.name));
  const seq = await log.placeOf(event.id.seq);
  if (!(await log.known(seq))) throw messageNotFound(event.messageId);
  const stored: StoredEvent = {
    at: engine.now(), type: event.type,
    ...(event.group === undefined ? {} : { group: event.group }),
    ...(event.worker === undefined ? {} : { worker: event.worker }),
    ...(event.attempt === undefined ? {} : { attempt: event.attempt }),
    ...(event.names === undefined || event.names.length === 0 ? {} : { names: [...new Set(event.names)] }),
    ...(event.data === undefined ? {} : { data: keep({ queue, crypt: engine.crypt }, event.data) }),
  };
  return { subject: log.subjects.events(seq), data: JSON.stringify(stored) };
}
