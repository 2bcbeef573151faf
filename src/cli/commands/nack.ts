import { Command } from "@commander-js/extra-typings";
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { duration } from "../arguments.ts";
import { withExamples } from "../examples.ts";
import { given } from "../session.ts";
import type { Act } from "../session.ts";
import { failure, settle } from "../settle.ts";

export function nackCommand(act: Act): CommandUnknownOpts {
  const command = new Command("nack")
    .description("Report failed messages. Each is charged an attempt and retried after the queue's backoff; when its retries are used up it becomes a dead letter.")
    .argument("<receipts...>", "receipts of pop")
    .option("--error <text>", "why it failed")
    .option("--delay <duration>", "retry after this time instead of the backoff", duration)
    .action(act(async (session, receipts, options) => {
      await settle(session, receipts.map((receipt) => ({ action: "nack", receipt, ...given({ error: failure(options.error), delay: options.delay }) })));
    }));
  return withExamples(command, `queuescope nack $receipt --error "payment service is down"`, "queuescope nack $receipt --delay 5m");
}
