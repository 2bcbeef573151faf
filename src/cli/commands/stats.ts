import { Command } from "@commander-js/extra-typings";
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { type Broker, DEFAULT_GROUP, type QueueStats } from "../../core/index.ts";
import { type Rates, readRates } from "../../inspector/rates.ts";
import { withExamples } from "../examples.ts";
import { onEachChange } from "../changes.ts";
import { statsJson } from "../json.ts";
import type { JsonRecord } from "../../client/transfer/json.ts";
import { allPages } from "../pages.ts";
import type { Act, Session } from "../session.ts";
import { facts, table } from "../show.ts";
import { bytesText, plural, printable, spanText } from "../text.ts";
import { groupTable } from "./groups.ts";

/** A table on a screen shows ages and rates as they are now. */
const TICK_MS = 1000;

/** What is printed at once, either way. */
interface View {
  readonly records: readonly JsonRecord[];
  readonly lines: readonly string[];
}

export function statsCommand(act: Act): CommandUnknownOpts {
  const command = new Command("stats")
    .description("Show the numbers of a queue and its groups, or of every queue, with the pace of the last five minutes.")
    .argument("[queue]", "the queue (default: all of them)")
    .option("--watch", "show them again after every change, until Ctrl-C")
    .action(act(async (session, queue, options) => {
      if (queue === undefined && (await session.missing()) !== null) {
        print(session, { records: [], lines: [] });
        return;
      }
      const broker = await session.existing();
      const view = async (): Promise<View> => (queue === undefined ? await everyQueue(session, broker) : oneQueue(session, await paced(broker, queue)));
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
    // Ages grow and rates fall by themselves; only a change is shown again where each is a line of its own.
    const text = session.out.isTerminal ? next.lines.join("\n") : JSON.stringify(next.records, (key, value: unknown) => (key === "oldestReadyAge" || key === "rates" ? undefined : value));
    if (text === shown) return false;
    shown = text;
    if (session.out.isTerminal) session.out.write("\u001b[H\u001b[2J");
    print(session, next);
    return false;
  }, session.out.isTerminal ? TICK_MS : undefined);
  session.checkpoint("");
}

async function everyQueue(session: Session, broker: Broker): Promise<View> {
  const queues = await allPages(session, (page) => broker.queues.list(page));
  const all = await Promise.all(queues.map(({ name }) => paced(broker, name)));
  const heading = ["QUEUE", "READY", "SCHEDULED", "LEASED", "RETRYING", "DEAD", "COMPLETED", "PARTITIONS", "GROUPS", "PUSHED/S", "DONE/S", "FAILED/S", "SIZE", "OLDEST"];
  const rows = all.map(({ stats, rates }) => [
    printable(stats.queue),
    ...[stats.counts.ready, stats.counts.scheduled, stats.counts.leased, stats.counts.retrying, stats.counts.dead, stats.counts.completed, stats.partitions, stats.groups.length].map(String),
    ...[rates.pushed, rates.completed, rates.failed].map(rateText),
    bytesText(stats.bytes),
    stats.oldestReadyAge === null ? "" : spanText(stats.oldestReadyAge),
  ]);
  return { records: all.map(pacedJson), lines: all.length === 0 ? [] : table(session.out, heading, rows, heading.slice(1)) };
}

interface Paced {
  readonly stats: QueueStats;
  /** Of group `default`, as the counts are. */
  readonly rates: Rates;
}

async function paced(broker: Broker, queue: string): Promise<Paced> {
  const [stats, rates] = await Promise.all([broker.inspect.stats(queue), readRates(broker, queue, DEFAULT_GROUP, Date.now())]);
  return { stats, rates };
}

function pacedJson({ stats, rates }: Paced): JsonRecord {
  return { ...statsJson(stats), rates: { ...rates } };
}

function rateText(rate: number): string {
  return rate === 0 ? "0" : rate < 10 ? rate.toFixed(2) : String(Math.round(rate));
}

function timesText(median: number | null, most: number | null): string | null {
  return median === null || most === null ? null : `${spanText(median)} in the median, ${spanText(most)} at 95 %`;
}

function oneQueue(session: Session, { stats, rates }: Paced): View {
  const { out } = session;
  const { counts } = stats;
  const lines = [
    ...facts(out, out.paint("bold", printable(stats.queue)), [
      ["messages", `${counts.ready} ready, ${counts.scheduled} scheduled, ${counts.leased} leased, ${counts.retrying} retrying, ${counts.completed} completed, ${counts.dead} dead`],
      ["oldest ready", stats.oldestReadyAge === null ? null : `${spanText(stats.oldestReadyAge)} old`],
      ["deliveries", `${stats.totalDeliveries} in total; ${plural(stats.neverDelivered, "message")} never delivered`],
      ["pace", `${rateText(rates.pushed)} pushed, ${rateText(rates.completed)} completed, ${rateText(rates.failed)} failed a second (last ${rates.minutes} minutes)`],
      ["wait", timesText(rates.waitP50, rates.waitP95)],
      ["run", timesText(rates.runP50, rates.runP95)],
      ["partitions", String(stats.partitions)],
      ["stored", `${bytesText(stats.bytes)} of data${stats.fileSize === null ? "" : ` in a file of ${bytesText(stats.fileSize)}`}`],
      ["ids", stats.firstId === null ? null : `${stats.firstId} to ${stats.lastId ?? ""}`],
    ]),
    ...groupTable(session, stats.groups),
  ];
  return { records: [pacedJson({ stats, rates })], lines };
}
