import { checkedSpan, checkMinutes, MOST_MINUTES, percentile } from "../../core/index.ts";
import type { Instant, MetricPoint } from "../../core/index.ts";
import { findGroup, groupsOf } from "./group-row.ts";
import type { GroupRow } from "./group-row.ts";
import { discardsOf, historyOf } from "./history.ts";
import { leasedAtEnd, leasesOf } from "./leased-at.ts";
import type { QueueRow } from "./queue-row.ts";
import { TIMING_KIND } from "./timings.ts";
import type { ReadTx } from "./tx.ts";

type Counters = Readonly<Record<string, number>>;

/** Totals at the end of minutes in which they changed, oldest first. */
interface Series {
  readonly minutes: readonly { readonly minute: Instant; readonly counters: Counters }[];
  /** Totals before the first of them. */
  readonly before: Counters;
}

/** Without a group: all groups together, and the depth of the one that is furthest behind. */
export function metrics(tx: ReadTx, queue: QueueRow, request: { readonly group?: string; readonly from: Instant; readonly to: Instant }): MetricPoint[] {
  const { from, to } = checkedSpan(request);
  const groups = request.group === undefined ? groupsOf(tx, queue.qid) : [findGroup(tx, queue.qid, request.group)].filter((row) => row !== undefined);
  const queueSeries = series(tx, queue.qid, 0, { minute: queue.minute, counters: { pushed: queue.pushed, removed: queue.removed, scheduled: queue.scheduled } }, from, to);
  const groupSeries = groups.map((row) => series(tx, queue.qid, historyOf(row), { minute: row.minute, counters: groupCounters(row) }, from, to));
  const timings = timingsOf(tx, groups.map(historyOf), from, to);
  const minutes = [...new Set([queueSeries, ...groupSeries].flatMap((each) => each.minutes.map(({ minute }) => minute)))].sort((a, b) => a - b);
  const queueTotals = totals(queueSeries, minutes);
  const groupTotals = groupSeries.map((each) => totals(each, minutes));
  const leased = groups.map((row, n) => leasedIn(tx, row, minutes, groupTotals[n] ?? []));
  const dead = groups.map((row, n) => deadIn(tx, row, minutes, groupTotals[n] ?? []));
  return minutes.map((minute, i) => {
    const grown = (name: string) => groupTotals.reduce((sum, each) => sum + growth(each[i], name), 0);
    const stored = value(queueTotals[i]?.end, "pushed") - value(queueTotals[i]?.end, "removed");
    const depths = groupTotals.map((each) => stored - value(each[i]?.end, "passed"));
    const depth = Math.max(0, depths.length === 0 ? stored : Math.max(...depths));
    const held = depths.length === 0 ? 0 : (leased[depths.indexOf(Math.max(...depths))]?.[i] ?? null);
    return {
      minute,
      pushed: growth(queueTotals[i], "pushed"),
      delivered: grown("delivered"),
      completed: grown("completed"),
      failed: grown("failed"),
      expired: grown("expired"),
      dead: grown("dead"),
      redriven: grown("redriven"),
      depth,
      states: {
        waiting: held === null ? null : Math.max(0, depth - held),
        leased: held,
        scheduled: queueTotals[i]?.end["scheduled"] ?? 0,
        dead: dead.reduce((sum, each) => sum + (each[i] ?? 0), 0),
      },
      ...percentilesOf(timings.get(minute)),
    };
  });
}

function groupCounters(row: GroupRow): Counters {
  const { passed, delivered, completed, failed, expired, dead, redriven } = row;
  return { passed, delivered, completed, failed, expired, dead, redriven };
}

/** By minute, what the group's leases held at its end. Since its row last changed none has ended; what was before stands in the tally. */
function leasedIn(tx: ReadTx, row: GroupRow, minutes: readonly Instant[], totals: readonly Totals[]): (number | null)[] {
  const leases = leasesOf(tx, row.gid);
  return minutes.map((minute, i) => {
    if (minute >= row.minute) return leasedAtEnd(leases, minute);
    const end = totals[i]?.end ?? {};
    return Object.keys(end).length === 0 ? 0 : (end["leased"] ?? null);
  });
}

