import { checkedSpan, checkMinutes, MINUTE, minuteOf, MOST_MINUTES, percentile } from "../../../core/index.ts";
import type { DepthByState, Instant, MetricPoint } from "../../../core/index.ts";
import { aheadOf, heldBy } from "../counts.ts";
import type { Definition } from "../definition.ts";
import type { Engine } from "../engine.ts";
import { Entries } from "../entries.ts";
import { firstOf } from "../history.ts";
import type { Buckets, Tally, Timings } from "../history.ts";
import type { LogMessage } from "../message.ts";
import { NO_TOTALS } from "../record.ts";
import type { GroupRecord, Lease, Totals } from "../record.ts";
import { Subjects } from "../subjects.ts";

interface Row extends Tally {
  readonly minute: Instant;
  /** Of the present one: whose ends are still to come. */
  readonly leases?: readonly Lease[];
}

/** A group at the ends of minutes in which it changed, oldest first. */
interface Series {
  readonly rows: readonly Row[];
  /** The last one before them. */
  readonly before: Row | null;
}

interface Span {
  readonly from: Instant;
  readonly to: Instant;
}

/** Processes store their timings some time after the minute they are of. */
const LATE = 3 * MINUTE;
const MOST_TIMINGS = 20_000;

/** Without a group: all groups together, and the depth of the one that is furthest behind. */
export async function metrics(engine: Engine, queue: Definition, request: { readonly group?: string; readonly from: Instant; readonly to: Instant }): Promise<MetricPoint[]> {
  const span = wholeMinutes(checkedSpan(request), queue.createdAt, engine.now());
  if (span.to <= span.from) return [];
  const entries = await Entries.open(engine, queue);
  const groups = request.group === undefined ? await engine.groupNames(queue) : [request.group];
  const [pushed, series, timings] = await Promise.all([
    pushedIn(entries, span),
    Promise.all(groups.map((group) => seriesOf(engine, queue, group, span, entries))),
    timingsOf(engine, queue, groups, span),
  ]);
  const known = series.filter((one) => one !== null);
  const minutes = [...new Set([...pushed.keys(), ...known.flatMap(({ rows }) => rows.map(({ minute }) => minute))])].sort((a, b) => a - b);
  checkMinutes(minutes.length);
  const [depths, scheduled] = await Promise.all([depthsOf(entries, span, pushed, known, minutes), engine.api.countFrom(new Subjects(queue.name).log, new Subjects(queue.name).allScheduled, { seq: 1 })]);
  const grown = known.map(growths);
  return minutes.flatMap((minute, i) => {
    const all = grown.flatMap((byMinute) => byMinute.get(minute) ?? []);
    const total = (name: keyof Totals): number => all.reduce((sum, totals) => sum + totals[name], 0);
    const stored = known.flatMap(({ rows }) => rows.find((row) => row.minute === minute)?.pushed ?? []);
    const counters = {
      // What was removed since, the log can't tell of any more.
      pushed: Math.max(pushed.get(minute) ?? 0, ...stored), delivered: total("delivered"), completed: total("completed"),
      failed: total("failed"), expired: total("expired"), dead: total("dead"), redriven: total("redriven"),
    };
    if (Object.values(counters).every((n) => n === 0)) return [];
    const { depth, group: deepest } = depths[i] ?? { depth: 0, group: null };
    return [{ minute, ...counters, depth, states: statesAt(known, deepest, depth, minute, scheduled), ...percentilesOf(timings.get(minute)) }];
  });
}

/** @param deepest the group that is shown; `null` before there was one. @param scheduled how many there are now */
function statesAt(series: readonly Series[], deepest: Series | null, depth: number, minute: Instant, scheduled: number): DepthByState {
  const own = deepest === null ? null : lastOf(deepest, minute);
  const leased = own === null ? 0 : own.leases === undefined ? (own.leased ?? null) : leasedAtEnd(own.leases, minute);
  const dead = series.map((one) => (lastOf(one, minute) ?? { dead: 0 }).dead ?? null);
  // The minute of a group's last commit is the present one, as far as is known.
  const current = series.length === 0 || series.some((one) => lastOf(one, minute)?.leases !== undefined);
  const then = series.flatMap((one) => lastOf(one, minute)?.scheduled ?? []);
  return {
    waiting: leased === null ? null : Math.max(0, depth - leased),
    leased,
    scheduled: current ? scheduled : (then.at(-1) ?? null),
    dead: dead.every((n) => n !== null) ? dead.reduce((sum, n) => sum + n, 0) : null,
  };
}

