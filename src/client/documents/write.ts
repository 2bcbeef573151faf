import { applyEdits, format } from "jsonc-parser";
import { type BucketEntry, type DeadLetter, guessedPayload, isoTime, type Message, type Payload, payloadText, type StreamMessage } from "../../core/index.ts";
import type { TapMessage } from "../taps-message.ts";
import type { Content } from "./read.ts";

/**
 * Messages as the JSON documents that people read and write. Data that is JSON stands in them as the
 * text that is stored, never parsed and written again, so that 12345678901234567890 stays what it is.
 */

/** Above this, data is shown as it is stored, on one line: laying it out would stall the editor. */
const LAYOUT_LIMIT = 2 * 1024 * 1024;

type Field = readonly [name: string, json: string];

const value = (name: string, content: unknown): Field => [name, JSON.stringify(content)];
const time = (name: string, at: number | null): Field => value(name, at === null ? null : isoTime(at));

export function messageDocument(message: Message): string {
  return laidOut(object(messageFields(message)));
}

export function messagesDocument(messages: readonly Message[]): string {
  return laidOut(`[${messages.map((message) => object(messageFields(message))).join(",")}]`);
}

export function deadLetterDocument(dead: DeadLetter): string {
  return laidOut(
    object([
      value("id", dead.id),
      value("messageId", dead.messageId),
      value("queue", dead.queue),
      value("group", dead.group),
      value("partition", dead.partition),
      value("reason", dead.reason),
      value("error", dead.error),
      value("stack", dead.stack === null ? null : dead.stack.split("\n")),
      value("attempts", dead.attempts),
      value("deliveryCount", dead.deliveryCount),
      value("transactionId", dead.transactionId),
      value("priority", dead.priority),
      time("createdAt", dead.createdAt),
      time("deadAt", dead.deadAt),
      value("redriven", dead.redriven.map(({ queue, messageId, at }) => ({ queue, messageId, at: isoTime(at) }))),
      ...contentFields(dead),
    ]),
  );
}

/** A message of a stream that isn't ours. */
export function streamMessageDocument(message: StreamMessage): string {
  return laidOut(object(streamMessageFields(message)));
}

export function streamMessagesDocument(messages: readonly StreamMessage[]): string {
  return laidOut(`[${messages.map((message) => object(streamMessageFields(message))).join(",")}]`);
}

export function bucketEntryDocument(entry: BucketEntry): string {
  return laidOut(object([value("bucket", entry.bucket), value("key", entry.key), value("operation", entry.operation), value("revision", entry.sequence), time("at", entry.at), ...storedFields(entry)]));
}

/** What the server says of something, times as text. */
export function factsDocument(facts: object): string {
  return laidOut(object(Object.entries(facts).map(([name, content]) => (name.endsWith("At") && typeof content === "number" ? time(name, content) : value(name, content)))));
}

/** Something that a tap heard. */
export function arrivalDocument({ subject, reply, receivedAt, headers, bytes }: TapMessage): string {
  const payload = guessedPayload(bytes);
  return laidOut(object([value("subject", subject), ...(reply === null ? [] : [value("reply", reply)]), time("receivedAt", receivedAt.getTime()), value("encoding", payload.encoding), value("headers", headers), ["data", dataJson(payload)]]));
}

function streamMessageFields(message: StreamMessage): Field[] {
  return [value("stream", message.stream), value("sequence", message.sequence), value("subject", message.subject), time("at", message.at), ...storedFields(message)];
}

function storedFields(message: StreamMessage): Field[] {
  return [value("format", message.format), ...(message.note === null ? [] : [value("note", message.note)]), ...contentFields(message)];
}

/** What can be edited. */
export function contentDocument(content: Content): string {
  return laidOut(object(contentFields(content)));
}

/** A message to fill in. */
export function pushTemplate(queue: string, partition: string | undefined): string {
  return laidOut(object([value("queue", queue), ...(partition === undefined ? [] : [value("partition", partition)]), value("data", {})]));
}

function messageFields(message: Message): Field[] {
  return [
    value("id", message.id),
    value("queue", message.queue),
    value("partition", message.partition),
    value("state", message.state),
    value("group", message.group),
    value("transactionId", message.transactionId),
    value("priority", message.priority),
    time("createdAt", message.createdAt),
    ...(message.expiresAt === null ? [] : [time("expiresAt", message.expiresAt)]),
    ...(message.until === null ? [] : [time("until", message.until)]),
    value("failedAttempts", message.charges),
    value("deliveryCount", message.deliveryCount),
    ...(message.worker === null ? [] : [value("worker", message.worker)]),
    ...(message.lastError === null ? [] : [value("lastError", message.lastError)]),
    ...(message.redrivenFrom === null ? [] : [value("redrivenFrom", message.redrivenFrom)]),
    ...(message.editedAt === null ? [] : [time("editedAt", message.editedAt)]),
    ...contentFields(message),
  ];
}

function contentFields({ payload, headers }: Content): Field[] {
  return [value("encoding", payload.encoding), value("headers", headers), ["data", dataJson(payload)]];
}

function dataJson(payload: Payload): string {
  switch (payload.encoding) {
    case "json":
      return payloadText(payload);
    case "text":
      return JSON.stringify(payloadText(payload));
    case "bytes":
      return JSON.stringify(Buffer.from(payload.bytes).toString("base64"));
  }
}

function object(fields: readonly Field[]): string {
  return `{${fields.map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(",")}}`;
}

function laidOut(json: string): string {
  if (json.length > LAYOUT_LIMIT) return `${json}\n`;
  return applyEdits(json, format(json, undefined, { tabSize: 2, insertSpaces: true, eol: "\n", insertFinalNewline: true }));
}
