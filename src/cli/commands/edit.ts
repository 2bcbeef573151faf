import { Command, Option } from "@commander-js/extra-typings";
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import type { Headers, Payload } from "../../core/index.ts";
import { each, header } from "../arguments.ts";
import { forEach } from "../by-id.ts";
import { withExamples } from "../examples.ts";
import { asPayload, readData } from "../input.ts";
import { given } from "../session.ts";
import type { Act } from "../session.ts";
import { UsageError } from "../usage-error.ts";

export function editCommand(act: Act): CommandUnknownOpts {
  const command = new Command("edit")
    .description("Change the data or headers of messages that nobody leases. Id, place and attempts stay; groups that completed them don't get them again.")
    .argument("<ids...>", "ids of messages")
    .option("--data <json>", "the new data; - reads it from standard input")
    .option("--file <file>", "read the new data from a file")
    .addOption(new Option("--text", "the new data is text").conflicts("bytes"))
    .option("--bytes", "the new data is bytes, given as base64")
    .option("--header <name=value>", "set a header, keep the others; may be repeated", header)
    .option("--remove-header <name>", "remove a header; may be repeated", each)
    .action(act(async (session, ids, options) => {
      const newData = options.data !== undefined || options.file !== undefined;
      if (!newData && options.header === undefined && options.removeHeader === undefined) throw new UsageError("Say what to change: --data, --file, --header or --remove-header.");
      const payload = newData ? asPayload(await readData(options.data, options.file), options.text === true ? "text" : options.bytes === true ? "bytes" : "json") : undefined;
      const broker = await session.existing();
      await forEach(session, ids, async (id) => {
        const headers = options.header === undefined && options.removeHeader === undefined ? undefined : changedHeaders((await broker.inspect.read(id)).headers, options.header, options.removeHeader);
        return await broker.repair.edit(id, given<{ payload: Payload | undefined; headers: Headers | undefined }>({ payload, headers }));
      });
    }));
  return withExamples(command, `queuescope edit m1-7 --data '{"id": 1, "amount": 20}'`, "queuescope edit m1-7 --file fixed.json", "queuescope edit m1-7 --header retry=manual --remove-header trace");
}

function changedHeaders(before: Headers, set: Headers = {}, removed: readonly string[] = []): Headers {
  return Object.fromEntries(Object.entries({ ...before, ...set }).filter(([name]) => !removed.includes(name)));
}
