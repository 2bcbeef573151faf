import { Command } from "@commander-js/extra-typings";
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { withExamples } from "../examples.ts";
import { given } from "../session.ts";
import type { Act } from "../session.ts";
import { settle } from "../settle.ts";

export function ackCommand(act: Act): CommandUnknownOpts {
  const command = new Command("ack")
    .description("Complete messages: their group doesn't get them again.")
    .argument("<receipts...>", "receipts of pop")
    .option("--cumulative", "also complete everything before each of them in its partition's lease")
    .action(act(async (session, receipts, options) => {
      await settle(session, receipts.map((receipt) => ({ action: "ack", receipt, ...given({ cumulative: options.cumulative }) })));
    }));
  return withExamples(command, "queuescope ack $receipt", "queuescope ack $first $second", "queuescope ack $last --cumulative");
}
