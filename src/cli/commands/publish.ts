import { Command, Option } from "@commander-js/extra-typings";
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import type { Connection } from "../../client/connection.ts";
import type { SubjectHeaders } from "../../core/index.ts";
import { duration } from "../arguments.ts";
import { withExamples } from "../examples.ts";
import { asPayload, linesOf, readData } from "../input.ts";
import { given } from "../session.ts";
import type { Act, Session } from "../session.ts";
import { natsConnection, subjectHeader, tapMessageJson } from "../subjects.ts";
import { bytesText, payloadLine, plural, printable } from "../text.ts";

interface Flags {
  readonly file?: string;
  readonly bytes?: true;
  readonly header?: SubjectHeaders;
  readonly reply?: string;
  readonly timeout?: number;
}

export function publishCommand(act: Act): CommandUnknownOpts {
  const command = new Command("publish")
    .description("Publish a message on a subject of NATS, or one for each line; with --request, wait for the answer. NATS stores nothing itself: only who listens now gets it.")
    .argument("<subject>", "the subject")
    .argument("[data]", "the data, sent as it is; - reads it from standard input (default: none)")
    .option("--file <file>", "read the data from a file; - is standard input")
    .option("--bytes", "the data is given as base64")
    .addOption(new Option("--lines", "a message for each line that isn't blank").conflicts("request"))
    .option("--header <name=value>", "a header; may be repeated, with the same name too", subjectHeader)
    .addOption(new Option("--reply <subject>", "where answers are to go").conflicts("request"))
    .option("--request", "wait for the first answer and show it")
    .option("--timeout <duration>", "how long the answer (default: 5s) or the server's confirmation (default: 10s) may take", duration)
    .action(act(async (session, subject, data, options) => {
      const bytes = options.lines === true ? null : await dataOf(data, options);
      const queues = await natsConnection(session);
      if (bytes === null) await publishLines(session, queues, subject, data, options);
      else if (options.request === true) await request(session, queues, subject, bytes, options);
      else await publish(session, queues, subject, bytes, options);
    }));
  return withExamples(command,
    `queuescope publish orders.eu.created '{"id": 1}' --url nats://localhost:4222`,
    `queuescope publish orders.eu.created '{"id": 2}' --header source=web`,
    "queuescope publish inventory.count apples --request --timeout 2s",
    "cat events.ndjson | queuescope publish events - --lines");
}

/** Unlike a queue's, a subject's data has no encoding: what is given is sent. */
async function dataOf(argument: string | undefined, { file, bytes }: Flags): Promise<Uint8Array> {
  if (argument === undefined && file === undefined) return new Uint8Array();
  const data = await readData(argument, file);
  if (bytes === true) return asPayload(data, "bytes").bytes;
  return typeof data === "string" ? Buffer.from(data) : data;
}

async function publish({ out }: Session, queues: Connection, subject: string, data: Uint8Array, { header, reply, timeout }: Flags): Promise<void> {
  await queues.publish(subject, data, given({ headers: header, reply, timeout }));
  out.show([{ subject, bytes: data.byteLength }], () => [`Published on ${printable(subject)} (${bytesText(data.byteLength)}).`]);
}

async function request({ out, signal }: Session, queues: Connection, subject: string, data: Uint8Array, { header, timeout }: Flags): Promise<void> {
  const answer = await queues.request(subject, data, { ...given({ headers: header, timeout }), signal });
  out.show([tapMessageJson(answer)], () => [payloadLine(answer)]);
}

/** Together as many as were read at once: each confirmation is a way to the server and back. */
const TOGETHER = 500;

async function publishLines(session: Session, queues: Connection, subject: string, argument: string | undefined, { file, bytes, header, reply, timeout }: Flags): Promise<void> {
  const lines = await linesOf(argument, file);
  let published = 0;
  let waiting: Uint8Array[] = [];
  const send = async (): Promise<void> => {
    await Promise.all(waiting.map((one) => queues.publish(subject, one, given({ headers: header, reply, timeout }))));
    published += waiting.length;
    waiting = [];
    session.out.progress(`${published} published`);
    session.checkpoint(`${plural(published, "message")} published on ${subject} before the interruption.`);
  };
  for await (const { text } of lines()) {
    waiting.push(bytes === true ? asPayload(text, "bytes").bytes : Buffer.from(text));
    if (waiting.length === TOGETHER) await send();
  }
  await send();
  session.out.show([{ subject, published }], () => [`${plural(published, "message")} published on ${printable(subject)}.`]);
}
