import { Command, Option } from "@commander-js/extra-typings";
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { isoTime } from "../../core/index.ts";
import type { TraceEvent, TraceFilter } from "../../core/index.ts";
import { whole } from "../arguments.ts";
import { withExamples } from "../examples.ts";
import { traceJson } from "../json.ts";
import { allPages, noteLimit } from "../pages.ts";
import { given } from "../session.ts";
import type { Act, Session } from "../session.ts";
import { table } from "../show.ts";
import { printable } from "../text.ts";
import { UsageError } from "../usage-error.ts";

export function traceCommand(act: Act): CommandUnknownOpts {
  const command = new Command("trace")
    .description("Show what happened to a message, or every event with a trace name or a text, across queues, oldest first.")
    .argument("[id]", "id of a message")
    .addOption(new Option("--name <name>", "events that handlers recorded under this trace name").conflicts("match"))
    .option("--match <text>", "events with this text")
    .option("--queue <queue>", "with --match: only events of this queue")
    .option("--limit <n>", "at most this many", whole, 1000)
    .action(act(async (session, id, options) => {
      const filter = traceFilter(id, options);
      const broker = await session.existing();
      const events = await allPages(session, (page) => broker.inspect.traces({ ...filter, ...page }), { limit: options.limit });
      session.out.show(events.map(traceJson), () => (events.length === 0 ? [] : timeline(session, events)));
      noteLimit(session, events.length, options.limit);
      if (events.length === 0) session.out.note("No event matches. A queue records failures only, unless: queuescope queue configure QUEUE --set trace=all");
    }));
  return withExamples(command, "queuescope trace m1-7", "queuescope trace --name order-12345", "queuescope trace --match timeout --queue orders");
}

function traceFilter(id: string | undefined, options: { readonly name?: string; readonly match?: string; readonly queue?: string }): TraceFilter {
  const { name, match, queue } = options;
  if ([id, name, match].filter((given) => given !== undefined).length !== 1) throw new UsageError("Give one of: the id of a message, --name or --match.");
  if (queue !== undefined && match === undefined) throw new UsageError("--queue goes with --match only.");
  if (id !== undefined) return { messageId: id };
  return name === undefined ? { match: match ?? "", ...given({ queue }) } : { name };
}

function timeline(session: Session, events: readonly TraceEvent[]): string[] {
  const several = new Set(events.map(({ messageId }) => messageId)).size > 1;
  return table(session.out, ["TIME (UTC)", "MESSAGE", "QUEUE", "EVENT", "GROUP", "ATTEMPT", "WORKER", "NAMES", "DATA"], events.map((event) => [
    isoTime(event.at).replace("T", " ").replace("Z", ""),
    several ? event.messageId : "",
    several ? printable(event.queue) : "",
    printable(event.type),
    printable(event.group ?? ""),
    event.attempt === null ? "" : String(event.attempt),
    printable(event.worker ?? ""),
    printable(event.names.join(", ")),
    event.data === null ? "" : printable(detailsText(JSON.parse(event.data))),
  ]), ["ATTEMPT"]);
}

/** What a built-in event says comes as an object: its error first, its times readable. */
function detailsText(data: unknown): string {
  if (typeof data !== "object" || data === null || Array.isArray(data)) return JSON.stringify(data);
  return Object.entries(data).flatMap(([name, value]: [string, unknown]) => {
    if (value === null || name === "stack") return [];
    if (name === "error" && typeof value === "string") return [value];
    if (name.endsWith("At") && typeof value === "number") return [`${name} ${isoTime(value)}`];
    return [`${name} ${typeof value === "string" ? value : JSON.stringify(value)}`];
  }).join(", ");
}
