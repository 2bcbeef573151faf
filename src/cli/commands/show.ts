import { Command } from "@commander-js/extra-typings";
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { DEFAULT_GROUP } from "../../core/index.ts";
import { forEach } from "../by-id.ts";
import { withExamples } from "../examples.ts";
import type { Act } from "../session.ts";

export function showCommand(act: Act): CommandUnknownOpts {
  const command = new Command("show")
    .description("Show messages with all that is known about them.")
    .argument("<ids...>", "ids of messages")
    .option("--group <name>", "the group whose view is shown", DEFAULT_GROUP)
    .action(act(async (session, ids, options) => {
      const broker = await session.existing();
      await forEach(session, ids, (id) => broker.inspect.read(id, options.group));
    }));
  return withExamples(command, "queuescope show m1-7", "queuescope show m1-7 --json | jq .data");
}
