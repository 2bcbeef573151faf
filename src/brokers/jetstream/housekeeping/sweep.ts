import type { Definition } from "../definition.ts";
import type { Engine } from "../engine.ts";
import { pipelined } from "../inspect/reading.ts";
import { Log } from "../log.ts";
import type { LogMessage } from "../message.ts";
import { deadAmong } from "../repair/remove.ts";
import { Subjects } from "../subjects.ts";
import type { StoredEvent } from "../timeline.ts";

const AT_ONCE = 500;
/** A timeline without its message tells for a week what became of it. */
const LOOSE_TIMELINES = 7 * 86_400_000;
const ENDS: ReadonlySet<string> = new Set(["removed", "dropped", "expired"]);

/** How far it came in events, and in numbers of messages that were scheduled once; `null`: to their end. */
export interface SweptTo {
  readonly events: number | null;
  readonly fired: number | null;
}

/**
 * What is left of messages that are gone, below the oldest that is there: events, edits, marks. The oldest first, some at
 * a time; answers where to go on, `null` at the end.
 */
export async function sweep(engine: Engine, queue: Definition, after: SweptTo = { events: 0, fired: 0 }): Promise<SweptTo | null> {
  const { api } = engine;
  const subjects = new Subjects(queue.name);
  const info = await api.streamInfo(subjects.log);
  const oldest = (await api.read(subjects.log, { seq: 1, next_by_subj: subjects.messages }))?.seq ?? info.state.last_seq + 1;
  const waiting = (await api.read(subjects.log, { seq: 1, next_by_subj: subjects.allScheduled }))?.seq ?? Infinity;
  const log = new Log(api, subjects);
  const isDead = await deadAmong(engine, subjects);
  const isGone = async (number: number): Promise<boolean> => {
    if (number >= oldest || (number >= waiting && (await api.read(subjects.log, { seq: number })) !== undefined)) return false;
    const seq = await log.placeOf(number);
    return seq < oldest && !(await isDead(seq));
  };
  const events = await sweepEvents(engine, subjects, after.events, isGone);
  const fired = await sweepFired(engine, subjects, after.fired, isGone);
  const edits = [...(await api.subjects(subjects.state, subjects.edit("*"))).keys()].slice(0, AT_ONCE);
  await pipelined(edits, async (subject) => { if (await isGone(Number(subject.split(".").at(-1)))) await api.purge(subjects.state, { filter: subject }); });
  await Promise.all((await engine.groupNames(queue)).map((group) => engine.session(queue, group).run({
    queue,
    apply: ({ state: { record } }) => { for (const table of [record.ahead, record.skip, record.edited]) for (const seq of [...table.keys()]) if (seq < oldest) table.delete(seq); },
  })));
  return events === null && fired === null ? null : { events, fired };
}

async function sweepEvents(engine: Engine, subjects: Subjects, after: number | null, isGone: (seq: number) => Promise<boolean>): Promise<number | null> {
  if (after === null) return null;
  const { api } = engine;
  const before = engine.now() - LOOSE_TIMELINES;
  const timelines = new Map<number, LogMessage[]>();
  const found = await api.readMany(subjects.log, subjects.events("*"), after + 1, AT_ONCE);
  for (const event of found) {
    const seq = Number(event.subject.split(".")[3]);
    timelines.set(seq, [...(timelines.get(seq) ?? []), event]);
  }
  await pipelined([...timelines], async ([seq, events]) => {
    if (!(await isGone(seq))) return;
    const tells = events.some(({ data }) => {
      const { at, type } = JSON.parse(Buffer.from(data).toString()) as StoredEvent;
      return ENDS.has(type) && at > before;
    });
    if (!tells) await api.purge(subjects.log, { filter: subjects.timeline(seq) });
  });
  return goesOn(found);
}

function goesOn(found: readonly LogMessage[]): number | null {
  return found.length < AT_ONCE ? null : (found.at(-1)?.seq ?? null);
}

/** Numbers of messages that were scheduled once. */
async function sweepFired({ api }: Engine, subjects: Subjects, after: number | null, isGone: (seq: number) => Promise<boolean>): Promise<number | null> {
  if (after === null) return null;
  const found = await api.readMany(subjects.state, subjects.fired("*"), after + 1, AT_ONCE);
  await pipelined(found, async ({ seq, data }) => { if (await isGone(Number(Buffer.from(data).toString()))) await api.deleteMessage(subjects.state, seq); });
  return goesOn(found);
}
