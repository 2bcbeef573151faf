import { DEFAULT_GROUP, groupName, invalidInput, partitionName } from "../../core/index.ts";
import type { GroupStart, PopRequest } from "../../core/index.ts";
import { messageNotFound, parseMessageId } from "./ids.ts";
import type { Wanted } from "./pop.ts";

const LARGEST_BATCH = 10_000;
/** Longest of setTimeout. */
const LONGEST = 2 ** 31 - 1;

/** @throws invalid-input, message-not-found for what can't be an id */
export function wanted(request: PopRequest): Wanted {
  const message = request.messageId === undefined ? null : parseMessageId(request.messageId);
  if (message === null && request.messageId !== undefined) throw messageNotFound(request.messageId);
  return {
    batch: message === null ? whole(request.batch ?? 1, 1, LARGEST_BATCH, "batch") : 1,
    lease: request.lease === undefined ? null : leaseTime(request.lease),
    group: request.group === undefined ? DEFAULT_GROUP : groupName(request.group),
    start: groupStart(request.start ?? "all"),
    partition: request.partition === undefined ? null : partitionName(request.partition),
    message,
    onlyNew: request.onlyNew ?? false,
    atMostOnce: request.atMostOnce ?? false,
    worker: request.worker ?? null,
  };
}

export function waitTime(request: PopRequest): number {
  return Math.min(atLeastZero(request.wait ?? 0, "wait"), LONGEST);
}

export function leaseTime(ms: number): number {
  return whole(Math.round(ms), 1, Number.MAX_SAFE_INTEGER / 2, "lease");
}

export function groupStart(start: GroupStart): GroupStart {
  if (start === "all" || start === "new") return start;
  if (typeof start === "number" && Number.isFinite(start)) return Math.trunc(start);
  throw invalidInput("start", `start must be all, new or a time, but is ${JSON.stringify(start)}.`);
}

function whole(value: number, least: number, most: number, field: string): number {
  if (!Number.isInteger(value) || value < least || value > most) throw invalidInput(field, `${field} must be a whole number from ${least} to ${most}, but is ${String(value)}.`);
  return value;
}

function atLeastZero(value: number, field: string): number {
  if (!(value >= 0)) throw invalidInput(field, `${field} must be 0 or more milliseconds, but is ${String(value)}.`);
  return value;
}
