import { invalidInput } from "./errors.ts";

/** UTF-8 bytes; long enough for tenant keys and URLs, short enough for a row of the sidebar and a NATS subject. */
const MAX_NAME_BYTES = 1024;
const MAX_TRANSACTION_ID_BYTES = 65_535;

/** Group of consumers that name none. */
export const DEFAULT_GROUP = "default";
/** Partition that `ordered: true` gives to messages without a key. */
export const DEFAULT_PARTITION = "Default";

// eslint-disable-next-line no-control-regex -- refusing control characters is the point
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

function checkName(value: unknown, field: string, maxBytes: number): string {
  if (typeof value !== "string") throw invalidInput(field, `${field} must be text, but is ${value === null ? "null" : typeof value}.`);
  if (value.length === 0) throw invalidInput(field, `${field} must not be empty.`);
  if (CONTROL.test(value)) throw invalidInput(field, `${field} must not contain control characters: ${JSON.stringify(value)}.`);
  if (!value.isWellFormed()) throw invalidInput(field, `${field} must be valid Unicode: it holds half of a surrogate pair.`);
  const bytes = Buffer.byteLength(value);
  if (bytes > maxBytes) throw invalidInput(field, `${field} must be at most ${maxBytes} bytes long, but has ${bytes}.`);
  return value;
}

/** Queue names also refuse leading and trailing blanks, which nobody sees in a list. */
export function queueName(value: unknown, field = "queue"): string {
  const name = checkName(value, field, 255);
  if (name.trim() !== name) throw invalidInput(field, `${field} must not start or end with a blank: ${JSON.stringify(name)}.`);
  return name;
}

export function groupName(value: unknown, field = "group"): string {
  return checkName(value, field, 255);
}

export function partitionName(value: unknown, field = "partition"): string {
  return checkName(value, field, MAX_NAME_BYTES);
}

export function transactionId(value: unknown, field = "transactionId"): string {
  return checkName(value, field, MAX_TRANSACTION_ID_BYTES);
}

export function traceName(value: unknown, field = "traceName"): string {
  return checkName(value, field, MAX_NAME_BYTES);
}

/** The `.gitignore` of a workspace's `.queuescope`: queues are nobody else's business, templates of messages are a team's. */
export const WORKSPACE_GITIGNORE = "/*\n!/templates/\n";
