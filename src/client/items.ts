import { bytesPayload, durationMs, instant, invalidInput, jsonTextPayload, textPayload, valuePayload } from "../core/index.ts";
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
 * An object with `data` and, besides it, nothing but options is data with options; everything else is data. Wrap data that
 * looks like that: `{ data: value }`.
 */
export function isWithOptions(value: unknown, fields: ReadonlySet<string>): value is { readonly data: unknown } {
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return false;
  return "data" in value && Object.keys(value).every((key) => fields.has(key));
}

/** What only a caller can have meant is read here; the broker checks the rest. @throws invalid-input naming the field */
export function toPushItem(value: unknown, partition: string | undefined): PushItem {
  const input: PushInput = isWithOptions(value, INPUT_FIELDS) ? value : { data: value };
  const { data, encoding, headers, transactionId, priority, ttl } = input;
  return {
    payload: encoding === undefined ? valuePayload(data) : encodedPayload(data, encoding),
    headers,
    partition: input.partition ?? partition,
    transactionId,
    deliverAt: toDeliverAt(input),
    priority,
    ttl: ttl === undefined ? undefined : durationMs(ttl, "ttl", "ms"),
  };
}

/** @throws invalid-input for data that can't be meant so */
export function encodedPayload(data: unknown, encoding: Encoding): Payload {
  if (encoding === "bytes") {
    if (data instanceof Uint8Array) return bytesPayload(data);
    throw invalidInput("data", "data with encoding bytes must be a Uint8Array.");
  }
  if (typeof data !== "string") throw invalidInput("data", `data with encoding ${encoding} must be a string. Leave out encoding to give a value.`);
  return encoding === "json" ? jsonTextPayload(data) : textPayload(data);
}

function toDeliverAt({ delay, deliverAt }: PushInput): number | undefined {
  if (delay !== undefined && deliverAt !== undefined) throw invalidInput("deliverAt", "Give either delay or deliverAt, not both.");
  if (deliverAt !== undefined) return instant(deliverAt, "deliverAt");
  return delay === undefined ? undefined : Date.now() + durationMs(delay, "delay", "ms");
}
