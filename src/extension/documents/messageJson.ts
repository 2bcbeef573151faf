import type { TapMessage } from "../../client/index.ts";
import { applyEdits, createScanner, format, type Node, parseTree, type ParseError, printParseErrorCode } from "jsonc-parser";
import {
  bytesPayload,
  type BucketEntry,
  type DeadLetter,
  durationMs,
  ENCODINGS,
  type Encoding,
  type Headers,
  guessedPayload,
  instant,
  invalidInput,
  isoTime,
  jsonTextPayload,
  type Message,
  type Payload,
  payloadText,
  type PushItem,
  type StreamMessage,
  textPayload,
} from "../../core/index.ts";

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

export interface Content {
  readonly payload: Payload;
  readonly headers: Headers;
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

export interface PushDocument {
  /** `undefined`: ask. */
  readonly queue: string | undefined;
  readonly item: PushItem;
}

/** Reads a message to push. @throws invalid-input naming the field */
export function parsePushDocument(text: string, now: number): PushDocument {
  const fields = readObject(text, ["$schema", "queue", "data", "encoding", "partition", "headers", "delay", "deliverAt", "id", "priority", "ttl"]);
  const delay = optional(fields, "delay", duration);
  const deliverAt = optional(fields, "deliverAt", (node, field) => instant(string(node, field), field));
  if (delay !== undefined && deliverAt !== undefined) throw invalidInput("delay", "delay and deliverAt say the same thing. Keep one.");
  return {
    queue: optional(fields, "queue", string),
    item: {
      payload: readPayload(text, fields),
      headers: optional(fields, "headers", readHeaders),
      partition: optional(fields, "partition", string),
      transactionId: optional(fields, "id", string),
      deliverAt: delay === undefined ? deliverAt : now + delay,
      priority: optional(fields, "priority", number),
      ttl: optional(fields, "ttl", duration),
    },
  };
}

/** Reads edited data and headers. @throws invalid-input naming the field */
export function parseContentDocument(text: string): Content {
  const fields = readObject(text, ["data", "encoding", "headers"]);
  return { payload: readPayload(text, fields), headers: optional(fields, "headers", readHeaders) ?? {} };
}

type Fields = ReadonlyMap<string, Node>;

function readObject(text: string, known: readonly string[]): Fields {
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { allowTrailingComma: true });
  const [first] = errors;
  if (first !== undefined) throw invalidInput("document", `This document is not JSON: ${words(printParseErrorCode(first.error))} in line ${text.slice(0, first.offset).split("\n").length}.`);
  if (root?.type !== "object") throw invalidInput("document", 'This document must be a JSON object with "data", for example { "data": { "id": 1 } }.');
  const fields = new Map<string, Node>();
  for (const { children } of root.children ?? []) {
    const [name, content] = children ?? [];
    if (name === undefined || content === undefined) continue;
    const key = String(name.value);
    if (!known.includes(key)) throw invalidInput(key, `There is no field ${JSON.stringify(key)} here. Fields: ${known.filter((field) => field !== "$schema").join(", ")}.`);
    fields.set(key, content);
  }
  return fields;
}

/** EndOfFileExpected as people write it. */
function words(code: string): string {
  return code.replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter}`).toLowerCase();
}

function optional<T>(fields: Fields, name: string, read: (node: Node, field: string) => T): T | undefined {
  const node = fields.get(name);
  return node === undefined ? undefined : read(node, name);
}

function readPayload(text: string, fields: Fields): Payload {
  const data = fields.get("data");
  if (data === undefined) throw invalidInput("data", 'The document has no "data". Use null to push nothing.');
  const encoding = optional(fields, "encoding", readEncoding) ?? "json";
  switch (encoding) {
    case "json":
      return jsonTextPayload(withoutBlanks(text.slice(data.offset, data.offset + data.length)));
    case "text":
      return textPayload(string(data, "data"));
    case "bytes":
      return bytesPayload(base64(string(data, "data")));
  }
}

function readEncoding(node: Node, field: string): Encoding {
  const encoding = ENCODINGS.find((known) => known === node.value);
  if (encoding === undefined) throw invalidInput(field, `encoding must be one of ${ENCODINGS.join(", ")}, but is ${JSON.stringify(node.value)}.`);
  return encoding;
}

/** The layout is the document's, not the message's. */
function withoutBlanks(json: string): string {
  const scanner = createScanner(json, true);
  const tokens: string[] = [];
  while (scanner.getPosition() < json.length) {
    scanner.scan();
    const token = json.slice(scanner.getTokenOffset(), scanner.getTokenOffset() + scanner.getTokenLength());
    // The comma before the end, which people may leave in a document.
    if ((token === "}" || token === "]") && tokens.at(-1) === ",") tokens.pop();
    tokens.push(token);
  }
  return tokens.join("");
}

function base64(text: string): Uint8Array {
  const plain = text.replaceAll(/\s/g, "");
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(plain)) throw invalidInput("data", "data must be base64, because encoding is bytes.");
  return new Uint8Array(Buffer.from(plain, "base64"));
}

function readHeaders(node: Node, field: string): Headers {
  if (node.type !== "object") throw invalidInput(field, `${field} must be an object of texts.`);
  return Object.fromEntries(
    (node.children ?? []).flatMap(({ children }) => {
      const [name, content] = children ?? [];
      return name === undefined || content === undefined ? [] : [[String(name.value), string(content, `${field}.${String(name.value)}`)]];
    }),
  );
}

function string(node: Node, field: string): string {
  if (typeof node.value !== "string") throw invalidInput(field, `${field} must be text.`);
  return node.value;
}

function number(node: Node, field: string): number {
  if (typeof node.value !== "number") throw invalidInput(field, `${field} must be a number.`);
  return node.value;
}

function duration(node: Node, field: string): number {
  if (typeof node.value !== "string" && typeof node.value !== "number") throw invalidInput(field, `${field} must be a duration such as 30s or 5m.`);
  return durationMs(node.value, field, "s");
}
