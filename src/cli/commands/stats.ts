import { Command } from "@commander-js/extra-typings";
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import type { Broker, QueueStats } from "../../core/index.ts";
import { withExamples } from "../examples.ts";
import { onEachChange } from "../changes.ts";
import { statsJson } from "../json.ts";
import type { JsonRecord } from "../../client/transfer/json.ts";
import { allPages } from "../pages.ts";
import type { Act, Session } from "../session.ts";
import { facts, table } from "../show.ts";
import { bytesText, plural, printable, spanText } from "../text.ts";
import { groupTable } from "./groups.ts";

/** What is printed at once, either way. */
interface View {
  readonly records: readonly JsonRecord[];
  readonly lines: readonly string[];
}

export function statsCommand(act: Act): CommandUnknownOpts {
  const command = new Command("stats")
    .description("Show the numbers of a queue and its groups, or of every queue.")
    .argument("[queue]", "the queue (default: all of them)")
    .option("--watch", "show them again after every change, until Ctrl-C")
    .action(act(async (session, queue, options) => {
      if (queue === undefined && (await session.missing()) !== null) {
        print(session, { records: [], lines: [] });
        return;
      }
      const broker = await session.existing();
      const view = async (): Promise<View> => (queue === undefined ? await everyQueue(session, broker) : oneQueue(session, await broker.inspect.stats(queue)));
      if (options.watch === true) await watch(session, broker, view);
      else print(session, await view());
    }));
  return withExamples(command, "queuescope stats", "queuescope stats orders", "queuescope stats orders --watch", "queuescope stats orders --json | jq .counts.ready");
}

function print(session: Session, { records, lines }: View): void {
  session.out.show(records, () => lines);
  if (records.length === 0) session.out.note("There are no queues. Push a first message with: queuescope push QUEUE DATA");
}

async function watch(session: Session, broker: Broker, view: () => Promise<View>): Promise<void> {
  let shown = "";
  await onEachChange(broker, session.signal, async () => {
    const next = await view();
    // Ages grow by themselves; only a change is shown again.
    const text = JSON.stringify(next.records, (key, value: unknown) => (key === "oldestReadyAge" ? undefined : value));
    if (text === shown) return false;
    shown = text;
    if (session.out.isTerminal) session.out.write("\u001b[H\u001b[2J");
    print(session, next);
    return false;
  });
  session.checkpoint("");
}

async function everyQueue(session: Session, broker: Broker): Promise<View> {
  const queues = await allPages(session, (page) => broker.queues.list(page));
  const all = await Promise.all(queues.map(({ name }) => broker.inspect.stats(name)));
  const heading = ["QUEUE", "READY", "SCHEDULED", "LEASED", "RETRYING", "DEAD", "COMPLETED", "PARTITIONS", "GROUPS", "SIZE", "OLDEST"];
  const rows = all.map((stats) => [
    printable(stats.queue),
    ...[stats.counts.ready, stats.counts.scheduled, stats.counts.leased, stats.counts.retrying, stats.counts.dead, stats.counts.completed, stats.partitions, stats.groups.length].map(String),
    bytesText(stats.bytes),
    stats.oldestReadyAge === null ? "" : spanText(stats.oldestReadyAge),
  ]);
  return { records: all.map(statsJson), lines: all.length === 0 ? [] : table(session.out, heading, rows, heading.slice(1)) };
}

function oneQueue(session: Session, stats: QueueStats): View {
  const { out } = session;
  const { counts } = stats;
  const lines = [
    ...facts(out, out.paint("bold", printable(stats.queue)), [
      ["messages", `${counts.ready} ready, ${counts.scheduled} scheduled, ${counts.leased} leased, ${counts.retrying} retrying, ${counts.completed} completed, ${counts.dead} dead`],
      ["oldest ready", stats.oldestReadyAge === null ? null : `${spanText(stats.oldestReadyAge)} old`],
      ["deliveries", `${stats.totalDeliveries} in total; ${plural(stats.neverDelivered, "message")} never delivered`],
      ["partitions", String(stats.partitions)],
      ["stored", `${bytesText(stats.bytes)} of data${stats.fileSize === null ? "" : ` in a file of ${bytesText(stats.fileSize)}`}`],
      ["ids", stats.firstId === null ? null : `${stats.firstId} to ${stats.lastId ?? ""}`],
    ]),
    ...groupTable(session, stats.groups),
  ];
  return { records: [statsJson(stats)], lines };
}
