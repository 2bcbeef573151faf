import { type JsonRecord, messageJson, pushedJson, RawJson } from "../client/transfer/json.ts";
import { isoTime, OPTION_SPECS } from "../core/index.ts";
import type { DeadLetter, Delivery, GroupInfo, GroupStart, Message, PartitionInfo, PushResult, QueueInfo, QueueOptions, QueueStats, TraceEvent } from "../core/index.ts";

function isoOrNull(at: number | null): string | null {
  return at === null ? null : isoTime(at);
}

export function startJson(start: GroupStart): string {
  return typeof start === "number" ? isoTime(start) : start;
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
