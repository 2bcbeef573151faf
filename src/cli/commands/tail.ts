import { Command } from "@commander-js/extra-typings";
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import type { Broker, Message } from "../../core/index.ts";
import { whole } from "../arguments.ts";
import { onEachChange } from "../changes.ts";
import { withExamples } from "../examples.ts";
import { messageJson } from "../../client/transfer/json.ts";
import { given } from "../session.ts";
import type { Act } from "../session.ts";
import { clockText, payloadLine, printable } from "../text.ts";

interface Selection {
  readonly partition?: string | undefined;
}

export function tailCommand(act: Act): CommandUnknownOpts {
  const command = new Command("tail")
    .description("Follow the messages that enter a queue, until Ctrl-C. Takes nothing from it.")
    .argument("<queue>", "the queue")
    .option("--partition <key>", "only this partition")
    .option("--limit <n>", "end after this many messages", whole)
    .action(act(async (session, queue, options) => {
      const broker = await session.existing();
      let left = options.limit ?? Number.POSITIVE_INFINITY;
      let last = (await broker.inspect.stats(queue)).lastId ?? undefined;
      session.out.note(`Following ${printable(queue)}; end with Ctrl-C.`);
      await onEachChange(broker, session.signal, async () => {
        for await (const message of entered(broker, queue, last, options)) {
          if (session.signal.aborted || left <= 0) break;
          session.out.show([messageJson(message)], () => [line(message)]);
          last = message.id;
          left -= 1;
        }
        return left <= 0;
      });
      session.checkpoint("");
    }));
  return withExamples(command, "queuescope tail orders", "queuescope tail orders --partition customer-7 --json | jq .data");
}

/** What entered after a message. Those that wait for their time are told when they enter. */
async function* entered(broker: Broker, queue: string, after: string | undefined, { partition }: Selection): AsyncGenerator<Message> {
  let next: string | null | undefined = after;
  do {
    const page = await broker.inspect.browse(queue, { scheduled: false, ...given({ after: next, partition, limit: 200 }) });
    yield* page.items;
    next = page.next;
  } while (next !== null);
}

function line(message: Message): string {
  return [clockText(message.createdAt), message.id, ...(message.partition === null ? [] : [printable(message.partition)]), payloadLine(message.payload)].join("  ");
}
