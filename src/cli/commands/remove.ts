import { Command } from "@commander-js/extra-typings";
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { rows } from "../by-id.ts";
import { withExamples } from "../examples.ts";
import type { Act } from "../session.ts";

export function removeCommand(act: Act): CommandUnknownOpts {
  const command = new Command("remove")
    .description("Delete messages for good, in every group. The receipt of a leased one goes stale.")
    .argument("<ids...>", "ids of messages")
    .action(act(async (session, ids) => {
      const broker = await session.existing();
      const results = await broker.repair.remove(ids);
      rows(session, results.map(({ id, removed }) => ({ id, done: removed })), "removed", "There is no such message: it was never pushed, or is gone already.");
    }));
  return withExamples(command, "queuescope remove m1-7 m1-8");
}
