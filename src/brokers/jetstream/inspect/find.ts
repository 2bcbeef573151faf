import { DEFAULT_GROUP } from "../../../core/index.ts";
import type { Message } from "../../../core/index.ts";
import type { Definition } from "../definition.ts";
import type { Engine } from "../engine.ts";
import { messageNotFound, parsed } from "../ids.ts";
import type { Id } from "../ids.ts";
import { LogMessage } from "../message.ts";
import { Subjects } from "../subjects.ts";
import { isExpired, pipelined, Reading } from "./reading.ts";

export interface Found {
  readonly queue: Definition;
  /** As it was pushed: edits are an overlay. */
  readonly message: LogMessage;
  readonly scheduled: boolean;
}

/** The message with this id, in the log or waiting for its time; an expired one is gone. */
export async function findMessage(engine: Engine, id: string): Promise<Found | undefined> {
  const key = parsed(id, "");
  const queue = key === null ? undefined : await engine.catalog.byId(key.queue);
  return key === null || queue === undefined ? undefined : findIn(engine, queue, key);
}

async function findIn(engine: Engine, queue: Definition, { seq }: Id): Promise<Found | undefined> {
  const { api } = engine;
  const { log, state, queue: name, fired } = namesOf(queue, seq);
  const [stored, place] = await Promise.all([api.read(log, { seq }), api.read(state, { last_by_subj: fired })]);
  const there = stored ?? (place === undefined ? undefined : await api.read(log, { seq: Number(Buffer.from(place.data).toString()) }));
  if (there === undefined) return undefined;
  const message = LogMessage.ofStored(there);
  if (there.subject.startsWith(`qs.${name}.t.`)) return { queue, message, scheduled: true };
  if (!there.subject.startsWith(`qs.${name}.m.`) || isExpired(message, engine.now())) return undefined;
  // The place of a message that people know by another number.
  return (message.place.alias ?? message.seq) === seq ? { queue, message, scheduled: false } : undefined;
}

function namesOf(queue: Definition, seq: number): { log: string; state: string; queue: string; fired: string } {
  const subjects = new Subjects(queue.name);
  return { log: subjects.log, state: subjects.state, queue: subjects.queue, fired: subjects.fired(seq) };
}

/** @throws message-not-found */
export async function read(engine: Engine, id: string, group = DEFAULT_GROUP): Promise<Message> {
  const found = await findMessage(engine, id);
  if (found === undefined) throw messageNotFound(id);
  const reading = await Reading.open(engine, found.queue, group);
  const [message = found.message] = await reading.asEdited([found.message]);
  if (found.scheduled) return reading.shownScheduled(message);
  const [standing] = await reading.standings([message]);
  if (standing === undefined) throw new Error("each message has a standing");
  return reading.shown(message, standing);
}

/** Those of the ids that exist. */
export async function exists(engine: Engine, ids: readonly string[]): Promise<string[]> {
  const keys = ids.map((id) => parsed(id, ""));
  const queues = new Map<string, Definition | undefined>();
  for (const name of new Set(keys.flatMap((key) => key?.queue ?? []))) queues.set(name, await engine.catalog.byId(name));
  const found = await pipelined(keys, async (key) => {
    const queue = key === null ? undefined : queues.get(key.queue);
    return key !== null && queue !== undefined && (await findIn(engine, queue, key)) !== undefined;
  });
  return ids.filter((_, i) => found[i]);
}
