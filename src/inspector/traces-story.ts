import type { Instant, TraceEvent } from "../core/index.ts";
import { isMark, isWork, type Life, type Step } from "./traces-life.ts";

/** A line of the timeline: a message as one group saw it, or below it one delivery. */
export interface StoryRow {
  readonly key: string;
  readonly kind: "message" | "delivery";
  /** 0 for a message that nothing of the story led to. */
  readonly depth: number;
  readonly messageId: string;
  readonly queue: string;
  readonly group: string;
  /** Who worked: the worker, where one gave its name. */
  readonly service: string;
  /** Why it stands below the one above. */
  readonly because: "redriven" | "traceparent" | null;
  readonly steps: readonly Step[];
  readonly marks: readonly TraceEvent[];
}

export interface Story {
  readonly from: Instant;
  /** Of what is over; something may still go on. */
  readonly to: Instant;
  readonly rows: readonly StoryRow[];
  /** The step that took longest, and its part of the whole time. */
  readonly slowest: { readonly row: string; readonly step: Step; readonly duration: number; readonly share: number } | null;
}

/** @param now what goes on lasts until then */
export function storyOf(lives: readonly Life[], now: Instant): Story {
  const rows = inOrder(lives).flatMap((placed) => lifeRows(placed));
  const from = Math.min(now, ...lives.map((life) => life.from));
  const to = Math.max(from, ...lives.map((life) => life.to ?? now));
  return { from, to, rows, slowest: slowestOf(rows, from, to, now) };
}

export function durationOf({ from, to, end }: Step, now: Instant): number | null {
  if (to !== null) return to - from;
  // An end that isn't recorded: nobody knows how long it took.
  return end === null ? Math.max(0, now - from) : null;
}

function slowestOf(rows: readonly StoryRow[], from: Instant, to: Instant, now: Instant): Story["slowest"] {
  const work = rows.flatMap(({ key, kind, steps }) => (kind === "message" ? steps.filter(isWork).map((step) => ({ row: key, step, duration: durationOf(step, now) ?? 0 })) : []));
  const [longest] = work.sort((a, b) => b.duration - a.duration);
  // Of one step alone nothing is slowest.
  return longest === undefined || longest.duration === 0 || work.length < 2 ? null : { ...longest, share: to === from ? 1 : longest.duration / (to - from) };
}

interface Placed {
  readonly life: Life;
  readonly depth: number;
  readonly because: StoryRow["because"];
}

/** Each message below the one it came from, the oldest first. */
function inOrder(lives: readonly Life[]): Placed[] {
  const byAge = lives.toSorted((a, b) => a.from - b.from || a.id.localeCompare(b.id, undefined, { numeric: true }));
  const parents = new Map(byAge.map((life) => [life, parentOf(life, byAge)]));
  const placed: Placed[] = [];
  const place = (life: Life, depth: number): void => {
    const because = parents.get(life)?.because ?? null;
    placed.push({ life, depth, because });
    for (const child of byAge) if (parents.get(child)?.life === life) place(child, depth + 1);
  };
  for (const life of byAge) if (parents.get(life) === null) place(life, 0);
  return placed;
}

/**
 * What it was redriven from; else, with the same trace id, the message that was being worked on when it was pushed (the one
 * taken up last, where several were). Parents are older, so that nothing is above itself.
 */
function parentOf(life: Life, lives: readonly Life[]): { readonly life: Life; readonly because: "redriven" | "traceparent" } | null {
  const origin = lives.find((one) => one.id === life.redrivenFrom?.messageId);
  if (origin !== undefined && isOlder(origin, life)) return { life: origin, because: "redriven" };
  if (life.traceId === null) return null;
  const [pusher] = lives
    .filter((one) => one.traceId === life.traceId && isOlder(one, life))
    .flatMap((one) => one.groups.flatMap(({ steps }) => steps.filter((step) => isRunning(step, life.from)).map((step) => ({ life: one, since: step.from }))))
    .sort((a, b) => b.since - a.since);
  return pusher === undefined ? null : { life: pusher.life, because: "traceparent" };
}

function isOlder(one: Life, other: Life): boolean {
  return one.from < other.from || (one.from === other.from && one.id !== other.id && one.id.localeCompare(other.id, undefined, { numeric: true }) < 0);
}

function isRunning({ kind, from, to }: Step, at: Instant): boolean {
  return (kind === "leased" || kind === "unrecorded") && from <= at && (to === null || at <= to);
}

function lifeRows({ life, depth, because }: Placed): StoryRow[] {
  const { id, queue, events } = life;
  return life.groups.flatMap(({ group, steps }): StoryRow[] => {
    const marks = events.filter((event) => isMark(event) && (event.group === null || event.group === group));
    const deliveries = steps.filter(({ kind }) => kind === "leased" || kind === "unrecorded").filter(({ worker, end, attempt }) => worker !== null || attempt !== null || end !== null);
    const base = { messageId: id, queue, group };
    const rows = deliveries.map((step, index): StoryRow => ({
      ...base, key: `${id} ${group} ${index}`, kind: "delivery", depth: depth + 1, because: null, service: step.worker ?? group, steps: [step],
      marks: marks.filter((event) => event.group !== null && event.at >= step.from && (step.to === null || event.at <= step.to)),
    }));
    const told = new Set(rows.flatMap((row) => row.marks));
    return [{ ...base, key: `${id} ${group}`, kind: "message", depth, because, service: group === "default" ? queue : `${queue} · ${group}`, steps, marks: marks.filter((event) => !told.has(event)) }, ...rows];
  });
}
