import { isoTime, OPTION_SPECS, payloadText } from "../core/index.ts";
import type { DeadLetter, Delivery, GroupInfo, GroupStart, Message, PartitionInfo, Payload, Pushed, PushResult, QueueInfo, QueueOptions, QueueStats, TraceEvent } from "../core/index.ts";

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

function isoOrNull(at: number | null): string | null {
  return at === null ? null : isoTime(at);
}

export function startJson(start: GroupStart): string {
  return typeof start === "number" ? isoTime(start) : start;
}

function pushedJson(pushed: Pushed): JsonRecord {
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

/** A message with all that is known about it, for `show`. */
export function messageDetailsJson(message: Message): JsonRecord {
  return {
    ...messageJson(message),
    group: message.group,
    charges: message.charges,
    deliveryCount: message.deliveryCount,
    until: isoOrNull(message.until),
    worker: message.worker,
    lastError: message.lastError,
    expiresAt: isoOrNull(message.expiresAt),
    editedAt: isoOrNull(message.editedAt),
    redrivenFrom: message.redrivenFrom,
  };
}

export function deliveryJson(delivery: Delivery): JsonRecord {
  return {
    id: delivery.id,
    ...pushedJson(delivery),
    state: delivery.receipt === null ? "completed" : "leased",
    receipt: delivery.receipt,
    group: delivery.group,
    attempt: delivery.attempt,
    deliveryCount: delivery.deliveryCount,
    leaseExpiresAt: isoOrNull(delivery.leaseExpiresAt),
  };
}

export function deadLetterJson(letter: DeadLetter): JsonRecord {
  return {
    id: letter.id,
    messageId: letter.messageId,
    queue: letter.queue, // Keeps its place before the group.
    group: letter.group,
    ...pushedJson(letter),
    deadAt: isoTime(letter.deadAt),
    reason: letter.reason,
    attempts: letter.attempts,
    deliveryCount: letter.deliveryCount,
    error: letter.error,
    stack: letter.stack,
    redriven: letter.redriven.map((to) => ({ queue: to.queue, messageId: to.messageId, at: isoTime(to.at) })),
  };
}

export function pushResultJson(queue: string, result: PushResult): JsonRecord {
  return { id: result.id, status: result.status, queue, partition: result.partition, transactionId: result.transactionId };
}

/** Durations in the unit in which a bare number of the option is read, so that the output can be given back. */
export function optionsJson(options: QueueOptions): JsonRecord {
  return Object.fromEntries(OPTION_SPECS.map(({ name, unit }) => {
    const value = options[name];
    return [name, unit === "s" && typeof value === "number" ? value / 1000 : value];
  }));
}

export function queueJson(queue: QueueInfo): JsonRecord {
  return { name: queue.name, paused: queue.paused, createdAt: isoTime(queue.createdAt), counts: queue.counts, options: optionsJson(queue.options) };
}

export function groupJson(group: GroupInfo): JsonRecord {
  return { ...group, start: startJson(group.start) };
}

export function statsJson(stats: QueueStats): JsonRecord {
  return { ...stats, groups: stats.groups.map(groupJson) };
}

export function partitionJson(partition: PartitionInfo): JsonRecord {
  return { ...partition, readyAt: isoOrNull(partition.readyAt), lastPushedAt: isoOrNull(partition.lastPushedAt) };
}

export function traceJson(event: TraceEvent): JsonRecord {
  return { ...event, at: isoTime(event.at), data: event.data === null ? null : new RawJson(event.data) };
}
