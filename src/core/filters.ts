import { invalidInput } from "./errors.ts";
import { objectOf } from "./input.ts";
import { flagOf } from "./input.ts";
import { MESSAGE_STATES } from "./message.ts";
import type { MessageState } from "./message.ts";
import { groupName, partitionName } from "./names.ts";
import type { BrowseOrder } from "./port/inspect.ts";
import { instant } from "./time.ts";
import type { Instant } from "./time.ts";

const BROWSE_ORDERS: readonly BrowseOrder[] = ["oldest", "newest"];

interface Names {
  readonly group?: string | undefined;
  readonly partition?: string | null | undefined;
}

interface Filter extends Names {
  readonly state?: MessageState | undefined;
  readonly match?: string | undefined;
  readonly from?: Instant | undefined;
  readonly to?: Instant | undefined;
  readonly ids?: readonly string[] | undefined;
  readonly order?: BrowseOrder | undefined;
  readonly scheduled?: boolean | undefined;
}

/** @throws invalid-input naming the field */
export function checkedNames<T extends Names>(request: T): T {
  checkedObject(request);
  if (request.group !== undefined) groupName(request.group);
  if (typeof request.partition === "string") partitionName(request.partition);
  return request;
}

/** @throws invalid-input naming the field */
export function checkedFilter<T extends Filter>(request: T): T {
  checkedNames(request);
  const { state, match, from, to, ids, order, scheduled } = request;
  if (state !== undefined && !MESSAGE_STATES.includes(state)) throw invalidInput("state", `state must be one of ${MESSAGE_STATES.join(", ")}, but is ${JSON.stringify(state)}.`);
  if (match === "") throw invalidInput("match", "match must not be empty. Give the text to look for, or leave it out.");
  if (from !== undefined) instant(from, "from");
  if (to !== undefined) instant(to, "to");
  if (ids !== undefined) checkedIds(ids);
  if (order !== undefined && !BROWSE_ORDERS.includes(order)) throw invalidInput("order", `order must be one of ${BROWSE_ORDERS.join(", ")}, but is ${JSON.stringify(order)}.`);
  flagOf(scheduled, "scheduled");
  return request;
}

/** @throws invalid-input */
export function checkedIds(ids: readonly string[]): readonly string[] {
  if (!isTextList(ids)) throw invalidInput("ids", "ids must be a list of texts.");
  if (ids.length > MOST_IDS) throw invalidInput("ids", `At most ${MOST_IDS} ids can be given at once, but these are ${ids.length}. Give them in several calls.`);
  return ids;
}

/** @throws invalid-input */
export function checkedObject<T>(value: T, field = "request"): T {
  return objectOf(value, field);
}

export function isTextList(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

/** Ids that one call takes. */
const MOST_IDS = 10_000;
