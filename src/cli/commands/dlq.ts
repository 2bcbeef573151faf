import { Command, Option } from "@commander-js/extra-typings";
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { invalidInput, QueuescopeError } from "../../core/index.ts";
import type { Broker, DeadLetter, DeadLetterFilter, RedriveRequest, RedriveResult } from "../../core/index.ts";
import { header, whole } from "../arguments.ts";
import { withExamples } from "../examples.ts";
import { asPayload, readData } from "../input.ts";
import { deadLetterJson } from "../json.ts";
import { allPages } from "../pages.ts";
import { given } from "../session.ts";
import type { Act, Session } from "../session.ts";
import { facts, headersText, table } from "../show.ts";
import { columns, payloadLine, plural, printable, printableLines, spanText, timeText } from "../text.ts";
import { UsageError } from "../usage-error.ts";

export function dlqCommand(act: Act): CommandUnknownOpts {
  return new Command("dlq")
    .description("Dead letters: messages whose retries are used up. They keep payload, headers, error and times until they are discarded.")
    .addCommand(list(act))
    .addCommand(redrive(act))
    .addCommand(undo(act))
    .addCommand(discard(act));
}

const ID_ARGUMENTS = ["[ids...]", "ids of dead letters"] as const;
const GROUP_HELP = "only those that died in this group";
const MATCH_HELP = "only those with this text in the data, headers, transaction id or error";

function list(act: Act): CommandUnknownOpts {
  const command = new Command("list")
    .description("List dead letters, or show those named with their errors and stacks.")
    .argument("<queue>", "the queue they died in")
    .argument(...ID_ARGUMENTS)
    .option("--all", "all of them, without a limit")
    .option("--group <name>", GROUP_HELP)
    .option("--match <text>", MATCH_HELP)
    .option("--limit <n>", "at most this many", whole, 100)
    .action(act(async (session, queue, ids, options) => {
      const broker = await session.existing();
      const filter = given({ group: options.group, match: options.match, ids: ids.length > 0 ? ids : undefined });
      const limit = options.all === true ? Number.POSITIVE_INFINITY : options.limit;
      const letters = await allPages(session, (page) => broker.inspect.deadLetters(queue, { ...filter, ...page }), { limit });
      session.out.show(letters.map(deadLetterJson), () => (ids.length > 0 ? letters.flatMap((letter) => letterFacts(session, letter)) : letterTable(session, letters)));
      refuseMissing(session, ids, letters.map(({ id }) => id));
      if (letters.length === 0 && ids.length === 0) session.out.note(`${printable(queue)} has no dead letters${options.group === undefined && options.match === undefined ? "" : " that match"}.`);
      if (letters.length === limit && options.all !== true) session.out.note(`These are the first ${limit}; see more with --limit or --all.`);
    }));
  return withExamples(command, "queuescope dlq list orders", "queuescope dlq list orders d1-3", `queuescope dlq list orders --match timeout --json | jq -r .error`);
}

function refuseMissing(session: Session, asked: readonly string[], found: readonly string[]): void {
  const missing = asked.filter((id) => !found.includes(id));
  if (missing.length > 0) session.fail(invalidInput("ids", `No dead letter of this queue has the id ${missing.join(" or ")}. List them with: queuescope dlq list QUEUE`));
}

function letterTable(session: Session, letters: readonly DeadLetter[]): string[] {
  if (letters.length === 0) return [];
  const now = Date.now();
  return table(session.out, ["ID", "MESSAGE", "GROUP", "PARTITION", "ATTEMPTS", "DIED", "REDRIVEN", "ERROR"], letters.map((letter) => [
    letter.id,
    letter.messageId,
    letter.group === "default" ? "" : printable(letter.group),
    printable(letter.partition ?? ""),
    String(letter.attempts),
    `${spanText(now - letter.deadAt)} ago`,
    letter.redriven.at(-1)?.messageId ?? "",
    printable(letter.error ?? letter.reason),
  ]), ["ATTEMPTS"]);
}

