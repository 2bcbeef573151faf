import { Command, Option } from "@commander-js/extra-typings";
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import type { TraceFilter } from "../../core/index.ts";
import { messageLives, namedLives } from "../../inspector/traces-read.ts";
import { eventsText, livesText } from "../../inspector/traces-text.ts";
import { whole } from "../arguments.ts";
import { withExamples } from "../examples.ts";
import { traceJson } from "../json.ts";
import { allPages, noteLimit } from "../pages.ts";
import { given } from "../session.ts";
import type { Act } from "../session.ts";
import { printable } from "../text.ts";
import { UsageError } from "../usage-error.ts";

const NOTHING = "No event matches. A queue records failures only, unless: queuescope queue configure QUEUE --set trace=all";

export function traceCommand(act: Act): CommandUnknownOpts {
  const command = new Command("trace")
    .description("Show the life of a message, or of all messages with a trace name across queues: each step drawn to scale, and the events. Or every event with a text.")
    .argument("[id]", "id of a message")
    .addOption(new Option("--name <name>", "events that handlers recorded under this trace name").conflicts("match"))
    .option("--match <text>", "events with this text")
    .option("--queue <queue>", "with --match: only events of this queue")
    .option("--limit <n>", "with --match or --json: at most this many events", whole, 1000)
    .action(act(async (session, id, options) => {
      const filter = traceFilter(id, options);
      const broker = await session.existing();
      if (!session.out.json && !("match" in filter)) {
        const { lives, more } = await ("name" in filter ? namedLives(broker, filter.name) : messageLives(broker, filter.messageId));
        const lines = livesText("name" in filter ? `trace ${filter.name}` : filter.messageId, lives, Date.now(), printable);
        session.out.show([], () => (lives.length === 0 ? [] : lines));
        if (lives.length === 0) session.out.note(NOTHING);
        if (more) session.out.note("More messages belong to it than these. --json prints every event.");
        return;
      }
      const events = await allPages(session, (page) => broker.inspect.traces({ ...filter, ...page }), { limit: options.limit });
      session.out.show(events.map(traceJson), () => (events.length === 0 ? [] : eventsText(events, printable)));
      noteLimit(session, events.length, options.limit);
      if (events.length === 0) session.out.note(NOTHING);
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
