import { Command } from "@commander-js/extra-typings";
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { rows } from "../by-id.ts";
import { withExamples } from "../examples.ts";
import type { Act } from "../session.ts";

export function cancelCommand(act: Act): CommandUnknownOpts {
  const command = new Command("cancel")
    .description("Delete scheduled messages whose time hasn't come.")
    .argument("<ids...>", "ids of scheduled messages")
    .action(act(async (session, ids) => {
      const broker = await session.existing();
      const results = await broker.repair.cancel(ids);
      rows(session, results.map(({ id, cancelled }) => ({ id, done: cancelled })), "cancelled", "It isn't scheduled: it came due already, or was never pushed.");
    }));
  return withExamples(command, "queuescope cancel m1-9");
}
