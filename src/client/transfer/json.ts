import { isoTime, payloadText } from "../../core/index.ts";
import type { Message, Payload, Pushed } from "../../core/index.ts";

/** JSON text that is printed as it is, so that what was pushed comes out untouched: 12345678901234567890 stays itself. */
export class RawJson {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export type JsonRecord = Readonly<Record<string, unknown>>;

/** One line of JSON; like JSON.stringify, but for RawJson. */
export function jsonLine(value: unknown): string {
  // Line breaks of JSON text stand between its tokens (within a string they are escaped): a blank means the same.
  if (value instanceof RawJson) return value.text.replace(/[\r\n]+/g, " ").trim();
  if (Array.isArray(value)) return `[${value.map(jsonLine).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${jsonLine(member)}`).join(",")}}`;
}

/** How data stands in JSON: JSON as itself, text as a string, bytes as base64. */
export function payloadJson(payload: Payload): unknown {
  switch (payload.encoding) {
    case "json":
      return new RawJson(payloadText(payload));
    case "text":
      return payloadText(payload);
    case "bytes":
      return Buffer.from(payload.bytes).toString("base64");
  }
}

export function pushedJson(pushed: Pushed): JsonRecord {
  return {
    queue: pushed.queue,
    partition: pushed.partition,
    data: payloadJson(pushed.payload),
    encoding: pushed.payload.encoding,
    headers: pushed.headers,
    transactionId: pushed.transactionId,
    priority: pushed.priority,
    createdAt: isoTime(pushed.createdAt),
  };
}

export function messageJson(message: Message): JsonRecord {
  return { id: message.id, ...pushedJson(message), state: message.state };
}