/** The last row that is known at the end of a minute. */
function lastOf({ rows, before }: Series, minute: Instant): Row | null {
  return rows.findLast((row) => row.minute <= minute) ?? before;
}

function leasedAtEnd(leases: readonly Lease[], minute: Instant): number {
  const end = minute + MINUTE;
  return leases.reduce((sum, { since, ends, open }) => (since < end && ends > end ? sum + open.length : sum), 0);
}

/** From a queue's making to now. */
function wholeMinutes({ from, to }: Span, createdAt: Instant, now: Instant): Span {
  const up = (at: Instant): Instant => Math.ceil(at / MINUTE) * MINUTE;
  return { from: Math.max(up(from), minuteOf(createdAt)), to: Math.min(up(to), minuteOf(now) + MINUTE) };
}

/** By halves: where nothing came, nothing more is asked. */
async function pushedIn(entries: Entries, { from, to }: Span): Promise<ReadonlyMap<Instant, number>> {
  const found = new Map<Instant, number>();
  const look = async (start: Instant, end: Instant): Promise<void> => {
    const [first, then] = await Promise.all([entries.since(start), entries.since(end)]);
    if (first <= then || found.size > MOST_MINUTES) return;
    if (end - start <= MINUTE) {
      found.set(start, first - then);
      return;
    }
    const middle = start + Math.floor((end - start) / 2 / MINUTE) * MINUTE;
    await Promise.all([look(start, middle), look(middle, end)]);
  };
  await look(from, to);
  checkMinutes(found.size);
  return found;
}

/** `null` for a group that doesn't exist. */
async function seriesOf(engine: Engine, queue: Definition, group: string, { from, to }: Span, entries: Entries): Promise<Series | null> {
  const record = await engine.session(queue, group).record(queue);
  if (record === undefined) return null;
  const { minute: last = 0, totals, at } = record.head;
  const { leased, retrying, waiting } = heldBy(record, engine.now());
  const subjects = new Subjects(queue.name);
  const filter = subjects.history(group, "*");
  const start = await firstOf(engine, subjects.state, filter, from);
  const [earlier, stored, ahead, dead] = await Promise.all([
    engine.api.read(subjects.state, { seq: Math.max(1, start - 1) }),
    engine.api.readMany(subjects.state, filter, start, MOST_MINUTES + 1),
    aheadOf(engine, queue, (priority) => at[priority] ?? 0),
    engine.api.countFrom(subjects.log, subjects.allDead(group), { seq: 1 }),
  ]);
  const rows = stored.map(rowOf).filter(({ minute }) => minute >= from && minute < to);
  // The minute of the last commit stands in the record itself.
  const current: Row = { minute: last, totals, pushed: 0, depth: leased + retrying + waiting + ahead - (await entries.since(last + MINUTE)), dead, leases: leasesIn(record) };
  if (last >= from && last < to) rows.push(current);
  const own = earlier?.subject.startsWith(filter.slice(0, -1)) === true ? rowOf(earlier) : null;
  return { rows, before: last > 0 && last < from ? current : own };
}

function leasesIn({ leases, parts }: GroupRecord): Lease[] {
  return [...leases.values(), ...[...parts.values()].flatMap(({ lease }) => lease ?? [])];
}

function rowOf({ subject, data }: Pick<LogMessage, "subject" | "data">): Row {
  return { minute: minuteOfSubject(subject), ...(JSON.parse(Buffer.from(data).toString()) as Tally) };
}

function minuteOfSubject(subject: string): Instant {
  return Number(subject.split(".").at(-1));
}

