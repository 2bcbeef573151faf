import { expire } from "../ending.ts";
import type { Work } from "../ending.ts";
import type { Definition } from "../definition.ts";
import type { Engine } from "../engine.ts";
import type { LogMessage } from "../message.ts";
import type { Part } from "../record.ts";
import { withoutSettled } from "../settling.ts";
import { GroupView } from "../inspect/view.ts";

/** What a message's removal needs to know of it. */
export type Removed = Pick<LogMessage, "seq" | "place" | "at" | "onlyGroup">;

/** A group's record is as if the messages had never been; receipts of leased ones go stale. @param lost whether its counts tell of those that it hadn't completed */
export function forget(work: Work, messages: readonly Removed[], lost: boolean): void {
  const { state, now } = work;
  // The charge of a lease that ran out is its first message's, and mustn't pass to the next one because that is removed.
  expire(work);
  const view = new GroupView(state.name, state.record, now);
  const open = messages.filter((message) => view.of(message).state !== "completed");
  if (lost && open.length > 0) state.record.count({ dropped: open.length });
  for (const message of messages) {
    state.record.edited.delete(message.seq);
    // Of others' the record never knew.
    if (message.onlyGroup !== null && message.onlyGroup !== state.name) continue;
    if (message.place.partition === null) forgetAlone(work, message);
    else forgetInPart(work, message, message.place.partition);
  }
}

function forgetInPart({ state }: Work, { seq }: Removed, partition: string): void {
  const part = state.record.parts.get(partition);
  if (seq > Math.max(part?.tail ?? 0, state.record.at(0))) {
    state.record.skip.set(seq, 0);
    return;
  }
  if (part === undefined || seq <= part.pos || seq > part.tail || part.done?.includes(seq) === true) return;
  if (part.lease !== undefined && seq <= part.lease.last) {
    if (part.lease.open.includes(seq)) state.setPart(partition, withoutSettled(part, part.lease, [seq]));
    return;
  }
  state.setPart(partition, withoutWaiting(part, seq));
}

/** Without a message that waits in it. */
function withoutWaiting({ ready, done = [], past = [], ...part }: Part, seq: number): Part {
  const head = seq === part.pos + 1 || past[0]?.seq === seq;
  const others = past.filter((one) => one.seq !== seq);
  return {
    ...part, n: part.n - 1, done: [...done, seq].sort((a, b) => a - b),
    ...(others.length > 0 ? { past: others } : {}),
    // The next one may have waited for this one's retry.
    ...(ready === undefined || head ? {} : { ready }),
  };
}

function forgetAlone({ state }: Work, { seq, place: { priority } }: Removed): void {
  const { record } = state;
  const lease = [...record.leases.values()].find(({ open }) => open.includes(seq));
  state.deleteBack(seq);
  if (lease !== undefined) {
    const open = lease.open.filter((one) => one !== seq);
    if (open.length === 0) record.leases.delete(lease.token);
    else state.setLease(lease.token, { ...lease, open });
  }
  // Who has it in memory still comes past it.
  if (seq > record.at(priority) && !record.ahead.has(seq)) record.skip.set(seq, priority);
}

/** Removed messages beyond the position that a record remembers before it is worth a look. */
const MANY = 100;

/** Moves a group over messages that are gone, so that its record needn't remember each. */
export async function passGone(engine: Engine, queue: Definition, group: string): Promise<void> {
  const session = engine.session(queue, group);
  const record = await session.record(queue);
  if (record === undefined || record.skip.size < MANY) return;
  const last = await session.log.last();
  const passed = await Promise.all([...new Set(record.skip.values())].map(async (priority) => {
    const next = await engine.api.read(session.subjects.log, { seq: record.at(priority) + 1, next_by_subj: session.subjects.lane(priority) });
    return { priority, to: next === undefined ? last : Math.min(last, next.seq - 1) };
  }));
  await session.run({ queue, apply: (work) => { for (const { priority, to } of passed) moveOver(work, priority, to); } });
}

function moveOver({ state }: Work, priority: number, to: number): void {
  const { record } = state;
  record.moveTo(priority, to);
  for (const [seq, own] of [...record.skip.entries()]) if (own === priority && seq <= record.at(priority)) record.skip.delete(seq);
  if (priority > 0) return;
  // Partitions that were taken up out of turn need no entry any more, when all of them is settled.
  for (const [partition, part] of [...record.parts.entries()]) if (part.pos >= part.tail && part.lease === undefined) state.setPart(partition, part);
}
