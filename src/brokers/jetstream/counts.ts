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

/** More subjects than this the server takes long to go through for a count. */
const MANY_SUBJECTS = 20_000;

/** Counts of a queue's messages, however many partitions it has. */
export class LogCounts {
  readonly #engine: Engine;
  readonly #queue: Definition;
  readonly #subjects: Subjects;
  readonly #many: boolean;

  private constructor(engine: Engine, queue: Definition, subjects: Subjects, many: boolean) {
    this.#engine = engine;
    this.#queue = queue;
    this.#subjects = subjects;
    this.#many = many;
  }

  static async open(engine: Engine, queue: Definition): Promise<LogCounts> {
    const subjects = new Subjects(queue.name);
    const { state } = await engine.api.streamInfo(subjects.log);
    return new LogCounts(engine, queue, subjects, (state.num_subjects ?? 0) > MANY_SUBJECTS);
  }

  /** Messages that entered, from `seq` on. */
  async entered(seq: number): Promise<number> {
    return this.#many ? this.#less(seq, []) : this.#count(this.#subjects.messages, seq);
  }

  /** Those of one priority. */
  async lane(priority: number, seq: number): Promise<number> {
    const others = prioritiesOf(this.#queue).filter((other) => other !== priority);
    return this.#many && priority === 0 ? this.#less(seq, others.map((other) => this.#subjects.lane(other))) : this.#count(this.#subjects.lane(priority), seq);
  }

  /** Everything less what isn't meant: the partitions are the many subjects. */
  async #less(seq: number, others: readonly string[]): Promise<number> {
    const subjects = this.#subjects;
    const [all = 0, ...less] = await Promise.all([null, subjects.allScheduled, subjects.allTimelines, subjects.allDead(), ...others].map((filter) => this.#count(filter, seq)));
    return less.reduce((sum, n) => sum - n, all);
  }

  #count(filter: string | null, seq: number): Promise<number> {
    return this.#engine.api.countFrom(this.#subjects.log, filter, { seq });
  }
}

/** Messages behind the group's positions, and a few of them that were taken up out of turn. */
export async function aheadOf(engine: Engine, queue: Definition, at: (priority: number) => number): Promise<number> {
  const counts = await LogCounts.open(engine, queue);
  return sum(await Promise.all(prioritiesOf(queue).map((priority) => counts.lane(priority, at(priority) + 1))));
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
  const counts = await LogCounts.open(engine, queue);
  const [{ fresh, expired }, all, dead, scheduled, due] = await Promise.all([
    neverTaken(engine, queue, view, counts),
    counts.entered(1),
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
async function neverTaken(engine: Engine, queue: Definition, view: GroupView, counts: LogCounts): Promise<{ readonly fresh: number; readonly expired: number }> {
  const subjects = new Subjects(queue.name);
  const lanes = prioritiesOf(queue);
  const all = sum(await Promise.all(lanes.map((priority) => counts.lane(priority, view.at(priority) + 1))));
  if (all === 0) return { fresh: 0, expired: 0 };
  const few = all > LOOK ? null : await readAhead(engine, subjects, view, lanes);
  if (few === null) return { fresh: Math.max(0, all - view.outOfTurn - (await inParts(engine, subjects, view))), expired: 0 };
  const over = (message: LogMessage): boolean => message.expires !== null && message.expires <= view.now;
  return { fresh: few.filter((message) => !over(message) && view.isUntouched(message)).length, expired: few.filter(over).length };
}

/** Without their data; `null` when too much else stands between them. */
async function readAhead({ api }: Engine, subjects: Subjects, view: GroupView, priorities: readonly number[]): Promise<LogMessage[] | null> {
  const lowest = Math.min(...priorities.map((priority) => view.at(priority)));
  const read = await api.readMany(subjects.log, null, lowest + 1, 5 * LOOK, { headersOnly: true });
  if (read.length === 5 * LOOK) return null;
  return read.filter((message) => subjects.isMessage(message.subject) && message.seq > view.at(message.place.priority));
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
  return sum([...counted, ...rest]);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, n) => total + n, 0);
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
