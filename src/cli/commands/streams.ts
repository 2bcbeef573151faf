import { Command, Option } from "@commander-js/extra-typings";
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { isoTime, QueuescopeError } from "../../core/index.ts";
import type { BucketEntry, StreamConsumer, StreamDetails, StreamMessage, Streams, StreamSummary, SubjectCount } from "../../core/index.ts";
import { whole } from "../arguments.ts";
import { withExamples } from "../examples.ts";
import { payloadJson } from "../../client/transfer/json.ts";
import type { JsonRecord } from "../../client/transfer/json.ts";
import { allPages, noteLimit } from "../pages.ts";
import type { Act, Session } from "../session.ts";
import { facts, table } from "../show.ts";
import { bytesText, payloadLine, plural, printable, spanText, timeText } from "../text.ts";

export function streamsCommand(act: Act): CommandUnknownOpts {
  return new Command("streams")
    .description("Look at JetStream streams, consumers and key-value buckets that aren't Queuescope's own. Makes no consumer and changes nothing.")
    .addCommand(list(act))
    .addCommand(show(act))
    .addCommand(peek(act))
    .addCommand(keys(act))
    .addCommand(value(act))
    .addCommand(keepDeadLetters(act));
}

async function streamsOf(session: Session): Promise<Streams> {
  const file = await session.missing();
  const { streams, url } = file === null ? await session.broker() : { streams: null, url: `file:${file}` };
  if (streams === null) throw new QueuescopeError("unsupported", `${url} has no streams: they are NATS JetStream's. Name a server with --url nats://HOST, or set QUEUESCOPE_URL.`);
  return streams;
}

function list(act: Act): CommandUnknownOpts {
  const command = new Command("list")
    .description("List streams and key-value buckets.")
    .option("--match <text>", "only those with this text in their name or subjects")
    .addOption(new Option("--kind <kind>", "only streams, buckets or object stores").choices(["stream", "bucket", "objects"] as const))
    .option("--limit <n>", "at most this many", whole, 100)
    .action(act(async (session, { limit, ...filter }) => {
      const streams = await streamsOf(session);
      const found = await allPages(session, (page) => streams.list({ ...filter, ...page }), { limit });
      session.out.show(found.map(streamJson), () => (found.length === 0 ? [] : summaryTable(session, found)));
      if (found.length === 0) session.out.note(Object.keys(filter).length > 0 ? "No stream matches." : "There are no streams but Queuescope's own.");
      noteLimit(session, found.length, limit);
    }));
  return withExamples(command, "queuescope streams list", "queuescope streams list --kind bucket --json | jq -r .name");
}

function show(act: Act): CommandUnknownOpts {
  const command = new Command("show")
    .description("Show a stream or bucket: its limits, its consumers, and its subjects with counts.")
    .argument("<stream>", "the stream, or the bucket")
    .option("--match <text>", "only subjects with this text")
    .option("--limit <n>", "at most this many subjects and consumers", whole, 100)
    .action(act(async (session, name, { match, limit }) => {
      const streams = await streamsOf(session);
      const details = await streams.get(name);
      const [consumers, subjects] = await Promise.all([
        allPages(session, (page) => streams.consumers(details.stream, page), { limit }),
        allPages(session, (page) => streams.subjects(details.stream, { match, ...page }), { limit }),
      ]);
      session.out.show([{ ...streamJson(details), consumerList: consumers.map(consumerJson), subjectCounts: subjects.map((subject) => ({ ...subject })) }], () => [
        ...detailsFacts(session, details),
        ...consumerTable(session, consumers),
        ...subjectTable(session, subjects),
      ]);
      noteLimit(session, subjects.length, limit, "subjects");
    }));
  return withExamples(command, "queuescope streams show orders", "queuescope streams show orders --json | jq .subjectCounts");
}

function peek(act: Act): CommandUnknownOpts {
  const command = new Command("peek")
    .description("Show messages of a stream in the order they were stored. Python's pickles are shown as the JSON they mean, and never run.")
    .argument("<stream>", "the stream")
    .option("--subject <subject>", "only of these subjects; * and > stand for any")
    .option("--after <sequence>", "continue after this sequence")
    .option("--limit <n>", "at most this many messages", whole, 10)
    .action(act(async (session, name, { limit, subject, after }) => {
      const streams = await streamsOf(session);
      const messages = await allPages(session, (page) => streams.messages(name, { subject, ...page }), { limit, after });
      session.out.show(messages.map(messageJson), () => (messages.length === 0 ? [] : messageTable(session, messages)));
      const last = messages.at(-1);
      if (last === undefined) session.out.note("There are no messages here.");
      else if (messages.length === limit) session.out.note(`Continue with: --after ${last.sequence}`);
    }));
  return withExamples(command, "queuescope streams peek orders", "queuescope streams peek orders --subject 'orders.*.paid' --after 1200 --limit 50");
}

function keys(act: Act): CommandUnknownOpts {
  const command = new Command("keys")
    .description("List the keys of a key-value bucket.")
    .argument("<bucket>", "the bucket")
    .option("--match <text>", "only keys with this text")
    .option("--limit <n>", "at most this many", whole, 100)
    .action(act(async (session, bucket, { match, limit }) => {
      const streams = await streamsOf(session);
      const found = await allPages(session, (page) => streams.keys(bucket, { match, ...page }), { limit });
      session.out.show(found.map((key) => ({ bucket, key })), () => found.map(printable));
      if (found.length === 0) session.out.note(`${printable(bucket)} has no keys${match === undefined ? "" : " that match"}.`);
      noteLimit(session, found.length, limit);
    }));
  return withExamples(command, "queuescope streams keys naq_results");
}

