import { DEFAULT_GROUP, flagOf, groupName, invalidInput, msOf, objectOf, partitionName } from "../../core/index.ts";
import type { GroupStart, PopRequest } from "../../core/index.ts";
import { messageNotFound, parseMessageId } from "./ids.ts";
import type { Wanted } from "./pop.ts";

const LARGEST_BATCH = 10_000;

/** @throws invalid-input, message-not-found for what can't be an id */
export function wanted(given: PopRequest): Wanted {
  const request = objectOf(given, "request");
  const message = request.messageId === undefined ? null : messageKey(request.messageId);
  const batch = request.batch === undefined ? 1 : whole(request.batch, 1, LARGEST_BATCH, "batch");
  return {
    batch: message === null ? batch : 1,
    lease: request.lease === undefined ? null : leaseTime(request.lease),
    group: request.group === undefined ? DEFAULT_GROUP : groupName(request.group),
    start: request.start === undefined ? "all" : groupStart(request.start),
    partition: request.partition === undefined ? null : partitionName(request.partition),
    message,
    onlyNew: flagOf(request.onlyNew, "onlyNew"),
    atMostOnce: flagOf(request.atMostOnce, "atMostOnce"),
    worker: request.worker ?? null,
  };
}

function messageKey(id: unknown): number {
  if (typeof id !== "string") throw invalidInput("messageId", `messageId must be text such as m3-42, but is ${JSON.stringify(id)}.`);
  const key = parseMessageId(id);
  if (key === null) throw messageNotFound(id);
  return key;
}

export function waitTime(request: PopRequest): number {
  return request.wait === undefined ? 0 : msOf(request.wait, "wait");
}

export function leaseTime(ms: number): number {
  return whole(typeof ms === "number" ? Math.round(ms) : ms, 1, 8.64e15, "lease");
}

function groupStart(start: GroupStart): GroupStart {
  if (start === "all" || start === "new") return start;
  if (typeof start === "number" && Number.isFinite(start)) return Math.trunc(start);
  throw invalidInput("start", `start must be all, new or a time, but is ${JSON.stringify(start)}.`);
}

function whole(value: number, least: number, most: number, field: string): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw invalidInput(field, `${field} must be a whole number from ${least} to ${most}, but is ${String(value)}.`);
}
