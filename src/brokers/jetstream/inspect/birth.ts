import type { TraceEvent } from "../../../core/index.ts";
import { buried } from "../buried.ts";
import type { Definition } from "../definition.ts";
import type { Engine } from "../engine.ts";
import { HEADER, LogMessage } from "../message.ts";
import { messageId } from "../ids.ts";
import { Subjects } from "../subjects.ts";

/** Isn't stored: it follows from the message itself, or from its dead letter. @param place where it stands now */
export async function pushedEvent(engine: Engine, queue: Definition, id: string, place: number): Promise<TraceEvent | undefined> {
  const birth = await birthOf(engine, queue, id, place);
  return birth === undefined ? undefined : { id: `pushed-${id}`, messageId: id, queue: queue.name, at: birth.at, type: "pushed", group: null, worker: null, attempt: null, names: [], data: birth.data };
}

async function birthOf({ api }: Engine, queue: Definition, id: string, place: number): Promise<{ at: number; data: string | null } | undefined> {
  const subjects = new Subjects(queue.name);
  const stored = await api.read(subjects.log, { seq: place });
  const [, , kind] = stored?.subject.split(".") ?? [];
  if (stored !== undefined && (kind === "m" || kind === "t")) {
    const message = LogMessage.ofStored(stored);
    // The place of a message that people know by another number.
    if (kind === "m" && messageId(queue.id, message.place.alias ?? place) !== id) return undefined;
    const origin = message.header(HEADER.origin);
    return { at: message.at, data: origin === undefined ? null : JSON.stringify({ redrivenFrom: JSON.parse(origin) as unknown }) };
  }
  const last = await api.read(subjects.log, { last_by_subj: subjects.deadOf("*", place) });
  const death = last === undefined ? undefined : buried(LogMessage.ofStored(last))?.death;
  return death === undefined ? undefined : { at: death.createdAt, data: null };
}
