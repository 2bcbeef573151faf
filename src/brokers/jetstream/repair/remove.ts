import type { Definition } from "../definition.ts";
import type { BuiltInEvent } from "../../../core/index.ts";
import type { Engine } from "../engine.ts";
import { findMessage } from "../inspect/find.ts";
import type { Found } from "../inspect/find.ts";
import { pipelined } from "../inspect/reading.ts";
import type { LogMessage } from "../message.ts";
import { Subjects } from "../subjects.ts";
import { eventPublication } from "../timeline.ts";
import { whereOf } from "../timetable.ts";
import { forget, passGone } from "./forget.ts";

/** What a message's timeline says of its removal; without: it was completed, and its timeline goes with it. */
export type Removal = { readonly event: Extract<BuiltInEvent, "dropped" | "expired" | "removed">; readonly reason: string } | null;

const REMOVED = { event: "removed", reason: "Removed by hand." } as const;

export async function remove(engine: Engine, ids: readonly string[]): Promise<{ id: string; removed: boolean }[]> {
  const removed = await eachOnce(engine, ids, async (queue, found) => {
    const scheduled = await pipelined(found.filter((one) => one.scheduled), async ({ message }) => ((await removeScheduled(engine, queue, message)) ? [message.seq] : []));
    const gone = await removeMessages(engine, queue, found.filter((one) => !one.scheduled).map(({ message }) => message), REMOVED);
    return [...scheduled.flat(), ...gone];
  });
  return ids.map((id, i) => ({ id, removed: removed[i] === true }));
}

/** Only what hasn't come due. */
export async function cancel(engine: Engine, ids: readonly string[]): Promise<{ id: string; cancelled: boolean }[]> {
  const cancelled = await eachOnce(engine, ids, async (queue, found) => {
    const gone = await pipelined(found.filter((one) => one.scheduled), async ({ message }) => ((await removeScheduled(engine, queue, message)) ? [message.seq] : []));
    return gone.flat();
  });
  return ids.map((id, i) => ({ id, cancelled: cancelled[i] === true }));
}

/** Acts on the messages of each queue together; answers by id whether it is among those that were acted on, once where it is named twice. */
async function eachOnce(engine: Engine, ids: readonly string[], act: (queue: Definition, found: readonly Found[]) => Promise<readonly number[]>): Promise<boolean[]> {
  const unique = [...new Set(ids)];
  const all = await pipelined(unique, (id) => findMessage(engine, id));
  const queues = new Map(all.flatMap((found) => (found === undefined ? [] : [[found.queue.id, found.queue] as const])));
  const done = new Set<string>();
  for (const queue of queues.values()) {
    const seqs = new Set(await act(queue, all.flatMap((found) => (found?.queue.id === queue.id ? [found] : []))));
    unique.forEach((id, i) => { const found = all[i]; if (found?.queue.id === queue.id && seqs.has(found.message.seq)) done.add(id); });
  }
  return ids.map((id) => done.delete(id));
}

/** `false` when it has entered its queue meanwhile, or somebody else removed it. */
export async function removeScheduled(engine: Engine, queue: Definition, message: LogMessage): Promise<boolean> {
  const { api } = engine;
  const subjects = new Subjects(queue.name);
  if (!(await api.deleteMessage(subjects.log, message.seq))) return false;
  await Promise.all([api.purge(subjects.log, { filter: subjects.timeline(message.seq) }), api.purge(subjects.state, { filter: subjects.edit(message.seq) })]);
  engine.changed(subjects);
  return (await api.read(subjects.log, { last_by_subj: subjects.message(whereOf(message), message.seq) })) === undefined;
}

/**
 * Deletes messages from the log, whatever stands they have; receipts of leased ones go stale. First from the groups'
 * records: were it broken off in between, they would be told again to be removed, and nobody works on them.
 * Answers the sequences of those that were there.
 * @param run where they are all messages of it, one behind the other, up to one that stays
 */