/** By minute, the group's dead letters: from those that there are now back over the deaths and discards since. */
function deadIn(tx: ReadTx, row: GroupRow, minutes: readonly Instant[], totals: readonly Totals[]): number[] {
  const there = tx.get<{ n: number }>("SELECT count(*) AS n FROM dead INDEXED BY dead_group WHERE qid = ? AND grp = ?", row.qid, row.name)?.n ?? 0;
  const discards = tx.all<{ minute: number; counters: string }>("SELECT minute, counters FROM tally WHERE qid = ? AND gid = ? ORDER BY minute", row.qid, discardsOf(row)).map(({ minute, counters }) => ({ minute, n: value(parsed(counters), "discarded") }));
  const all = discards.at(-1)?.n ?? 0;
  return minutes.map((minute, i) => {
    const died = row.dead - value(totals[i]?.end, "dead");
    const discarded = all - (discards.findLast((one) => one.minute <= minute)?.n ?? 0);
    return Math.max(0, there - died + discarded);
  });
}

/** The minute of the last change stands in the row itself, earlier ones in the tally. */
function series(tx: ReadTx, qid: number, gid: number, current: { minute: Instant; counters: Counters }, from: Instant, to: Instant): Series {
  const stored = tx.all<{ minute: number; counters: string }>(
    `SELECT minute, counters FROM tally WHERE qid = ? AND gid = ? AND minute >= ? AND minute < ? ORDER BY minute LIMIT ${MOST_MINUTES + 1}`, qid, gid, from, to);
  checkMinutes(stored.length);
  const before = tx.get<{ counters: string }>("SELECT counters FROM tally WHERE qid = ? AND gid = ? AND minute < ? ORDER BY minute DESC LIMIT 1", qid, gid, from);
  const minutes = stored.map(({ minute, counters }) => ({ minute, counters: parsed(counters) }));
  if (current.minute > 0 && current.minute >= from && current.minute < to) minutes.push(current);
  const earlier = current.minute > 0 && current.minute < from ? current.counters : before === undefined ? {} : parsed(before.counters);
  return { minutes, before: earlier };
}

function parsed(counters: string): Counters {
  return JSON.parse(counters) as Counters;
}

interface Totals {
  readonly start: Counters;
  readonly end: Counters;
}

/** A series' totals at the start and the end of each of `minutes`. */
function totals({ minutes: changes, before }: Series, minutes: readonly Instant[]): Totals[] {
  let known = before;
  let next = 0;
  return minutes.map((minute) => {
    const start = known;
    const change = changes[next];
    if (change?.minute === minute) {
      known = change.counters;
      next += 1;
    }
    return { start, end: known };
  });
}

function growth(totals: Totals | undefined, name: string): number {
  return value(totals?.end, name) - value(totals?.start, name);
}

function value(counters: Counters | undefined, name: string): number {
  return counters?.[name] ?? 0;
}

type Histogram = { kind: number; bucket: number; n: number }[];

function timingsOf(tx: ReadTx, histories: readonly number[], from: Instant, to: Instant): ReadonlyMap<Instant, Histogram> {
  const rows = tx.all<{ minute: number; kind: number; bucket: number; n: number }>(
    "SELECT minute, kind, bucket, sum(n) AS n FROM timing WHERE gid IN (SELECT value FROM json_each(?)) AND minute >= ? AND minute < ? GROUP BY minute, kind, bucket ORDER BY minute, kind, bucket",
    JSON.stringify(histories), from, to);
  return Map.groupBy(rows, ({ minute }) => minute);
}

function percentilesOf(timings: Histogram = []): Pick<MetricPoint, "waitP50" | "waitP95" | "runP50" | "runP95"> {
  const of = (kind: number) => timings.filter((row) => row.kind === kind);
  const [wait, run] = [of(TIMING_KIND.wait), of(TIMING_KIND.run)];
  return { waitP50: percentile(wait, 0.5), waitP95: percentile(wait, 0.95), runP50: percentile(run, 0.5), runP95: percentile(run, 0.95) };
}