function letterFacts(session: Session, letter: DeadLetter): string[] {
  const now = Date.now();
  const lines = facts(session.out, `${session.out.paint("bold", letter.id)}  ${printable(letter.queue)}  ${session.out.paint("red", letter.reason)}`, [
    ["error", letter.error === null ? null : printable(letter.error)],
    ["died", timeText(letter.deadAt, now)],
    ["group", printable(letter.group)],
    ["attempts", String(letter.attempts)],
    ["data", payloadLine(letter.payload)],
    ["headers", headersText(letter.headers)],
    ["partition", letter.partition === null ? null : printable(letter.partition)],
    ["message", letter.messageId],
    ["transaction id", letter.transactionId === letter.messageId ? null : printable(letter.transactionId)],
    ["created", timeText(letter.createdAt, now)],
    ["redriven", letter.redriven.map((to) => `${to.messageId} of ${printable(to.queue)}, ${timeText(to.at, now)}`).join("; ")],
  ]);
  return letter.stack === null ? lines : [...lines, ...printableLines(letter.stack).map((line) => `    ${session.out.paint("dim", line)}`)];
}

/** Ids, or --all with or without a filter: nothing is done to dead letters that nobody asked for. */
function selection(ids: readonly string[], options: { readonly all?: true; readonly group?: string; readonly match?: string }): DeadLetterFilter {
  if (ids.length > 0 && options.all === true) throw new UsageError("Name dead letters or give --all, not both.");
  if (ids.length === 0 && options.all !== true) throw new UsageError("Name the dead letters by id, or give --all (with --group or --match: all that match).");
  return given({ ids: ids.length > 0 ? ids : undefined, group: options.group, match: options.match });
}

function redrive(act: Act): CommandUnknownOpts {
  const command = new Command("redrive")
    .description("Push dead letters again, to the tail of their queue and partition or of others. In the same queue they go only to the group they died in. The dead letter stays, marked, until it is discarded.")
    .argument("<queue>", "the queue they died in")
    .argument(...ID_ARGUMENTS)
    .option("--all", "all of them; with --group or --match all that match")
    .option("--group <name>", GROUP_HELP)
    .option("--match <text>", MATCH_HELP)
    .option("--to <queue>", "push them to this queue (default: the queue they died in)")
    .option("--partition <key>", "push them to this partition (default: their own)")
    .option("--no-partition", "push them without a partition")
    .option("--data <json>", "push this data instead; - reads it from standard input; only with one dead letter")
    .addOption(new Option("--text", "the new data is text").conflicts("bytes"))
    .option("--bytes", "the new data is bytes, given as base64")
    .option("--header <name=value>", "push these headers instead; may be repeated; only with one dead letter", header)
    .option("--all-groups", "in the same queue, deliver them to every group")
    .option("--again", "also those that were redriven before")
    .option("--plaintext", "allow encrypted data to be pushed to a queue without encryption")
    .action(act(async (session, queue, ids, options) => {
      const filter = selection(ids, options);
      const payload = options.data === undefined ? undefined : asPayload(await readData(options.data, undefined), options.text === true ? "text" : options.bytes === true ? "bytes" : "json");
      const broker = await session.existing();
      const request: Omit<RedriveRequest, "filter"> = given({
        to: options.to,
        partition: options.partition === false ? null : typeof options.partition === "string" ? options.partition : undefined,
        payload,
        headers: options.header,
        allGroups: options.allGroups,
        again: options.again,
        plaintext: options.plaintext,
      });
      await redriveAll(session, broker, queue, filter, request);
    }));
  return withExamples(command,
    "queuescope dlq redrive orders d1-3",
    `queuescope dlq redrive orders d1-3 --data '{"id": 1, "amount": 20}'`,
    "queuescope dlq redrive orders --all --match timeout",
    "queuescope dlq redrive orders --all --to orders-retry");
}

