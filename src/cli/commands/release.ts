import { Command } from "@commander-js/extra-typings";
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { withExamples } from "../examples.ts";
import type { Act } from "../session.ts";
import { settle } from "../settle.ts";

export function releaseCommand(act: Act): CommandUnknownOpts {
  const command = new Command("release")
    .description("Give messages back at once, without charging an attempt.")
    .argument("<receipts...>", "receipts of pop")
    .action(act(async (session, receipts) => {
      await settle(session, receipts.map((receipt) => ({ action: "release", receipt })));
    }));
  return withExamples(command, "queuescope release $receipt");
}