/** What each minute added. */
function growths({ rows, before }: Series): ReadonlyMap<Instant, Totals> {
  let last = before?.totals ?? NO_TOTALS;
  return new Map(rows.map(({ minute, totals }) => {
    const names = Object.keys(NO_TOTALS) as (keyof Totals)[];
    const grown = Object.fromEntries(names.map((name) => [name, Math.max(0, totals[name] - last[name])])) as unknown as Totals;
    last = totals;
    return [minute, grown];
  }));
}

interface Depth {
  readonly depth: number;
  /** The group that is so far behind; `null` before there was one. */
  readonly group: Series | null;
}

/** At the ends of the minutes: what the last known one of a group had, and what came since. */
async function depthsOf(entries: Entries, { from }: Span, pushed: ReadonlyMap<Instant, number>, series: readonly Series[], minutes: readonly Instant[]): Promise<Depth[]> {
  let left = await entries.since(from);
  const after = new Map<Instant, number>();
  for (const minute of minutes) after.set(minute, (left -= pushed.get(minute) ?? 0));
  const depths = await Promise.all(series.map(async ({ rows, before }) => {
    const earlier = before === null ? null : { depth: before.depth, after: await entries.since(before.minute + MINUTE) };
    return minutes.map((minute) => {
      const row = rows.findLast((one) => one.minute <= minute);
      const known = row === undefined ? earlier : { depth: row.depth, after: after.get(row.minute) ?? 0 };
      return known === null ? null : known.depth + known.after - (after.get(minute) ?? 0);
    });
  }));
  const all = await entries.since(0);
  return minutes.map((minute, i) => {
    const known = depths.flatMap((one, n) => (one[i] == null ? [] : [{ depth: Math.max(0, one[i]), group: series[n] ?? null }]));
    // Before there was a group, everything waited.
    const first: Depth = known[0] ?? { depth: Math.max(0, all - (after.get(minute) ?? 0)), group: null };
    return known.reduce((most, one) => (one.depth > most.depth ? one : most), first);
  });
}

interface Counts {
  readonly wait: Map<number, number>;
  readonly run: Map<number, number>;
}

/** Of all processes, by minute. */
async function timingsOf(engine: Engine, queue: Definition, groups: readonly string[], { from, to }: Span): Promise<ReadonlyMap<Instant, Counts>> {
  const byMinute = new Map<Instant, Counts>();
  const subjects = new Subjects(queue.name);
  await Promise.all(groups.map(async (group) => {
    const filter = subjects.timings(group, "*");
    const start = await firstOf(engine, subjects.state, filter, from - LATE);
    const stored = await engine.api.readMany(subjects.state, filter, start, MOST_TIMINGS);
    const rows = stored.map(({ subject, data }) => ({ minute: minuteOfSubject(subject), timings: JSON.parse(Buffer.from(data).toString()) as Timings }));
    for (const { minute, timings } of [...rows, ...engine.history.waiting(queue, group)]) {
      if (minute < from || minute >= to) continue;
      const counts = byMinute.get(minute) ?? { wait: new Map<number, number>(), run: new Map<number, number>() };
      byMinute.set(minute, counts);
      add(counts.wait, timings.wait);
      add(counts.run, timings.run);
    }
  }));
  return byMinute;
}

function add(counts: Map<number, number>, buckets: Buckets): void {
  for (const [bucket, n] of buckets) counts.set(bucket, (counts.get(bucket) ?? 0) + n);
}

function percentilesOf(counts: Counts | undefined): Pick<MetricPoint, "waitP50" | "waitP95" | "runP50" | "runP95"> {
  const sorted = (kind: keyof Counts) => [...(counts?.[kind] ?? [])].map(([bucket, n]) => ({ bucket, n })).sort((a, b) => a.bucket - b.bucket);
  const [wait, run] = [sorted("wait"), sorted("run")];
  return { waitP50: percentile(wait, 0.5), waitP95: percentile(wait, 0.95), runP50: percentile(run, 0.5), runP95: percentile(run, 0.95) };
}
