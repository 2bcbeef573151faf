import type { Instant, TraceEvent } from "../core/index.ts";
import { errorOf, type Life, recorded, type Step } from "./traces-life.ts";
import { durationOf, type Story, storyOf, type StoryRow } from "./traces-story.ts";

/** Columns of the drawing. */
const WIDTH = 40;
/** Of what a handler recorded, on one line. */
const MOST_DETAILS = 300;
const FILLING: Readonly<Record<Step["kind"], string>> = { scheduled: "·", waiting: "░", leased: "█", retrying: "▒", unrecorded: "▓", dead: "·", completed: " " };

/** Makes what others wrote safe where the text is shown; one line each. */
export type Clean = (text: string) => string;
const asIs: Clean = (text) => text;

/** Lives as text: each step drawn to scale, then the events. The documents of the editor and the command line show the same. */
export function livesText(title: string, lives: readonly Life[], now: Instant, clean = asIs): string[] {
  const story = storyOf(lives, now);
  const events = lives.flatMap((life) => life.events).sort((a, b) => a.at - b.at);
  const several = new Set(story.rows.map(({ messageId, group }) => `${messageId} ${group}`)).size > 1;
  return [clean(title), "", ...drawing(story, several, now, clean), "", ...eventsText(events, clean)];
}

/** A line an event with the time since the first, its error below it. */
export function eventsText(events: readonly TraceEvent[], clean = asIs): string[] {
  const start = events[0]?.at ?? 0;
  const several = new Set(events.map(({ messageId }) => messageId)).size > 1;
  const rows = events.map((event) => ({
    event,
    cells: [timeText(event.at), `+${durationText(event.at - start)}`.padStart(11), ...(several ? [event.messageId, clean(event.queue)] : []), clean(event.type), eventFacts(event, clean)],
  }));
  const heading = ["TIME (UTC)", "      AFTER", ...(several ? ["MESSAGE", "QUEUE"] : []), "EVENT", "DETAILS"];
  const [head = "", ...lines] = aligned([heading, ...rows.map(({ cells }) => cells)]);
  return [head, ...lines.flatMap((line, i) => [line, ...errorLines(rows[i]?.event, clean)])];
}

/** The two largest units: `850 ms`, `12.4 s`, `3 min 5 s`, `2 h 10 min`, `4 d 3 h`. */
export function durationText(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const units = [["d", 86_400_000], ["h", 3_600_000], ["min", 60_000], ["s", 1000]] as const;
  const first = units.findIndex(([, size]) => ms >= size);
  return units.slice(first, first + 2).flatMap(([unit, size], i) => {
    const n = Math.floor((i === 0 ? ms : ms % (units[first]?.[1] ?? ms)) / size);
    return n === 0 ? [] : [`${n} ${unit}`];
  }).join(" ");
}

/** What a step is, in a few words. */
export function stepText({ kind, attempt, worker, end }: Step): string {
  const by = worker === null ? "" : ` by ${worker}`;
  const which = attempt === null ? "attempt" : `attempt ${attempt}`;
  switch (kind) {
    case "leased":
      return `${which}${by}`;
    case "unrecorded":
      return end === "acked" && worker === null ? "waiting and work" : `waiting and ${which}${by}`;
    case "retrying":
      return "retry delay";
    case "dead":
      return "dead letter";
    case "scheduled":
    case "waiting":
    case "completed":
      return kind;
  }
}

function drawing(story: Story, several: boolean, now: Instant, clean: Clean): string[] {
  const rows = story.rows.filter(({ kind, steps }) => kind === "message" && steps.length > 0);
  const cells = rows.flatMap((row) => {
    const indent = "  ".repeat(row.depth);
    const steps = row.steps.map((step) => [`${indent}${several ? "  " : ""}${clean(stepText(step))}`, bar(step, story, now), lengthText(step, now), note(step, row, story)]);
    return several ? [[`${indent}${clean(messageText(row))}`, "", "", ""], ...steps] : steps;
  });
  if (cells.length === 0) return ["Nothing but its push is known: the queue's option trace says what is recorded (off, failures or all)."];
  const whole = durationText(story.to - story.from);
  return aligned([["STEP", `0${whole.padStart(WIDTH - 1)}`, "LASTED", ""], ...cells]);
}

function messageText({ messageId, queue, group, because }: StoryRow): string {
  const why = { redriven: ", redriven", traceparent: ", same trace" };
  return `${messageId} in ${queue}${group === "default" ? "" : `, group ${group}`}${because === null ? "" : why[because]}`;
}

/** Never shorter than one character: a short step is still seen. */
function bar(step: Step, { from, to }: Story, now: Instant): string {
  const whole = Math.max(1, to - from);
  const end = step.to ?? (step.end === null ? now : step.from);
  const start = Math.min(WIDTH - 1, Math.floor(((step.from - from) / whole) * WIDTH));
  const length = Math.max(1, Math.min(WIDTH - start, Math.round(((end - step.from) / whole) * WIDTH)));
  return `${" ".repeat(start)}${FILLING[step.kind].repeat(length)}`.padEnd(WIDTH);
}

function lengthText(step: Step, now: Instant): string {
  const lasted = durationOf(step, now);
  return lasted === null ? "?" : `${durationText(lasted)}${step.to === null ? "…" : ""}`;
}

function note(step: Step, row: StoryRow, { slowest }: Story): string {
  const ended = step.end === null || step.end === "leased" || step.end === "due" ? [] : [step.end];
  return [...ended, ...(slowest?.step === step && slowest.row === row.key ? [`slowest, ${Math.round(slowest.share * 100)}%`] : [])].join(", ");
}

function eventFacts(event: TraceEvent, clean: Clean): string {
  const { attempt, group, worker, names } = event;
  return [
    attempt === null ? "" : `attempt ${attempt}`,
    group === null || group === "default" ? "" : `group ${clean(group)}`,
    worker === null ? "" : `worker ${clean(worker)}`,
    clean(names.join(", ")),
    clean(detailsText(event).slice(0, MOST_DETAILS)),
  ].filter((fact) => fact !== "").join(", ");
}

/** What isn't an error, as `name value`; times readable. */
function detailsText(event: TraceEvent): string {
  const fields = Object.entries(recorded(event));
  // Handlers may record a value of any kind.
  if (fields.length === 0) return event.data === null || event.data === "{}" ? "" : event.data;
  return fields.flatMap(([name, value]) => {
    if (value === null || name === "stack" || (name === "error" && typeof value === "string")) return [];
    if (name.endsWith("At") && typeof value === "number") return [`${name} ${new Date(value).toISOString()}`];
    return [`${name} ${typeof value === "string" ? value : JSON.stringify(value)}`];
  }).join(", ");
}

function errorLines(event: TraceEvent | undefined, clean: Clean): string[] {
  const error = event === undefined ? null : errorOf(event);
  return error === null ? [] : error.split(/\r?\n/).map((line) => `    ${clean(line)}`);
}

function timeText(at: Instant): string {
  return new Date(at).toISOString().replace("T", " ").replace("Z", "");
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => (row[i] ?? "").length)));
  return rows.map((row) => row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join("  ").trimEnd());
}
