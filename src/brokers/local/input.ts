import { DEFAULT_PARTITION, invalidInput, MAX_PAYLOAD_BYTES, partitionName, QueuescopeError, transactionId } from "../../core/index.ts";
import type { Encoding, Headers, Instant, PushItem, QueueOptions } from "../../core/index.ts";
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

/** @throws invalid-input, payload-too-large */
export function checkedItems(items: readonly PushItem[]): Incoming[] {
  return items.map((item, i) => checkedItem(item, items.length === 1 ? "" : `items[${i}].`));
}

function checkedItem(item: PushItem, at: string): Incoming {
  const { payload } = item;
  if (payload.bytes.byteLength > MAX_PAYLOAD_BYTES) throw new QueuescopeError("payload-too-large", `${at}data has ${payload.bytes.byteLength} bytes; the most is ${MAX_PAYLOAD_BYTES} (64 MiB). Store it elsewhere and push a reference to it.`, { field: `${at}data` });
  const partition = item.partition === undefined ? null : partitionName(item.partition, `${at}partition`);
  if (item.priority !== undefined) checkPriority(item.priority, partition, `${at}priority`);
  return {
    encoding: payload.encoding,
    body: payload.bytes,
    headers: checkedHeaders(item.headers, `${at}headers`),
    partition,
    priority: item.priority,
    transactionId: item.transactionId === undefined ? null : transactionId(item.transactionId, `${at}transactionId`),
    deliverAt: item.deliverAt === undefined ? null : whole(item.deliverAt, `${at}deliverAt`),
    ttl: item.ttl === undefined ? undefined : atLeast(whole(item.ttl, `${at}ttl`), 0, `${at}ttl`),
  };
}

function checkPriority(priority: number, partition: string | null, field: string): void {
  if (!Number.isInteger(priority) || priority < 0 || priority > 9) throw invalidInput(field, `${field} must be a whole number from 0 to 9, but is ${String(priority)}.`);
  if (partition !== null) throw invalidInput(field, `${field} can't be combined with a partition: messages of a partition are delivered in the order they were pushed. Leave one of them out.`);
}

export function checkedHeaders(headers: Headers | undefined, field: string): Uint8Array | null {
  for (const [name, value] of Object.entries(headers ?? {})) {
    if (typeof value !== "string") throw invalidInput(`${field}.${name}`, `${field}.${name} must be text, but is ${value === null ? "null" : typeof value}.`);
    if (!value.isWellFormed() || !name.isWellFormed()) throw invalidInput(`${field}.${name}`, `${field}.${name} must be valid Unicode: it holds half of a surrogate pair.`);
  }
  return storedHeaders(headers);
}

function whole(value: number, field: string): number {
  if (!Number.isFinite(value)) throw invalidInput(field, `${field} must be a number of milliseconds, but is ${String(value)}.`);
  return Math.trunc(value);
}

export function atLeast(value: number, least: number, field: string): number {
  if (!(value >= least)) throw invalidInput(field, `${field} must be at least ${least}, but is ${value}.`);
  return value;
}

/** Where the queue's options put a message. */
export function placeOf(item: Pick<Incoming, "partition" | "priority">, options: QueueOptions): { readonly partition: string | null; readonly priority: number } {
  if (item.partition !== null) return { partition: item.partition, priority: 0 };
  if (options.ordered) return { partition: DEFAULT_PARTITION, priority: 0 };
  return { partition: null, priority: item.priority ?? options.priority };
}
