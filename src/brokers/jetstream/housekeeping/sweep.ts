import type { Definition } from "../definition.ts";
import type { Engine } from "../engine.ts";
import { pipelined } from "../inspect/reading.ts";
import { Log } from "../log.ts";
import type { LogMessage } from "../message.ts";
import { Subjects } from "../subjects.ts";
import type { StoredEvent } from "../timeline.ts";

const AT_ONCE = 200;
/** A timeline without its message tells for a week what became of it. */
const LOOSE_TIMELINES = 7 * 86_400_000;
const ENDS: ReadonlySet<string> = new Set(["removed", "dropped", "expired"]);

/** What is left of messages that are gone, below the oldest that is there: events, edits, marks. The oldest first, some at a time. */
export async function sweep(engine: Engine, queue: Definition): Promise<void> {
  const { api } = engine;
  const subjects = new Subjects(queue.name);
  const info = await api.streamInfo(subjects.log);
  const oldest = (await api.read(subjects.log, { seq: 1, next_by_subj: subjects.messages }))?.seq ?? info.state.last_seq + 1;
  const waiting = (await api.read(subjects.log, { seq: 1, next_by_subj: subjects.allScheduled }))?.seq ?? Infinity;
  const log = new Log(api, subjects);
  const isGone = async (number: number): Promise<boolean> => {
    if (number >= oldest || (number >= waiting && (await api.read(subjects.log, { seq: number })) !== undefined)) return false;
    const seq = await log.placeOf(number);
    return seq < oldest && (await api.read(subjects.log, { last_by_subj: subjects.deadOf("*", seq) })) === undefined;
  };
  await sweepEvents(engine, subjects, isGone);
  await sweepFired(engine, subjects, isGone);
  const edits = [...(await api.subjects(subjects.state, subjects.edit("*"))).keys()].slice(0, AT_ONCE);
  await pipelined(edits, async (subject) => { if (await isGone(Number(subject.split(".").at(-1)))) await api.purge(subjects.state, { filter: subject }); });
  await Promise.all((await engine.groupNames(queue)).map((group) => engine.session(queue, group).run({
    queue,
    apply: ({ state: { record } }) => { for (const table of [record.ahead, record.skip, record.edited]) for (const seq of [...table.keys()]) if (seq < oldest) table.delete(seq); },
  })));
}

async function sweepEvents(engine: Engine, subjects: Subjects, isGone: (seq: number) => Promise<boolean>): Promise<void> {
  const { api } = engine;
  const before = engine.now() - LOOSE_TIMELINES;
  const timelines = new Map<number, LogMessage[]>();
  for (const event of await api.readMany(subjects.log, subjects.events("*"), 1, AT_ONCE)) {
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
}

/** Numbers of messages that were scheduled once. */
async function sweepFired({ api }: Engine, subjects: Subjects, isGone: (seq: number) => Promise<boolean>): Promise<void> {
  const found = await api.readMany(subjects.state, subjects.fired("*"), 1, AT_ONCE);
  await pipelined(found, async ({ seq, data }) => { if (await isGone(Number(Buffer.from(data).toString()))) await api.deleteMessage(subjects.state, seq); });
}
