import { Command } from "@commander-js/extra-typings";
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { withExamples } from "../examples.ts";
import { given } from "../session.ts";
import type { Act } from "../session.ts";
import { failure, settle } from "../settle.ts";

export function deadCommand(act: Act): CommandUnknownOpts {
  const command = new Command("dead")
    .description("Make messages dead letters now, without further retries.")
    .argument("<receipts...>", "receipts of pop")
    .option("--error <text>", "why")
    .action(act(async (session, receipts, options) => {
      await settle(session, receipts.map((receipt) => ({ action: "dead", receipt, ...given({ error: failure(options.error) }) })));
    }));
  return withExamples(command, `queuescope dead $receipt --error "customer doesn't exist"`);
}
