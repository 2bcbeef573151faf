import { Command, Option } from "@commander-js/extra-typings";
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { DEFAULT_GROUP, MESSAGE_STATES } from "../../core/index.ts";
import type { Broker, Message } from "../../core/index.ts";
import { whole } from "../arguments.ts";
import { withExamples } from "../examples.ts";
import { messageJson } from "../../client/transfer/json.ts";
import { allPages } from "../pages.ts";
import type { Act, Session } from "../session.ts";
import { countsText, messageTable } from "../show.ts";
import { printable } from "../text.ts";

interface Selection {
  readonly limit: number;
  readonly newest?: true | undefined;
  readonly after?: string | undefined;
  readonly partition?: string | undefined;
  readonly group: string;
  readonly state?: Message["state"] | undefined;
  readonly match?: string | undefined;
}

export function peekCommand(act: Act): CommandUnknownOpts {
  const command = new Command("peek")
    .description("Show the next messages that a pop would give; with --state, --match, --newest or --after any messages, in the order they entered. Changes nothing.")
    .argument("<queue>", "the queue")
    .option("--limit <n>", "at most this many messages", whole, 10)
    .option("--newest", "the newest first, and scheduled ones before them, the latest due first")
    .option("--after <id>", "continue after this message; with --newest to older ones")
    .option("--partition <key>", "only this partition")
    .option("--group <name>", "the group whose view is shown", DEFAULT_GROUP)
    .addOption(new Option("--state <state>", "only messages in this state").choices(MESSAGE_STATES))
    .option("--match <text>", "only messages with this text in the data, headers or transaction id")
    .action(act(async (session, queue, options) => {
      const broker = await session.existing();
      const browsing = options.newest === true || options.state !== undefined || options.match !== undefined || options.after !== undefined;
      const messages = browsing
        ? await browse(session, broker, queue, options)
        : await broker.inspect.peek(queue, { group: options.group, partition: options.partition, limit: options.limit });
      const now = Date.now();
      session.out.show(messages.map(messageJson), () => (messages.length === 0 ? [] : messageTable(session.out, messages, now)));
      if (messages.length === 0 && !session.out.json) session.out.note(await whyNothing(broker, queue, options, browsing));
    }));
  return withExamples(command,
    "queuescope peek orders",
    "queuescope peek orders --partition customer-7 --limit 50",
    "queuescope peek orders --newest",
    "queuescope peek orders --state retrying --json",
    `queuescope peek orders --match customer-42`);
}

/** Page after page, as each reads a bounded number of messages only. */
function browse(session: Session, broker: Broker, queue: string, { limit, after, newest, ...filter }: Selection): Promise<Message[]> {
  const order = newest === true ? "newest" : "oldest";
  return allPages(session, (page) => broker.inspect.browse(queue, { ...filter, ...page, order }), { limit, after });
}

async function whyNothing(broker: Broker, queue: string, selection: Selection, browsing: boolean): Promise<string> {
  if (browsing) return `No message of ${printable(queue)} matches.`;
  const groups = await broker.inspect.groups(queue);
  const counts = groups.find(({ name }) => name === selection.group)?.counts ?? (await broker.queues.get(queue)).counts;
  return `${printable(queue)} has nothing ready${selection.partition === undefined ? "" : ` in partition ${printable(selection.partition)}`} (${countsText(counts)}). See the others with --state, or push one with: queuescope push ${printable(queue)} DATA`;
}
