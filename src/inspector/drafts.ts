import { parsePushDocument } from "../client/documents/read.ts";
import { type Headers, invalidInput, type Payload, payloadText, type PushItem } from "../core/index.ts";
import type { Draft } from "../protocol/index.ts";
import { hasPlaceholders, loadPlaceholders, type Placeholders } from "./placeholders.ts";

/**
 * A form's draft is the document that the editor pushes (see media/queuemessage.schema.json), with
 * placeholders: both are read by the same rules, and a template is a file of that kind.
 */
export function draftDocument({ encoding, data, headers, partition, id, delay, priority, ttl }: Draft): string {
  const text = (name: string, value: string): readonly string[] => (value === "" ? [] : [`${JSON.stringify(name)}: ${JSON.stringify(value)}`]);
  const fields = [
    `"data": ${encoding === "json" ? json(data) : JSON.stringify(data)}`,
    ...(encoding === "json" ? [] : text("encoding", encoding)),
    ...(Object.keys(headers).length === 0 ? [] : [`"headers": ${JSON.stringify(headers)}`]),
    ...text("partition", partition),
    ...text("id", id),
    ...text("delay", delay),
    ...(priority === "" ? [] : [`"priority": ${wholeNumber(priority)}`]),
    ...text("ttl", ttl),
  ];
  return `{\n  ${fields.join(",\n  ")}\n}\n`;
}

export function draftOf({ payload, headers, partition, priority }: { readonly payload: Payload; readonly headers: Headers; readonly partition: string | null; readonly priority: number }): Draft {
  const data = payload.encoding === "bytes" ? Buffer.from(payload.bytes).toString("base64") : payloadText(payload);
  return { encoding: payload.encoding, data, headers: { ...headers }, partition: partition ?? "", id: "", delay: "", priority: priority === 0 ? "" : String(priority), ttl: "" };
}

/** Fills in placeholders. A draft without any costs nothing. */
export async function draftFiller(draft: Draft): Promise<(number: number) => Draft> {
  if (!hasPlaceholders(JSON.stringify(draft))) return () => draft;
  const placeholders = await loadPlaceholders();
  return (number) => filled(draft, placeholders, number);
}

function filled(draft: Draft, placeholders: Placeholders, number: number): Draft {
  const fill = (text: string): string => placeholders.fill(text, number);
  return {
    ...draft,
    data: draft.encoding === "json" ? placeholders.fillJson(json(draft.data), number) : fill(draft.data),
    headers: Object.fromEntries(Object.entries(draft.headers).map(([name, value]) => [name, fill(value)])),
    partition: fill(draft.partition),
    id: fill(draft.id),
  };
}

/** @throws invalid-input naming the field */
export function draftItem(draft: Draft): PushItem {
  return parsePushDocument(draftDocument(draft), Date.now()).item;
}

/** As it is written, once it parses: a document around what doesn't would blame the wrong line. */
function json(data: string): string {
  if (data.trim() === "") throw invalidInput("data", "There is no data. Write JSON, or null to push nothing.");
  try {
    JSON.parse(data);
  } catch (cause) {
    throw invalidInput("data", `data is not JSON: ${(cause as Error).message}. Correct it, or push it as text.`);
  }
  return data;
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value)) throw invalidInput("priority", `priority must be a whole number from 0 to 9, but is ${JSON.stringify(text)}.`);
  return value;
}
