import type { StateCounts } from "../../core/index.ts";
import { prioritiesOf } from "./definition.ts";
import type { Definition } from "./definition.ts";
import type { Engine } from "./engine.ts";
import type { GroupRecord } from "./record.ts";
import { Subjects } from "./subjects.ts";

/** Messages behind the group's positions: never taken up. */
export async function aheadOf(engine: Engine, queue: Definition, at: (priority: number) => number): Promise<number> {
  const subjects = new Subjects(queue.name);
  const counts = await Promise.all(prioritiesOf(queue).map((priority) => engine.api.countFrom(subjects.log, subjects.lane(priority), { seq: at(priority) + 1 })));
  return counts.reduce((sum, n) => sum + n, 0);
}

/** What a group's record holds at or below its positions. */
export interface HeldCounts {
  readonly leased: number;
  /** Returned, and waiting for their time. */
  readonly retrying: number;
  /** Could be delivered, but for the turn of their partition. */
  readonly waiting: number;
  /** Of all these, delivered at least once. */
  readonly seen: number;
}

export function heldBy(record: GroupRecord, now: number): HeldCounts {
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
    seen += new Set([...(lease?.open ?? []), ...past.map(({ seq }) => seq)]).size;
    if (lease !== undefined && lease.ends > now) leased += lease.open.length;
    else if (ready !== undefined && ready > now && past.length > 0) retrying += 1;
  }
  return { leased, retrying, waiting: all - leased - retrying, seen };
}

export interface GroupCounts {
  readonly states: StateCounts;
  /** Not completed: ready, leased or retrying. */
  readonly lag: number;
  readonly neverDelivered: number;
}

/** @param record `undefined`: the group doesn't exist, and would start at the oldest */
export async function groupCounts(engine: Engine, queue: Definition, group: string, record: GroupRecord | undefined): Promise<GroupCounts> {
  const { api } = engine;
  const subjects = new Subjects(queue.name);
  const now = engine.now();
  const [ahead, all, dead, scheduled, due] = await Promise.all([
    aheadOf(engine, queue, (priority) => record?.at(priority) ?? 0),
    api.countFrom(subjects.log, subjects.messages, { seq: 1 }),
    api.countFrom(subjects.log, subjects.allDead(group), { seq: 1 }),
    api.countFrom(subjects.log, subjects.allScheduled, { seq: 1 }),
    engine.timetable(queue).dueNow(),
  ]);
  const held = record === undefined ? { leased: 0, retrying: 0, waiting: 0, seen: 0 } : heldBy(record, now);
  const lag = ahead + held.leased + held.retrying + held.waiting + due;
  const ready = lag - held.leased - held.retrying;
  return {
    states: { ready, scheduled: scheduled - due, leased: held.leased, retrying: held.retrying, completed: Math.max(0, all - (lag - due) - dead), dead },
    lag,
    neverDelivered: Math.max(0, lag - held.seen),
  };
}
