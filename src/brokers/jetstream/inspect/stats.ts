import { DEFAULT_GROUP } from "../../../core/index.ts";
import type { GroupInfo, Instant, QueueStats, WorkerInfo } from "../../../core/index.ts";
import { groupCounts } from "../counts.ts";
import type { GroupCounts } from "../counts.ts";
import type { Definition } from "../definition.ts";
import type { Engine } from "../engine.ts";
import { messageId } from "../ids.ts";
import type { LogMessage } from "../message.ts";
import { placeOf, Subjects } from "../subjects.ts";
import { dueOf } from "../timetable.ts";
import { workerList } from "../workers.ts";
import { Deliverable } from "./deliverable.ts";
import { countPartitions } from "./partition-names.ts";
import { Reading } from "./reading.ts";
import type { GroupView } from "./view.ts";

/** Messages that are read to find the oldest that is ready. */
const LOOK = 200;
const FEW = 20;

export async function stats(engine: Engine, queue: Definition): Promise<QueueStats> {
  const { api } = engine;
  const subjects = new Subjects(queue.name);
  const [own, groups, info, partitions, first, last] = await Promise.all([
    ofGroup(engine, queue, DEFAULT_GROUP),
    groupsOf(engine, queue),
    api.streamInfo(subjects.log),
    countPartitions(engine, subjects),
    firstOf(engine, subjects),
    lastOf(engine, subjects),
  ]);
  const { states, neverDelivered, stored } = own.counts;
  const idOf = (message: Entry | undefined): string | null => (message === undefined ? null : messageId(queue.id, placeOf(message.subject).alias ?? message.seq));
  return {
    queue: queue.name,
    messages: stored,
    counts: states,
    neverDelivered,
    totalDeliveries: groups.reduce((sum, { delivered }) => sum + delivered, 0),
    // The server counts a stream whole: dead letters and timelines are in it too.
    bytes: stored === 0 ? 0 : info.state.bytes,
    oldestReadyAge: own.oldestReadyAge,
    firstId: idOf(first),
    lastId: idOf(last),
    partitions,
    groups: groups.map(({ info: group }) => group),
    fileSize: null,
  };
}

type Entry = Pick<LogMessage, "seq" | "subject">;

async function firstOf({ api }: Engine, subjects: Subjects): Promise<Entry | undefined> {
  const read = await api.readMany(subjects.log, null, 1, LOOK, { headersOnly: true });
  const first = read.find(({ subject }) => subjects.isMessage(subject));
  return first ?? (read.length < LOOK ? undefined : api.read(subjects.log, { seq: 1, next_by_subj: subjects.messages }));
}

/** Mostly it is among the last entries; the server takes long to find it among many partitions. */
async function lastOf({ api }: Engine, subjects: Subjects): Promise<Entry | undefined> {
  const { state } = await api.streamInfo(subjects.log);
  const read = await api.readMany(subjects.log, null, Math.max(1, state.last_seq - LOOK), 2 * LOOK, { headersOnly: true });
  return read.findLast(({ subject }) => subjects.isMessage(subject)) ?? api.read(subjects.log, { last_by_subj: subjects.messages });
}

export async function groups(engine: Engine, queue: Definition): Promise<GroupInfo[]> {
  return (await groupsOf(engine, queue)).map(({ info }) => info);
}

async function groupsOf(engine: Engine, queue: Definition): Promise<{ readonly info: GroupInfo; readonly delivered: number }[]> {
  const [names, all] = await Promise.all([engine.groupNames(queue), workerList(engine)]);
  const workers = all.filter((worker) => worker.live && worker.queues.includes(queue.name));
  return Promise.all(names.map((name) => groupInfo(engine, queue, name, workers)));
}

async function groupInfo(engine: Engine, queue: Definition, name: string, workers: readonly WorkerInfo[]): Promise<{ info: GroupInfo; delivered: number }> {
  const { counts, oldestReadyAge, view } = await ofGroup(engine, queue, name);
  return {
    delivered: view.head?.totals.delivered ?? 0,
    info: {
      name,
      start: view.start,
      paused: view.head?.paused ?? false,
      held: view.head?.held ?? null,
      counts: counts.states,
      lag: counts.lag,
      oldestReadyAge,
      workers: workers.filter(({ group }) => group === name).map(({ id }) => id),
    },
  };
}

async function ofGroup(engine: Engine, queue: Definition, group: string): Promise<{ readonly counts: GroupCounts; readonly oldestReadyAge: number | null; readonly view: GroupView }> {
  const reading = await Reading.open(engine, queue, group);
  const [counts, oldest] = await Promise.all([groupCounts(engine, queue, reading.view), oldestReady(reading)]);
  return { counts, view: reading.view, oldestReadyAge: oldest === null ? null : Math.max(0, reading.now - oldest) };
}

/** When the oldest message entered that the group could be given now, among the first of each kind. */
async function oldestReady(reading: Reading): Promise<Instant | null> {
  const deliverable = new Deliverable(reading);
  const log = await Promise.all(deliverable.kinds(FEW).map(async (kind) => {
    let looked = 0;
    for await (const { read, messages } of kind) {
      looked += Math.max(1, read);
      if (messages.length > 0) return Math.min(...messages.map(({ at }) => at));
      if (looked >= LOOK) break;
    }
    return Infinity;
  }));
  let oldest = Math.min(...log);
  for await (const messages of deliverable.due()) {
    oldest = Math.min(oldest, ...messages.map(dueOf));
    if (messages.length > 0) break;
  }
  return oldest === Infinity ? null : oldest;
}
