import type { StateCounts } from "../../core/index.ts";
import { prioritiesOf } from "./definition.ts";
import type { Definition } from "./definition.ts";
import type { Engine } from "./engine.ts";
import type { GroupView } from "./inspect/view.ts";
import type { LogMessage } from "./message.ts";
import type { Back, Lease, Part } from "./record.ts";
import { Subjects } from "./subjects.ts";

/** More messages ahead, dead letters, or partitions taken out of turn than this aren't looked at one by one. */
const LOOK = 200;
const LOOK_DEAD = 100;

/** Messages behind the group's positions, and a few of them that were taken up out of turn. */
export async function aheadOf(engine: Engine, queue: Definition, at: (priority: number) => number): Promise<number> {
  const subjects = new Subjects(queue.name);
  const counts = await Promise.all(prioritiesOf(queue).map((priority) => engine.api.countFrom(subjects.log, subjects.lane(priority), { seq: at(priority) + 1 })));
  return counts.reduce((sum, n) => sum + n, 0);
}

/** What a group's record holds. */
export interface HeldCounts {
  readonly leased: number;
  /** Returned, and waiting for their time. */
  readonly retrying: number;
  /** Could be delivered, but for the turn of their partition. */
  readonly waiting: number;
  /** Of all these, delivered at least once. */
  readonly seen: number;
}

interface Entries {
  readonly parts: { values(): Iterable<Part> };
  readonly leases: { values(): Iterable<Lease> };
  readonly back: { values(): Iterable<Back> };
}

export function heldBy(record: Entries, now: number): HeldCounts {
  let all = 0;
  let leased = 0;
  let retrying = 0;
  let seen = 0;
  for (const { ends, open } of record.leases.values()) {
    all += open.length;
    seen += open.length;
    // A lease that ran out has returned its messages, whoever notices.
    if (ends > now) leased += open.length;
  }
  for (const { lease, ready } of record.back.values()) {
    if (lease !== undefined) continue;
    all += 1;
    seen += 1;
    if (ready > now) retrying += 1;
  }
  for (const { lease, ready, past = [], n } of record.parts.values()) {
    all += n;
    const open = new Set(lease?.open);
    for (const { seq, r, at } of past) if (!open.has(seq) && r === 1 && (at ?? ready ?? 0) > now) retrying += 1;
    for (const { seq } of past) open.add(seq);
    seen += open.size;
    if (lease !== undefined && lease.ends > now) leased += lease.open.length;
  }
  return { leased, retrying, waiting: all - leased - retrying, seen };
}

export interface GroupCounts {
  readonly states: StateCounts;
  /** Not completed: ready, leased or retrying. */
  readonly lag: number;
  readonly neverDelivered: number;
  /** In whichever state; scheduled ones too. */
  readonly stored: number;
}

/** From the record and what the server counts, so that it costs the same for ten messages and ten million. */
export async function groupCounts(engine: Engine, queue: Definition, view: GroupView): Promise<GroupCounts> {
  const { api } = engine;
  const subjects = new Subjects(queue.name);
  const [{ fresh, expired }, all, dead, scheduled, due] = await Promise.all([
    neverTaken(engine, queue, view),
    api.countFrom(subjects.log, subjects.messages, { seq: 1 }),
    deadOf(engine, queue, view),
    api.countFrom(subjects.log, subjects.allScheduled, { seq: 1 }),
    engine.timetable(queue).dueNow(),
  ]);
  const held = heldBy(view, view.now);
  const unsettled = fresh + held.leased + held.retrying + held.waiting;
  const lag = unsettled + due;
  return {
    states: { ready: lag - held.leased - held.retrying, scheduled: scheduled - due, leased: held.leased, retrying: held.retrying, completed: Math.max(0, all - expired - unsettled - dead.inLog), dead: dead.letters },
    lag,
    neverDelivered: Math.max(0, lag - held.seen),
    stored: all - expired + scheduled,
  };
}

/** Messages that the group never took up; exact where they are few, else with those that are over or for others alone. */
async function neverTaken(engine: Engine, queue: Definition, view: GroupView): Promise<{ readonly fresh: number; readonly expired: number }> {
  const { api } = engine;
  const subjects = new Subjects(queue.name);
  const lanes = prioritiesOf(queue).map((priority) => ({ filter: subjects.lane(priority), from: view.at(priority) + 1 }));
  const counts = await Promise.all(lanes.map(({ filter, from }) => api.countFrom(subjects.log, filter, { seq: from })));
  const all = counts.reduce((sum, n) => sum + n, 0);
  if (all === 0) return { fresh: 0, expired: 0 };
  if (all > LOOK) return { fresh: Math.max(0, all - view.outOfTurn - (await inParts(engine, subjects, view))), expired: 0 };
  const read = await Promise.all(lanes.map(async ({ filter, from }, i) => (counts[i] === 0 ? [] : api.readMany(subjects.log, filter, from, LOOK, { headersOnly: true }))));
  const messages = read.flat();
  const over = (message: LogMessage): boolean => message.expires !== null && message.expires <= view.now;
  return { fresh: messages.filter((message) => !over(message) && view.isUntouched(message)).length, expired: messages.filter(over).length };
}

/** Messages ahead that the record has under their partitions already: whoever pops by partition takes them out of turn. */
async function inParts({ api }: Engine, subjects: Subjects, view: GroupView): Promise<number> {
  const at = view.at(0);
  const beyond = [...view.parts].filter(([, { tail }]) => tail > at);
  const counted = await Promise.all(beyond.slice(0, LOOK).map(async ([partition, { tail }]) => {
    const [from, behind] = await Promise.all([at, tail].map((seq) => api.countFrom(subjects.log, subjects.partition(partition), { seq: seq + 1 })));
    return (from ?? 0) - (behind ?? 0);
  }));
  const rest = beyond.slice(LOOK).map(([, { n, done = [] }]) => n + done.length);
  return [...counted, ...rest].reduce((sum, n) => sum + n, 0);
}

/** Dead letters of the group, and how many messages of the log they stand for: others were removed, or brought back by a seek. */
async function deadOf(engine: Engine, queue: Definition, view: GroupView): Promise<{ readonly letters: number; readonly inLog: number }> {
  const { api } = engine;
  const subjects = new Subjects(queue.name);
  const letters = await api.countFrom(subjects.log, subjects.allDead(view.group), { seq: 1 });
  if (letters === 0 || letters > LOOK_DEAD) return { letters, inLog: letters };
  const seqs = new Set([...(await api.subjects(subjects.log, subjects.allDead(view.group))).keys()].map((subject) => Number(subject.split(".").at(-2))));
  const { log } = engine.session(queue, view.group);
  const found = await Promise.all([...seqs].map((seq) => log.message(seq)));
  return { letters, inLog: found.filter((message) => message !== undefined && view.of(message).state === "completed").length };
}
