import { Command, Option } from "@commander-js/extra-typings";
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { stoppedAt } from "../../client/transfer/import.ts";
import { batches, checkedLines } from "../../client/transfer/lines.ts";
import { isoTime } from "../../core/index.ts";
import type { PushItem, PushResult } from "../../core/index.ts";
import { duration, header, time, whole } from "../arguments.ts";
import { withExamples } from "../examples.ts";
import { asPayload, linesOf, readData } from "../input.ts";
import type { PayloadForm } from "../input.ts";
import { pushResultJson } from "../json.ts";
import { given } from "../session.ts";
import type { Act, Session } from "../session.ts";
import { columns, plural, printable } from "../text.ts";

interface PushFlags {
  readonly file?: string;
  readonly ndjson?: true;
  readonly text?: true;
  readonly bytes?: true;
  readonly create: boolean;
}

export function pushCommand(act: Act): CommandUnknownOpts {
  const command = new Command("push")
    .description("Push a message, or one for each line of NDJSON. Data that parses as JSON is JSON, otherwise text. A queue that doesn't exist is created with default options.")
    .argument("<queue>", "the queue")
    .argument("[data]", "the data; - reads it from standard input")
    .option("--file <file>", "read the data from a file; - is standard input")
    .addOption(new Option("--ndjson", "a message for each line, all JSON; every line is checked before the first is pushed").conflicts(["text", "bytes", "id"]))
    .addOption(new Option("--text", "the data is text, even if it parses as JSON").conflicts("bytes"))
    .option("--bytes", "the data is bytes, given as base64")
    .option("--partition <key>", "deliver in strict order with the other messages of this partition")
    .option("--id <transaction-id>", "your own id; the same one again in the same partition is a duplicate and isn't stored")
    .option("--header <name=value>", "a header; may be repeated", header)
    .addOption(new Option("--delay <duration>", "enter the queue after this time (30s, 5m; a bare number is seconds)").argParser(duration).conflicts("at"))
    .addOption(new Option("--at <time>", "enter the queue at this time (ISO 8601; without a zone it is UTC)").argParser(time))
    .option("--priority <0-9>", "9 is delivered first; not with a partition (default: the queue's)", whole)
    .option("--ttl <duration>", "expire this long after it entered (default: the queue's)", duration)
    .option("--no-create", "refuse a queue that doesn't exist")
    .action(act(async (session, queue, data, options) => {
      const rest: Omit<PushItem, "payload"> = given({
        headers: options.header,
        partition: options.partition,
        transactionId: options.id,
        deliverAt: options.delay === undefined ? options.at : Date.now() + options.delay,
        priority: options.priority,
        ttl: options.ttl,
      });
      if (options.ndjson === true) await pushLines(session, queue, data, options, rest);
      else await pushOne(session, queue, data, options, rest);
    }));
  return withExamples(command,
    `queuescope push orders '{"id": 1}'`,
    `queuescope push orders '{"id": 2}' --partition customer-7 --header source=web`,
    `queuescope push mails 'Hello' --delay 5m --id mail-42`,
    `queuescope push images --bytes "$(base64 -w0 logo.png)"`,
    `cat orders.ndjson | queuescope push orders - --ndjson`);
}

async function pushOne(session: Session, queue: string, data: string | undefined, flags: PushFlags, rest: Omit<PushItem, "payload">): Promise<void> {
  const form: PayloadForm = flags.text === true ? "text" : flags.bytes === true ? "bytes" : "auto";
  const payload = asPayload(await readData(data, flags.file), form);
  const broker = await session.broker();
  const results = await broker.messages.push(queue, [{ payload, ...rest }], { create: flags.create });
  session.out.show(results.map((result) => pushResultJson(queue, result)), () => columns(results.map((result) => resultRow(result, rest)), session.out.width));
}

function resultRow(result: PushResult, item: Omit<PushItem, "payload">): string[] {
  const status = result.status === "scheduled" && item.deliverAt !== undefined ? `scheduled for ${isoTime(item.deliverAt)}` : result.status === "duplicate" ? "duplicate, already stored under this id" : result.status;
  return [result.id, status, result.partition === null ? "" : `partition ${printable(result.partition)}`];
}

async function pushLines(session: Session, queue: string, data: string | undefined, flags: PushFlags, rest: Omit<PushItem, "payload">): Promise<void> {
  const lines = await linesOf(data, flags.file);
  const total = await checkedLines(lines, (text) => asPayload(text, "json"));
  const broker = await session.broker();
  let pushed = 0;
  let duplicates = 0;
  for await (const batch of batches(lines)) {
    session.checkpoint(`${pushed} of ${plural(total, "message")} were pushed to ${queue} before the interruption.`);
    const results = await broker.messages.push(queue, batch.map(({ text }) => ({ payload: asPayload(text, "json"), ...rest })), { create: flags.create })
      .catch((error: unknown) => { throw stoppedAt(error, batch[0]?.line ?? 0, pushed); });
    pushed += results.length;
    duplicates += results.filter(({ status }) => status === "duplicate").length;
    session.out.progress(`${pushed} of ${total} pushed`);
    session.out.show(results.map((result) => pushResultJson(queue, result)), () => []);
  }
  if (total === 0) session.out.note("The input has no lines, so nothing was pushed.");
  else session.out.show([], () => [`${plural(pushed, "message")} pushed to ${printable(queue)}${duplicates > 0 ? `, ${duplicates} of them duplicates` : ""}.`]);
}
