import { isoTime, type TraceEvent } from "../../core/index.ts";

/** A message's timeline as lines: when, how long after the first, what, by whom. */
export function traceDocument(messageId: string, queue: string | undefined, events: readonly TraceEvent[]): string {
  const [first] = events;
  const title = `${messageId}${queue === undefined ? "" : ` in ${queue}`}`;
  if (first === undefined) return `${title}\n\nNothing was recorded. The queue option trace says what is: off, failures or all.\n`;
  return `${title}\n\n${events.map((event) => eventLines(event, first.at)).join("\n")}\n`;
}

function eventLines(event: TraceEvent, start: number): string {
  const facts = [
    event.attempt === null ? "" : `attempt ${event.attempt}`,
    event.group === null || event.group === "default" ? "" : `group ${event.group}`,
    event.worker === null ? "" : `worker ${event.worker}`,
    event.names.join(", "),
  ].filter((fact) => fact !== "");
  const line = `${isoTime(event.at)}  ${sinceStart(event.at - start).padStart(10)}  ${event.type.padEnd(12)} ${facts.join(", ")}`.trimEnd();
  return event.data === null ? line : `${line}\n${dataLines(event.data)}`;
}

function sinceStart(ms: number): string {
  return ms < 10_000 ? `+${ms} ms` : `+${(ms / 1000).toFixed(1)} s`;
}

/** An error's text reads better than its JSON. */
function dataLines(json: string): string {
  const data = JSON.parse(json) as unknown;
  const text = typeof data === "string" ? data : typeof data === "object" && data !== null && "error" in data && typeof data.error === "string" ? data.error : JSON.stringify(data, null, 2);
  return text.split("\n").map((line) => `    ${line}`).join("\n");
}
