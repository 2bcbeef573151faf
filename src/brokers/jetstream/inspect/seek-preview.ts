import { seekPreviewOf } from "../../../core/index.ts";
import type { GroupStart, SeekPreview } from "../../../core/index.ts";
import { groupCounts, LogCounts } from "../counts.ts";
import type { Definition } from "../definition.ts";
import { prioritiesOf } from "../definition.ts";
import type { Engine } from "../engine.ts";
import { isExpired, Reading } from "./reading.ts";
import type { GroupView } from "./view.ts";

/** Entries of the log that one call looks at before it answers an estimate. */
const LOOKED_AT = 2_000;

/** How many, and whether that is exact. */
interface Count {
  readonly n: number;
  readonly exact: boolean;
}

/** Of some messages: those that the group is to get, and those of them that it hasn't settled. */
interface Looked {
  readonly own: number;
  readonly unsettled: number;
}

/** From what the server counts and the group's record; messages are looked at where that isn't enough. */
export async function seekPreview(engine: Engine, queue: Definition, group: string, to: GroupStart): Promise<SeekPreview> {
  const reading = await Reading.open(engine, queue, group);
  const { view, log } = reading;
  const [start, counts, known, last] = await Promise.all([engine.session(queue, group).startOf(to), LogCounts.open(engine, queue), groupCounts(engine, queue, view), log.last()]);
  const [entered, waiting] = await Promise.all([counts.entered(start + 1), engine.timetable(queue).dueNow()]);
  // What is due is brought in before a seek.
  const due = to === "new" || (typeof to === "number" && to > view.now) ? 0 : waiting;
  const behind = entered > LOOKED_AT ? null : await look(reading, start, last);
  const messages = (behind?.own ?? entered) + due;
  const passed = behind === null ? await passedOver(reading, start, messages, known.lag) : { n: Math.max(0, known.lag - behind.unsettled - due), exact: true };
  const unseen = await neverSeen(view, counts, start);
  return seekPreviewOf({ messages, lag: known.lag, passed: passed.n, unseen, exact: passed.exact && (behind !== null || !(await othersAlone(engine, queue, group))) });
}

/** Of those that the group hasn't settled, how many are before the new start. */
async function passedOver(reading: Reading, start: number, messages: number, lag: number): Promise<Count> {
  const { view, queue } = reading;
  if (start === 0 || lag === 0) return { n: 0, exact: true };
  const floor = view.floor(prioritiesOf(queue));
  if (start <= floor) return { n: 0, exact: true };
  if (start >= view.top) return { n: Math.max(0, lag - messages), exact: true };
  const before = await look(reading, floor, start);
  // Otherwise as if it had settled them in order.
  return before === null ? { n: Math.max(0, lag - messages), exact: false } : { n: before.unsettled, exact: true };
}

/** Messages in (after, end]; `null` when there are more entries than one call looks at. */
async function look(reading: Reading, after: number, end: number): Promise<Looked | null> {
  const { engine: { api }, subjects, view } = reading;
  const read = await api.readMany(subjects.log, null, after + 1, LOOKED_AT, { headersOnly: true });
  const last = read.at(-1)?.seq ?? end;
  if (read.length === LOOKED_AT && last < end) return null;
  const own = read.filter((message) => message.seq <= end && subjects.isMessage(message.subject) && (message.onlyGroup === null || message.onlyGroup === view.group) && !isExpired(message, view.now));
  return { own: own.length, unsettled: own.filter((message) => view.of(message).state !== "completed").length };
}

/** Messages that a group which was never moved skipped at its start, and would get now. */
async function neverSeen({ head }: GroupView, counts: LogCounts, start: number): Promise<number> {
  if (head === null || (head.seeks ?? 0) > 0 || head.from <= start) return 0;
  const [all, rest] = await Promise.all([counts.entered(start + 1), counts.entered(head.from + 1)]);
  return Math.max(0, all - rest);
}

/** Whether there may be messages that were redriven to other groups alone: the server doesn't count them apart. */
async function othersAlone(engine: Engine, queue: Definition, group: string): Promise<boolean> {
  const names = (await engine.groupNames(queue)).filter((name) => name !== group);
  const records = await Promise.all(names.map((name) => engine.session(queue, name).record(queue)));
  return records.some((record) => record !== undefined && (record.head.totals.redriven) > 0);
}
