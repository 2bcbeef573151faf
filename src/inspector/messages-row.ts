import { type Message, payloadText } from "../core/index.ts";
import type { MessageRow } from "../protocol/index.ts";

const PREVIEW_LENGTH = 300;

export function messageRow(message: Message): MessageRow {
  const { id, partition, state, priority, transactionId, createdAt, until, deliveryCount, charges, worker, lastError, headers, payload } = message;
  return { id, partition, state, priority, transactionId, createdAt, until, deliveryCount, charges, worker, lastError, headers: { ...headers }, preview: preview(payload), size: payload.bytes.byteLength };
}

/** Enough of the payload for a line; of a large one only its beginning is decoded. */
export function preview(payload: Message["payload"]): string {
  if (payload.encoding === "bytes") return Buffer.from(payload.bytes.subarray(0, 48)).toString("hex").replaceAll(/(..)/g, "$1 ").trimEnd();
  const bytes = payload.bytes.byteLength > 4 * PREVIEW_LENGTH ? payload.bytes.subarray(0, 4 * PREVIEW_LENGTH) : payload.bytes;
  const text = bytes === payload.bytes ? payloadText(payload) : new TextDecoder().decode(bytes);
  return text.slice(0, PREVIEW_LENGTH).replaceAll(/\s+/g, " ");
}
