import { Command, Option } from "@commander-js/extra-typings";
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { DEFAULT_GROUP } from "../../core/index.ts";
import type { Broker } from "../../core/index.ts";
import { duration, groupStart, whole } from "../arguments.ts";
import { withExamples } from "../examples.ts";
import { deliveryJson } from "../json.ts";
import { given, Interrupted } from "../session.ts";
import type { Act } from "../session.ts";
import { countsText, deliveryFacts } from "../show.ts";
import { printable } from "../text.ts";

export function popCommand(act: Act): CommandUnknownOpts {
  const command = new Command("pop")
    .description("Take the next messages under a lease. Each comes with a receipt: give it to ack, nack, release, dead or renew, from any process, before the lease ends.")
    .argument("<queue>", "the queue")
    .option("--batch <n>", "at most this many messages", whole, 1)
    .addOption(new Option("--wait <duration>", "wait this long for the first message").argParser(duration).default(0, "don't wait"))
    .option("--group <name>", "consumer group; each group sees every message", DEFAULT_GROUP)
    .option("--partition <key>", "only this partition")
    .option("--lease <duration>", "how long the lease lasts (default: the queue's leaseTime)", duration)
    .option("--start <all|new|time>", "where a group that doesn't exist yet starts (default: all)", groupStart)
    .option("--only-new", "only messages that this group was never given before")
    .option("--at-most-once", "completed on delivery: no lease, no receipt, no retry")
    .action(act(async (session, queue, options) => {
      const broker = await session.existing();
      const deliveries = await broker.messages.pop(queue, given({ ...options, signal: session.signal }));
      if (session.signal.aborted) {
        // Nobody may have seen them: give them back, uncharged.
        const receipts = deliveries.flatMap(({ receipt }) => (receipt === null ? [] : [receipt]));
        if (receipts.length > 0) await broker.messages.settle(receipts.map((receipt) => ({ action: "release", receipt })));
        throw new Interrupted("Nothing was taken.");
      }
      const now = Date.now();
      session.out.show(deliveries.map(deliveryJson), () => deliveries.flatMap((delivery) => deliveryFacts(session.out, delivery, now)));
      if (deliveries.length === 0 && !session.out.json) session.out.note(await whyNothing(broker, queue, options.group));
    }));
  return withExamples(command,
    "queuescope pop orders",
    "queuescope pop orders --batch 10 --wait 30s --group billing",
    "receipt=$(queuescope pop orders --json | jq -r .receipt); queuescope ack $receipt");
}

async function whyNothing(broker: Broker, queue: string, group: string): Promise<string> {
  const [info, groups] = await Promise.all([broker.queues.get(queue), broker.inspect.groups(queue)]);
  const mine = groups.find(({ name }) => name === group);
  if (info.paused) return `${printable(queue)} is paused. Let it deliver again with: queuescope queue resume ${printable(queue)}`;
  if (mine?.paused === true) return `Group ${printable(group)} of ${printable(queue)} is paused. Let it go on with: queuescope groups resume ${printable(queue)} ${printable(group)}`;
  return `${printable(queue)} has nothing to deliver to group ${printable(group)} now (${countsText((mine ?? info).counts)}). Wait for a message with --wait 30s.`;
}
