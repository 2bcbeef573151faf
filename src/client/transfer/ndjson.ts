import { bytesPayload, ENCODINGS, instant, invalidInput, isoTime, jsonTextPayload, textPayload } from "../../core/index.ts";
import type { Encoding, Headers, Message, Payload, PushItem } from "../../core/index.ts";
import { jsonLine, messageJson } from "./json.ts";
import { bytesOfBase64 } from "./text.ts";

/** The lines of export and import: a message as --json shows it, and what else it takes to push it again. */

export function exportedLine(message: Message): string {
  return jsonLine({
    ...messageJson(message),
    deliverAt: message.state === "scheduled" && message.until !== null ? isoTime(message.until) : undefined,
    expiresAt: message.expiresAt === null ? undefined : isoTime(message.expiresAt),
  });
}

export interface Imported {
  readonly item: PushItem;
  /** Completed or dead when it was exported. */
  readonly finished: boolean;
  readonly expired: boolean;
}

/** @throws invalid-input naming the field */
export function importedItem(line: string, now = Date.now()): Imported {
  const fields = record(line);
  const deliverAt = optional(fields, "deliverAt", "string");
  const expiresAt = optional(fields, "expiresAt", "string");
  const due = deliverAt === undefined ? undefined : instant(deliverAt, "deliverAt");
  const lifetime = expiresAt === undefined ? undefined : instant(expiresAt, "expiresAt") - Math.max(now, due ?? now);
  const transactionId = optional(fields, "transactionId", "string");
  const partition = optional(fields, "partition", "string");
  const priority = optional(fields, "priority", "number");
  const state = optional(fields, "state", "string");
  return {
    item: {
      payload: payloadOf(line, fields),
      headers: headersOf(fields["headers"]),
      partition,
      // Without a caller's own id it is the id of the exported message, which is new here.
      transactionId: transactionId === fields["id"] ? undefined : transactionId,
      deliverAt: due,
      priority: partition === undefined ? priority : undefined,
      ttl: lifetime === undefined || lifetime <= 0 ? undefined : lifetime,
    },
    finished: state === "completed" || state === "dead",
    expired: lifetime !== undefined && lifetime <= 0,
  };
}

function record(line: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw invalidInput("line", `it is not JSON: ${(cause as Error).message}.`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw invalidInput("line", `it must be a JSON object with "data", as export writes it. To push the lines themselves use: queuescope push QUEUE - --ndjson`);
  if (!("data" in value)) throw invalidInput("data", `it has no "data". An export has a message a line; to push the lines themselves use: queuescope push QUEUE - --ndjson`);
  return { ...value };
}

interface Kinds {
  string: string;
  number: number;
}

function optional<K extends keyof Kinds>(fields: Readonly<Record<string, unknown>>, name: string, kind: K): Kinds[K] | undefined {
  const value = fields[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== kind) throw invalidInput(name, `${name} must be a ${kind}, but is ${JSON.stringify(value)}.`);
  return value as Kinds[K];
}

function headersOf(value: unknown): Headers | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "object" || Array.isArray(value) || Object.values(value).some((text) => typeof text !== "string")) throw invalidInput("headers", "headers must be an object of texts.");
  return value as Headers;
}

function payloadOf(line: string, fields: Readonly<Record<string, unknown>>): Payload {
  const encoding = (fields["encoding"] ?? "json") as Encoding;
  if (!ENCODINGS.includes(encoding)) throw invalidInput("encoding", `encoding must be one of ${ENCODINGS.join(", ")}, but is ${JSON.stringify(encoding)}.`);
  if (encoding === "json") return jsonTextPayload(memberText(line, "data").trim());
  const data = fields["data"];
  if (typeof data !== "string") throw invalidInput("data", `data with encoding ${encoding} must be text${encoding === "bytes" ? " in base64" : ""}.`);
  return encoding === "text" ? textPayload(data) : bytesPayload(bytesOfBase64(data));
}

/**
 * The text of a member of a JSON object, as it stands there: parsing it would round
 * 12345678901234567890. The JSON is known to be valid; of several members the last counts, as for
 * JSON.parse. Not recursive, so that deep nesting is no trouble.
 */
export function memberText(json: string, name: string): string {
  let depth = 0;
  let key: unknown;
  let from = -1;
  let found = "";
  for (let at = 0; at < json.length; at += 1) {
    const character = json.charAt(at);
    if (character === '"') {
      const end = stringEnd(json, at);
      if (depth === 1 && from < 0) key = JSON.parse(json.slice(at, end + 1));
      at = end;
    } else if (character === "{" || character === "[") {
      depth += 1;
    } else if (character === ":" && depth === 1 && key === name) {
      from = at + 1;
    } else if (character === "," || character === "}" || character === "]") {
      if (depth === 1 && from >= 0) {
        found = json.slice(from, at);
        from = -1;
      }
      if (character !== ",") depth -= 1;
    }
  }
  return found;
}

/** Where the string that begins at `start` ends: the next quote with an even number of backslashes before it. */
function stringEnd(json: string, start: number): number {
  for (let end = json.indexOf('"', start + 1); end >= 0; end = json.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (json.charAt(end - 1 - backslashes) === "\\") backslashes += 1;
    if (backslashes % 2 === 0) return end;
  }
  return json.length;
}
