import { bytesPayload, durationMs, instant, invalidInput, jsonTextPayload, partitionName, textPayload, transactionId, valuePayload } from "../core/index.ts";
import type { Duration, Encoding, Headers, Payload, PushItem } from "../core/index.ts";

/** A message with options. Bare numbers of durations are milliseconds. */
export interface PushInput<T = unknown> {
  readonly data: T;
  /**
   * How `data` is meant when it isn't simply a value: `json` is JSON text that is stored as it is
   * (12345678901234567890 survives), `text` is text and not a JSON string, `bytes` a Uint8Array.
   */
  readonly encoding?: Encoding | undefined;
  readonly headers?: Headers | undefined;
  /** Key of strict order; instead of that of `.partition()`. */
  readonly partition?: string | undefined;
  /** The caller's own id: a second push of it within the queue's dedupWindowSeconds is a duplicate. */
  readonly transactionId?: string | undefined;
  readonly delay?: Duration | undefined;
  /** A Date, milliseconds since the epoch, or ISO 8601 (UTC without a zone). Instead of `delay`. */
  readonly deliverAt?: Date | number | string | undefined;
  /** 0 to 9, 9 first; not with a partition. */
  readonly priority?: number | undefined;
  readonly ttl?: Duration | undefined;
}

/** A value, or a value with options. */
export type Pushable<T> = T | PushInput<T>;

const INPUT_FIELDS: ReadonlySet<string> = new Set(["data", "encoding", "headers", "partition", "transactionId", "delay", "deliverAt", "priority", "ttl"]);

/**
 * An object with `data` and, besides it, nothing but push options is a message with options;
 * everything else is data. Wrap data that looks like that: `{ data: value }`.
 */
function isPushInput(value: unknown): value is PushInput {
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return false;
  return "data" in value && Object.keys(value).every((key) => INPUT_FIELDS.has(key));
}

/** @throws invalid-input naming the field */
export function toPushItem(value: unknown, partition: string | undefined): PushItem {
  const input: PushInput = isPushInput(value) ? value : { data: value };
  const item: PushItem = {
    payload: toPayload(input),
    headers: toHeaders(input.headers),
    partition: optional(input.partition ?? partition, (name) => partitionName(name)),
    transactionId: optional(input.transactionId, (id) => transactionId(id)),
    deliverAt: toDeliverAt(input),
    priority: toPriority(input.priority),
    ttl: optional(input.ttl, (ttl) => durationMs(ttl, "ttl", "ms")),
  };
  if (item.priority !== undefined && item.partition !== undefined) {
    throw invalidInput("priority", `priority can't be given with a partition (${JSON.stringify(item.partition)}): a partition is in strict order. Leave out one of them.`);
  }
  return item;
}

function optional<V, R>(value: V | undefined, read: (value: V) => R): R | undefined {
  return value === undefined ? undefined : read(value);
}

function toPayload({ data, encoding }: PushInput): Payload {
  if (encoding === undefined) return valuePayload(data);
  if (encoding === "bytes") {
    if (data instanceof Uint8Array) return bytesPayload(data);
    throw invalidInput("data", "data with encoding bytes must be a Uint8Array.");
  }
  if (typeof data !== "string") throw invalidInput("data", `data with encoding ${encoding} must be a string. Leave out encoding to push a value.`);
  return encoding === "json" ? jsonTextPayload(data) : textPayload(data);
}

function toHeaders(headers: Headers | undefined): Headers | undefined {
  if (headers === undefined) return undefined;
  if (typeof headers !== "object" || Array.isArray(headers)) throw invalidInput("headers", "headers must be an object of texts.");
  const wrong = Object.entries(headers).find(([, value]) => typeof value !== "string");
  if (wrong !== undefined) throw invalidInput(`headers.${wrong[0]}`, `headers.${wrong[0]} must be text, but is ${typeof wrong[1]}.`);
  return headers;
}

function toDeliverAt({ delay, deliverAt }: PushInput): number | undefined {
  if (delay !== undefined && deliverAt !== undefined) throw invalidInput("deliverAt", "Give either delay or deliverAt, not both.");
  if (deliverAt !== undefined) return instant(deliverAt, "deliverAt");
  return delay === undefined ? undefined : Date.now() + durationMs(delay, "delay", "ms");
}

function toPriority(priority: number | undefined): number | undefined {
  if (priority === undefined || (Number.isInteger(priority) && priority >= 0 && priority <= 9)) return priority;
  throw invalidInput("priority", `priority must be a whole number from 0 to 9, but is ${priority}.`);
}
