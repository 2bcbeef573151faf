import { invalidInput, isQueuescopeError } from "../../../core/index.ts";
import type { GroupStart } from "../../../core/index.ts";
import type { Definition } from "../definition.ts";
import type { Work } from "../ending.ts";
import type { Engine } from "../engine.ts";
import { Subjects } from "../subjects.ts";

export async function seek(engine: Engine, queue: Definition, group: string, to: GroupStart): Promise<void> {
  // First: what was due before the seek entered before it.
  await engine.timetable(queue).bringIn();
  const session = engine.session(queue, group);
  const [from, edited] = await Promise.all([session.startOf(to), session.edits()]);
  await changeOrMake(engine, queue, group, to, ({ state }) => { state.startOver(to, from, edited); });
}

/** A group can be paused before its first pop: it is made then, at the oldest. */
export function pauseGroup(engine: Engine, queue: Definition, group: string): Promise<void> {
  return changeOrMake(engine, queue, group, "all", ({ state }) => { state.record.change({ paused: true }); });
}

export function resumeGroup(engine: Engine, queue: Definition, group: string): Promise<void> {
  return change(engine, queue, group, ({ state }) => { state.record.change({ paused: false }); });
}

/** What was counted of it goes too; others that have it in memory find it gone with their next commit. */
export async function deleteGroup(engine: Engine, queue: Definition, group: string): Promise<void> {
  try {
    await change(engine, queue, group, () => undefined);
  } catch (error) {
    // One that can't be read is deleted all the same: how else would it go?
    if (!isQueuescopeError(error, "corrupt")) throw error;
  }
  const subjects = new Subjects(queue.name);
  await engine.api.purge(subjects.state, { filter: subjects.group(group) });
  for (const filter of [subjects.history(group, "*"), subjects.timings(group, "*")]) await engine.api.purge(subjects.state, { filter });
  engine.changed(subjects);
}

/** Before its first pop too, so that the first message can be held. */
export function hold(engine: Engine, queue: Definition, group: string): Promise<void> {
  return changeOrMake(engine, queue, group, "all", ({ state }) => { state.record.change({ held: 0 }); });
}

export async function step(engine: Engine, queue: Definition, group: string, count: number): Promise<void> {
  if (!Number.isSafeInteger(count) || count < 1) throw invalidInput("count", `count must be a whole number of at least 1, but is ${String(count)}.`);
  await change(engine, queue, group, ({ state: { record } }) => {
    const { held } = record.head;
    if (held === null) throw invalidInput("group", `The group ${group} of ${queue.name} isn't held, so it delivers anyway. Hold it first.`);
    record.change({ held: held + count });
  });
}

export function letGo(engine: Engine, queue: Definition, group: string): Promise<void> {
  return change(engine, queue, group, ({ state }) => { state.record.change({ held: null }); });
}

async function changeOrMake(engine: Engine, queue: Definition, group: string, start: GroupStart, apply: (work: Work) => void): Promise<void> {
  const session = engine.session(queue, group);
  do await session.ensure(queue, start);
  while ((await session.run({ queue, apply })) === undefined);
}

/** @throws invalid-input when there is no such group */
async function change(engine: Engine, queue: Definition, group: string, apply: (work: Work) => void): Promise<void> {
  const performed = await engine.session(queue, group).run({ queue, apply, unsure: () => true });
  if (performed === undefined) throw invalidInput("group", `The queue ${queue.name} has no group ${JSON.stringify(group)}. A group exists from its first pop or seek.`);
}
