import { createScanner, type Node, parseTree, type ParseError, printParseErrorCode } from "jsonc-parser";
import { bytesPayload, durationMs, ENCODINGS, type Encoding, type Headers, instant, invalidInput, jsonTextPayload, type Payload, type PushItem, textPayload } from "../../core/index.ts";

export interface Content {
  readonly payload: Payload;
  readonly headers: Headers;
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
