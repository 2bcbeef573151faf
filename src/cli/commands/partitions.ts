import { Command, Option } from "@commander-js/extra-typings";
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { DEFAULT_GROUP } from "../../core/index.ts";
import type { PartitionInfo } from "../../core/index.ts";
import { whole } from "../arguments.ts";
import { withExamples } from "../examples.ts";
import { partitionJson } from "../json.ts";
import { allPages, noteLimit } from "../pages.ts";
import type { Act, Session } from "../session.ts";
import { table } from "../show.ts";
import { printable, relativeText } from "../text.ts";

export function partitionsCommand(act: Act): CommandUnknownOpts {
  const command = new Command("partitions")
    .description("List the partitions of a queue, those with the most messages left to complete first.")
    .argument("<queue>", "the queue")
    .option("--group <name>", "the group whose lag is shown", DEFAULT_GROUP)
    .option("--match <text>", "only partitions with this text in their key")
    .addOption(new Option("--sort <order>", "by lag or by name").choices(["lag", "name"] as const).default("lag" as const))
    .option("--limit <n>", "at most this many", whole, 100)
    .action(act(async (session, queue, { limit, ...options }) => {
      const broker = await session.existing();
      const partitions = await allPages(session, (page) => broker.inspect.partitions(queue, { ...options, ...page }), { limit });
      session.out.show(partitions.map(partitionJson), () => (partitions.length === 0 ? [] : partitionTable(session, partitions)));
      if (partitions.length === 0) session.out.note(`${printable(queue)} has no partitions${options.match === undefined ? "" : " that match"}. A message gets one with: queuescope push ${printable(queue)} DATA --partition KEY`);
      noteLimit(session, partitions.length, limit);
    }));
  return withExamples(command, "queuescope partitions orders", "queuescope partitions orders --group billing --match customer-");
}

function partitionTable(session: Session, partitions: readonly PartitionInfo[]): string[] {
  const now = Date.now();
  return table(session.out, ["PARTITION", "LAG", "MESSAGES", "LEASED", "HEAD READY", "LAST PUSH"], partitions.map((partition) => [
    printable(partition.name),
    String(partition.lag),
    String(partition.messages),
    partition.leased ? "yes" : "",
    partition.readyAt === null ? "" : relativeText(Math.max(partition.readyAt, now), now),
    partition.lastPushedAt === null ? "" : relativeText(partition.lastPushedAt, now),
  ]), ["LAG", "MESSAGES"]);
}
