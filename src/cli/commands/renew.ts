import { Command, Option } from "@commander-js/extra-typings";
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { isoTime } from "../../core/index.ts";
import { duration } from "../arguments.ts";
import { withExamples } from "../examples.ts";
import type { Act } from "../session.ts";
import { answer } from "../settle.ts";
import { timeText } from "../text.ts";

export function renewCommand(act: Act): CommandUnknownOpts {
  const command = new Command("renew")
    .description("Let leases last longer. Renewing one receipt renews the whole lease it belongs to.")
    .argument("<receipts...>", "receipts of pop")
    .addOption(new Option("--lease <duration>", "the leases end this long from now (default: the queue's leaseTime)").argParser(duration))
    .action(act(async (session, receipts, options) => {
      const broker = await session.existing();
      const results = await broker.messages.renew(receipts, options.lease);
      const now = Date.now();
      answer(session, results, (result) => ({ leaseExpiresAt: isoTime(result.leaseExpiresAt) }), (result) => `lease ends ${timeText(result.leaseExpiresAt, now)}`);
    }));
  return withExamples(command, "queuescope renew $receipt", "queuescope renew $receipt --lease 10m");
}
