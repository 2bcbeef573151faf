import type { PushItem } from "./port/messages.ts";
import { invalidInput, QueuescopeError } from "./errors.ts";
import type { Headers } from "./message.ts";
import { partitionName, traceName, transactionId } from "./names.ts";
import { ENCODINGS, type Payload } from "./encoding.ts";
import { MAX_PAYLOAD_BYTES } from "./payload.ts";
import { instant } from "./time.ts";

/** Callers in JavaScript can give anything. */
export function objectOf<T>(value: T, field: string): T & object {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  throw invalidInput(field, `${field} must be an object, but is ${shown(value)}.`);
}

export function listOf<T>(value: readonly T[], field: string): readonly T[] {
  if (Array.isArray(value)) return value as readonly T[];
  throw invalidInput(field, `${field} must be a list, but is ${shown(value)}.`);
}

export function flagOf(value: boolean | undefined, field: string): boolean {
  if (value === undefined || typeof value === "boolean") return value ?? false;
  throw invalidInput(field, `${field} must be true or false, but is ${shown(value)}.`);
}

/** A whole number above 0. */
export function countOf(value: number, field: string): number {
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw invalidInput(field, `${field} must be a whole number above 0, but is ${shown(value)}.`);
}

/** Whole milliseconds from 0, and no more than time can hold. */
export function msOf(value: number, field: string): number {
  if (typeof value === "number" && value >= 0 && value <= 8.64e15) return Math.round(value);
  throw invalidInput(field, `${field} must be 0 or more milliseconds, but is ${shown(value)}.`);
}

function shown(value: unknown): string {
  return value === undefined ? "missing" : typeof value === "number" ? String(value) : JSON.stringify(value);
}

/**
 * What every broker refuses in the same words, whatever its queue's options are.
 * @throws invalid-input, payload-too-large
 */
export function checkPushItems(items: readonly PushItem[]): void {
  listOf(items, "items").forEach((item, i) => {
    try {
      checkPushItem(item, "");
    } catch (error) {
      // Once more, for an error that names the item: naming all of them beforehand costs good ones time.
      if (items.length > 1) checkPushItem(item, `items[${i}].`);
      throw error;
    }
  });
}

function checkPushItem(given: PushItem, at: string): void {
  const item = objectOf(given, `${at}item`);
  checkPayload(item.payload, `${at}payload`);
  if (item.partition !== undefined) partitionName(item.partition, `${at}partition`);
  if (item.priority !== undefined) checkPriority(item.priority, item.partition ?? null, `${at}priority`);
  if (item.headers !== undefined) checkHeaders(item.headers, `${at}headers`);
  if (item.transactionId !== undefined) transactionId(item.transactionId, `${at}transactionId`);
  if (item.deliverAt !== undefined) checkTime(item.deliverAt, `${at}deliverAt`);
  if (item.ttl !== undefined) msOf(item.ttl, `${at}ttl`);
}

function checkPayload(given: Payload, field: string): void {
  const payload = objectOf(given, field);
  if (!ENCODINGS.includes(payload.encoding)) throw invalidInput(field, `${field}.encoding must be one of ${ENCODINGS.join(", ")}, but is ${shown(payload.encoding)}.`);
  const bytes: unknown = payload.bytes;
  if (!(bytes instanceof Uint8Array)) throw invalidInput(field, `${field}.bytes must be a Uint8Array.`);
  if (bytes.byteLength > MAX_PAYLOAD_BYTES) {
    throw new QueuescopeError("payload-too-large", `${field} has ${bytes.byteLength} bytes; the most is ${MAX_PAYLOAD_BYTES} (64 MiB). Store it elsewhere and push a reference to it.`, { field });
  }
}

export function checkPriority(priority: number, partition: string | null, field: string): void {
  if (!Number.isInteger(priority) || priority < 0 || priority > 9) throw invalidInput(field, `${field} must be a whole number from 0 to 9, but is ${shown(priority)}.`);
  if (partition !== null) throw invalidInput(field, `${field} can't be combined with a partition: messages of a partition are delivered in the order they were pushed. Leave one of them out.`);
}

function checkHeaders(headers: Headers, field: string): void {
  for (const [name, value] of Object.entries(objectOf(headers, field))) {
    traceName(name, field);
    if (typeof value !== "string") throw invalidInput(`${field}.${name}`, `${field}.${name} must be text, but is ${shown(value)}.`);
    if (!value.isWellFormed()) throw invalidInput(`${field}.${name}`, `${field}.${name} must be valid Unicode: it holds half of a surrogate pair.`);
  }
}

function checkTime(value: number, field: string): void {
  if (typeof value !== "number") throw invalidInput(field, `${field} must be milliseconds since 1970 UTC, but is ${shown(value)}.`);
  instant(value, field);
}