function value(act: Act): CommandUnknownOpts {
  const command = new Command("value")
    .description("Show the latest value of a key.")
    .argument("<bucket>", "the bucket")
    .argument("<key>", "the key")
    .action(act(async (session, bucket, key) => {
      const entry = await (await streamsOf(session)).value(bucket, key);
      session.out.show([{ bucket: entry.bucket, key: entry.key, operation: entry.operation, ...messageJson(entry) }], () => entryFacts(session, entry));
    }));
  return withExamples(command, "queuescope streams value naq_results 0123456789abcdef0123456789abcdef");
}

function keepDeadLetters(act: Act): CommandUnknownOpts {
  const command = new Command("keep-dead-letters")
    .description("Keep what the server tells of terminated and given-up messages, in a stream of Queuescope's own, for a week. Without it a task that Protoqueue terminates is known as a dead letter only to who was connected then.")
    .option("--off", "delete that stream")
    .action(act(async (session, { off }) => {
      await (await streamsOf(session)).keepDeadLetters(off !== true);
      session.out.show([{ keepsDeadLetters: off !== true }], () => [off === true ? "Dead letters of other systems aren't kept any more." : "From now on terminated and given-up messages are kept as dead letters."]);
    }));
  return withExamples(command, "queuescope streams keep-dead-letters", "queuescope streams keep-dead-letters --off");
}

// ---------------------------------------------------------------- for programs

function streamJson(stream: StreamSummary): JsonRecord {
  return { ...stream, createdAt: isoTime(stream.createdAt) };
}

function consumerJson(consumer: StreamConsumer): JsonRecord {
  return { ...consumer, lastActiveAt: consumer.lastActiveAt === null ? null : isoTime(consumer.lastActiveAt) };
}

function messageJson({ stream, sequence, subject, at, headers, payload, format, note }: StreamMessage): JsonRecord {
  return { stream, sequence, subject, at: isoTime(at), headers, data: payloadJson(payload), encoding: payload.encoding, format, note };
}

// ---------------------------------------------------------------- for people

function summaryTable(session: Session, found: readonly StreamSummary[]): string[] {
  return table(session.out, ["NAME", "KIND", "MESSAGES", "SIZE", "CONSUMERS", "SUBJECTS"], found.map((stream) => [
    printable(stream.name),
    stream.kind,
    String(stream.messages),
    bytesText(stream.bytes),
    String(stream.consumers),
    stream.subjects.map(printable).join(", "),
  ]), ["MESSAGES", "SIZE", "CONSUMERS"]);
}

function detailsFacts({ out }: Session, details: StreamDetails): string[] {
  return facts(out, `${out.paint("bold", printable(details.name))}  ${details.kind}`, [
    ["description", details.description === null ? null : printable(details.description)],
    ["messages", `${details.messages} (${bytesText(details.bytes)}) under ${plural(details.subjectCount, "subject")}`],
    ["sequences", details.messages === 0 ? null : `${details.firstSequence} to ${details.lastSequence}`],
    ["retention", `${details.retention}${details.maxAge === null ? "" : `, ${spanText(details.maxAge)} at most`}`],
    ["storage", `${details.storage}, ${plural(details.replicas, "replica")}`],
    ["takes", details.subjects.map(printable).join(", ")],
    ["created", timeText(details.createdAt, Date.now())],
  ]);
}

function consumerTable({ out }: Session, consumers: readonly StreamConsumer[]): string[] {
  if (consumers.length === 0) return [];
  return table(out, ["CONSUMER", "PENDING", "UNACKED", "REDELIVERED", "FILTER", "NOTE"], consumers.map((consumer) => [
    printable(consumer.name),
    String(consumer.pending),
    String(consumer.ackPending),
    String(consumer.redelivered),
    consumer.filters.map(printable).join(", "),
    [consumer.durable ? "" : "ephemeral", consumer.paused ? out.paint("yellow", "paused") : ""].filter((word) => word !== "").join(", "),
  ]), ["PENDING", "UNACKED", "REDELIVERED"]);
}

function subjectTable({ out }: Session, subjects: readonly SubjectCount[]): string[] {
  if (subjects.length === 0) return [];
  return table(out, ["SUBJECT", "MESSAGES"], subjects.map(({ subject, messages }) => [printable(subject), String(messages)]), ["MESSAGES"]);
}

function messageTable({ out }: Session, messages: readonly StreamMessage[]): string[] {
  const now = Date.now();
  return table(out, ["SEQ", "SUBJECT", "AGE", "FORM", "DATA"], messages.map((message) => [
    String(message.sequence),
    printable(message.subject),
    spanText(now - message.at),
    message.note === null ? message.format : out.paint("yellow", `${message.format}!`),
    `${payloadLine(message.payload)}${message.note === null ? "" : `  ${out.paint("yellow", message.note)}`}`,
  ]), ["SEQ", "AGE"]);
}

function entryFacts({ out }: Session, entry: BucketEntry): string[] {
  return facts(out, `${out.paint("bold", printable(entry.key))}  ${printable(entry.bucket)}${entry.operation === "put" ? "" : `  ${out.paint("red", entry.operation === "delete" ? "deleted" : "purged")}`}`, [
    ["value", entry.operation === "put" ? payloadLine(entry.payload) : null],
    ["form", entry.format],
    ["note", entry.note],
    ["revision", String(entry.sequence)],
    ["stored", timeText(entry.at, Date.now())],
  ]);
}
