import { DEFAULT_PARTITION, ENCODINGS, instant, invalidInput, MAX_PAYLOAD_BYTES, partitionName, QueuescopeError, traceName, transactionId } from "../../core/index.ts";
import type { Encoding, Headers, Instant, Payload, PushItem, QueueOptions } from "../../core/index.ts";
import { storedHeaders } from "./rows.ts";

/** A message on its way in, checked. */
export interface Incoming {
  readonly encoding: Encoding;
  readonly body: Uint8Array;
  /** JSON, not yet sealed. */
  readonly headers: Uint8Array | null;
  readonly partition: string | null;
  readonly priority: number | undefined;
  readonly transactionId: string | null;
  readonly deliverAt: Instant | null;
  readonly ttl: number | undefined;
  /** For a redriven message: the only group that gets it, and the dead letter it was made from. */
  readonly onlyGroup?: string | null;
  readonly origin?: number | null;
}

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

/** Whole milliseconds from 0, and no more than time can hold. */
export function msOf(value: number, field: string): number {
  if (typeof value === "number" && value >= 0 && value <= 8.64e15) return Math.round(value);
  throw invalidInput(field, `${field} must be 0 or more milliseconds, but is ${shown(value)}.`);
}

function shown(value: unknown): string {
  return value === undefined ? "missing" : typeof value === "number" ? String(value) : JSON.stringify(value);
}

/** @throws invalid-input, payload-too-large */
export function checkedItems(items: readonly PushItem[]): Incoming[] {
  return listOf(items, "items").map((item, i) => {
    try {
      return checkedItem(item, "");
    } catch (error) {
      // Once more, for an error that names the item: naming all of them beforehand costs good ones time.
      if (items.length > 1) checkedItem(item, `items[${i}].`);
      throw error;
    }
  });
}

function checkedItem(given: PushItem, at: string): Incoming {
  const item = objectOf(given, `${at}item`);
  const { encoding, bytes } = checkedPayload(item.payload, `${at}payload`);
  const partition = item.partition === undefined ? null : partitionName(item.partition, `${at}partition`);
  if (item.priority !== undefined) checkPriority(item.priority, partition, `${at}priority`);
  return {
    encoding,
    body: bytes,
    headers: checkedHeaders(item.headers, `${at}headers`),
    partition,
    priority: item.priority,
    transactionId: item.transactionId === undefined ? null : transactionId(item.transactionId, `${at}transactionId`),
    deliverAt: item.deliverAt === undefined ? null : timeOf(item.deliverAt, `${at}deliverAt`),
    ttl: item.ttl === undefined ? undefined : msOf(item.ttl, `${at}ttl`),
  };
}

function checkedPayload(given: Payload, field: string): Payload {
  const payload = objectOf(given, field);
  if (!ENCODINGS.includes(payload.encoding)) throw invalidInput(field, `${field}.encoding must be one of ${ENCODINGS.join(", ")}, but is ${shown(payload.encoding)}.`);
  const bytes: unknown = payload.bytes;
  if (!(bytes instanceof Uint8Array)) throw invalidInput(field, `${field}.bytes must be a Uint8Array.`);
  if (bytes.byteLength > MAX_PAYLOAD_BYTES) {
    throw new QueuescopeError("payload-too-large", `${field} has ${bytes.byteLength} bytes; the most is ${MAX_PAYLOAD_BYTES} (64 MiB). Store it elsewhere and push a reference to it.`, { field });
  }
  return payload;
}

function checkPriority(priority: number, partition: string | null, field: string): void {
  if (!Number.isInteger(priority) || priority < 0 || priority > 9) throw invalidInput(field, `${field} must be a whole number from 0 to 9, but is ${shown(priority)}.`);
  if (partition !== null) throw invalidInput(field, `${field} can't be combined with a partition: messages of a partition are delivered in the order they were pushed. Leave one of them out.`);
}

export function checkedHeaders(headers: Headers | undefined, field: string): Uint8Array | null {
  if (headers === undefined) return null;
  for (const [name, value] of Object.entries(objectOf(headers, field))) {
    traceName(name, field);
    if (typeof value !== "string") throw invalidInput(`${field}.${name}`, `${field}.${name} must be text, but is ${shown(value)}.`);
    if (!value.isWellFormed()) throw invalidInput(`${field}.${name}`, `${field}.${name} must be valid Unicode: it holds half of a surrogate pair.`);
  }
  return storedHeaders(headers);
}

function timeOf(value: number, field: string): Instant {
  if (typeof value === "number") return instant(value, field);
  throw invalidInput(field, `${field} must be milliseconds since 1970 UTC, but is ${shown(value)}.`);
}

/** Where the queue's options put a message. */
export function placeOf(item: Pick<Incoming, "partition" | "priority">, options: QueueOptions): { readonly partition: string | null; readonly priority: number } {
  if (item.partition !== null) return { partition: item.partition, priority: 0 };
  if (options.ordered) return { partition: DEFAULT_PARTITION, priority: 0 };
  return { partition: null, priority: item.priority ?? options.priority };
}

/** An ordered queue gives every message a partition. @throws invalid-input */
export function checkOrdered(items: readonly Incoming[], options: QueueOptions): void {
  if (!options.ordered) return;
  for (const { priority } of items) if (priority !== undefined) checkPriority(priority, DEFAULT_PARTITION, "priority");
}
