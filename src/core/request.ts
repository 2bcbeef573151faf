import { invalidInput } from "./errors.ts";
import { flagOf, listOf, msOf, objectOf } from "./input.ts";
import { DEFAULT_GROUP, groupName, partitionName, traceName } from "./names.ts";
import type { Failure, GroupStart, PopRequest, Settlement, TraceInput } from "./port/messages.ts";

const LARGEST_BATCH = 10_000;

/** What a pop asks for, checked. `Id` is what the broker makes of a message's id. */
export interface Wanted<Id> {
  readonly batch: number;
  /** Milliseconds; `null`: the queue's leaseTime. */
  readonly lease: number | null;
  readonly group: string;
  readonly start: GroupStart;
  readonly partition: string | null;
  readonly message: Id | null;
  readonly onlyNew: boolean;
  readonly atMostOnce: boolean;
  readonly worker: string | null;
}

/**
 * @param read an id as this broker writes it; throws `message-not-found` for what can't be one
 * @throws invalid-input
 */
export function wanted<Id>(given: PopRequest, read: (id: string) => Id): Wanted<Id> {
  const request = objectOf(given, "request");
  const message = request.messageId === undefined ? null : read(idText(request.messageId));
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

function idText(id: unknown): string {
  if (typeof id === "string") return id;
  throw invalidInput("messageId", `messageId must be the text of a message's id, but is ${JSON.stringify(id)}.`);
}

export function waitTime(request: PopRequest): number {
  return request.wait === undefined ? 0 : msOf(request.wait, "wait");
}

export function leaseTime(ms: number): number {
  return whole(typeof ms === "number" ? Math.round(ms) : ms, 1, 8.64e15, "lease");
}

/** @throws invalid-input */
export function groupStart(start: GroupStart): GroupStart {
  if (start === "all" || start === "new") return start;
  if (typeof start === "number" && Number.isFinite(start)) return Math.trunc(start);
  throw invalidInput("start", `start must be all, new or a time, but is ${JSON.stringify(start)}.`);
}

function whole(value: number, least: number, most: number, field: string): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw invalidInput(field, `${field} must be a whole number from ${least} to ${most}, but is ${String(value)}.`);
}

const ACTIONS: readonly string[] = ["ack", "nack", "release", "dead"];

/** What is no settlement fails its whole call; a receipt that doesn't fit fails for itself. @throws invalid-input */
export function checkSettlements(settlements: readonly Settlement[]): void {
  for (const given of listOf(settlements, "settlements")) {
    const settlement = objectOf(given, "settlement");
    if (!ACTIONS.includes(settlement.action)) throw invalidInput("action", `action must be one of ${ACTIONS.join(", ")}, but is ${JSON.stringify(settlement.action)}.`);
    if (typeof (settlement.receipt as unknown) !== "string") throw invalidInput("receipt", "A settlement needs its receipt: the text that pop returned with the message.");
    if (settlement.action === "nack" && settlement.delay !== undefined) msOf(settlement.delay, "delay");
    if (settlement.action === "ack") flagOf(settlement.cumulative, "cumulative");
    if (settlement.action === "nack" || settlement.action === "dead") checkFailure(settlement.error);
  }
}

function checkFailure(error: Failure | undefined): void {
  if (error === undefined) return;
  const { message } = objectOf(error, "error");
  if (typeof (message as unknown) !== "string") throw invalidInput("error.message", "error.message must be text: what went wrong.");
}

/** A handler's event, but for its message's id. @throws invalid-input */
export function checkTraceInput(event: TraceInput): void {
  groupName(event.type, "type");
  for (const name of listOf(event.names ?? [], "names")) traceName(name, "names");
  if (event.group !== undefined) groupName(event.group);
  if (event.data !== undefined) checkJson(event.data);
}

function checkJson(text: string): void {
  try {
    JSON.parse(text);
  } catch (cause) {
    throw invalidInput("data", `data of a trace event must be JSON text: ${(cause as Error).message}.`);
  }
}