export async function removeMessages(engine: Engine, queue: Definition, messages: readonly LogMessage[], removal: Removal, run?: Run): Promise<number[]> {
  if (messages.length === 0) return [];
  const subjects = new Subjects(queue.name);
  const lost = removal !== null && removal.event !== "removed";
  const groups = await engine.groupNames(queue);
  await Promise.all(groups.map((group) => engine.session(queue, group).run({ queue, apply: (work) => { forget(work, messages, lost); } })));
  const gone = await deleteAll(engine, subjects, messages, run);
  await leaveTraces(engine, queue, subjects, gone, removal);
  await Promise.all(groups.map((group) => passGone(engine, queue, group)));
  engine.changed(subjects);
  return gone.map(({ seq }) => seq);
}

/** Messages of one filter, `below` the first that isn't to be removed. */
interface Run {
  readonly filter: string;
  readonly below: number;
}

/** One by one; but the server deletes a run at the front of the log at once. */
async function deleteAll({ api }: Engine, subjects: Subjects, messages: readonly LogMessage[], run?: Run): Promise<LogMessage[]> {
  const [first] = messages;
  const below = Math.min(run?.below ?? 0, (messages.at(-1)?.seq ?? 0) + 1);
  const front = run !== undefined && first !== undefined && first.seq < below && (await api.read(subjects.log, { seq: 1, next_by_subj: run.filter }))?.seq === first.seq;
  if (front) await api.purge(subjects.log, { filter: run.filter, seq: below });
  const there = await pipelined(messages, async (message) => ((front && message.seq < below) || (await api.deleteMessage(subjects.log, message.seq)) ? [message] : []));
  return there.flat();
}

/** A timeline lives as long as its message or a dead letter of it. Of a message that was lost on the way, one event stays to tell so. */
export async function leaveTraces(engine: Engine, queue: Definition, subjects: Subjects, gone: readonly LogMessage[], removal: Removal): Promise<void> {
  const { api, crypt, publisher } = engine;
  const edits = await api.subjects(subjects.state, subjects.edit("*"));
  const isDead = await deadAmong(engine, subjects);
  await pipelined(gone, async ({ seq, place: { alias } }) => {
    if (edits.has(subjects.edit(seq))) await api.purge(subjects.state, { filter: subjects.edit(seq) });
    if (await isDead(seq)) return;
    await forgetTimeline(engine, subjects, seq);
    if (alias === null) return;
    await Promise.all([forgetTimeline(engine, subjects, alias), api.purge(subjects.state, { filter: subjects.fired(alias) })]);
  });
  if (removal === null) return;
  const { event, reason } = removal;
  const results = await publisher.publishAll(gone.map(({ seq }) => eventPublication(subjects, queue, crypt, { seq, type: event, own: true, data: { reason } }, engine.now())));
  const failed = results.find((result) => result instanceof Error);
  // The timeline misses a line; what it tells of is done.
  if (failed !== undefined) engine.onError(failed);
}

/** To look for one costs the server a fraction of a purge that finds nothing: most messages have none. */
async function forgetTimeline({ api }: Engine, subjects: Subjects, number: number): Promise<void> {
  if ((await api.read(subjects.log, { last_by_subj: subjects.events(number) })) !== undefined) await api.purge(subjects.log, { filter: subjects.timeline(number) });
}

/** Tells of messages whether they have dead letters. The server goes through all subjects for one, so they are listed where they aren't too many. */
export async function deadAmong({ api }: Engine, subjects: Subjects): Promise<(seq: number) => Promise<boolean>> {
  const { total = 0, state } = await api.streamInfo(subjects.log, { subjects_filter: subjects.allDead(), offset: 0 });
  const listed = Object.keys(state.subjects ?? {});
  if (listed.length < total) return async (seq) => (await api.read(subjects.log, { last_by_subj: subjects.deadOf("*", seq) })) !== undefined;
  const dead = new Set(listed.map((subject) => Number(subject.split(".").at(-2))));
  return (seq) => Promise.resolve(dead.has(seq));
}