/** A step at a time, so that Ctrl-C ends between two. */
async function redriveAll(session: Session, broker: Broker, queue: string, filter: DeadLetterFilter, request: Omit<RedriveRequest, "filter">): Promise<void> {
  const total = await broker.inspect.countDeadLetters(queue, filter);
  const left = filter.ids === undefined && request.again !== true ? await broker.inspect.countDeadLetters(queue, { ...filter, redriven: true }) : 0;
  let redriven = 0;
  let after: string | null = null;
  do {
    session.checkpoint(`${plural(redriven, "dead letter")} of ${queue} were redriven before the interruption.`);
    const step: RedriveResult = await broker.repair.redrive(queue, { ...request, filter, ...given({ after: after ?? undefined }) });
    after = step.next;
    redriven += step.redriven.filter(({ status }) => status === "redriven").length;
    session.out.show(step.redriven.map((row) => ({ ...row })), () => (filter.ids === undefined ? [] : columns(step.redriven.map(redrivenRow), session.out.width)));
    session.out.progress(`${redriven} of ${total} redriven`);
  } while (after !== null);
  session.out.show([], () => (filter.ids === undefined ? [`Redrove ${plural(redriven, "dead letter")} of ${printable(queue)} to ${printable(request.to ?? queue)}.`] : []));
  if (left > 0) session.out.note(`${plural(left, "dead letter")} had been redriven before and ${left === 1 ? "was" : "were"} left alone; --again redrives them once more.`);
}

function redrivenRow({ deadLetterId, messageId, status }: RedriveResult["redriven"][number]): string[] {
  return [deadLetterId, status === "redriven" ? `redriven as ${messageId}` : `was redriven before, as ${messageId}; --again redrives it once more`];
}

function undo(act: Act): CommandUnknownOpts {
  const command = new Command("undo")
    .description("Take back what dead letters were last redriven to, where no group was given it yet. They can then be redriven as if nothing had been.")
    .argument("<queue>", "the queue they died in")
    .argument("<ids...>", "ids of dead letters")
    .action(act(async (session, queue, ids) => {
      const broker = await session.existing();
      const results = await broker.repair.undoRedrive(queue, ids);
      const left = results.filter(({ undone }) => !undone);
      session.out.show(results.map((row) => ({ ...row })), () => columns(results.map(({ deadLetterId, undone }) => [deadLetterId, undone ? "undone" : session.out.paint("red", "not undone")]), session.out.width));
      if (left.length > 0) session.fail(new QueuescopeError("message-not-found", `Not undone: ${left.map(({ reason }) => reason).join(" ")}`, { queue }));
    }));
  return withExamples(command, "queuescope dlq undo orders d1-3");
}

function discard(act: Act): CommandUnknownOpts {
  const command = new Command("discard")
    .description("Delete dead letters for good.")
    .argument("<queue>", "the queue they died in")
    .argument(...ID_ARGUMENTS)
    .option("--all", "all of them; with --group or --match all that match")
    .option("--group <name>", GROUP_HELP)
    .option("--match <text>", MATCH_HELP)
    .action(act(async (session, queue, ids, options) => {
      const filter = selection(ids, options);
      const broker = await session.existing();
      const known = ids.length === 0 ? [] : (await allPages(session, (page) => broker.inspect.deadLetters(queue, { ...filter, ...page }))).map(({ id }) => id);
      let discarded = 0;
      for (let more = true; more; ) {
        session.checkpoint(`${plural(discarded, "dead letter")} of ${queue} were discarded before the interruption.`);
        const step = await broker.repair.discard(queue, filter);
        discarded += step.discarded;
        more = step.more;
        session.out.progress(`${discarded} discarded`);
      }
      session.out.show([{ queue, discarded }], () => [`Discarded ${plural(discarded, "dead letter")} of ${printable(queue)}.`]);
      refuseMissing(session, ids, known);
    }));
  return withExamples(command, "queuescope dlq discard orders d1-3 d1-4", "queuescope dlq discard orders --all --group billing");
}
