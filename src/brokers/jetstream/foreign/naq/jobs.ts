import { randomUUID } from "node:crypto";
import { type DeadLetter, invalidInput, type Payload, payloadText, type PushItem, QueuescopeError } from "../../../../core/index.ts";
import type { Outgoing } from "../layout.ts";
import { isObject } from "./records.ts";
import { literalJson } from "./literal.ts";

/** Of NAQ's queues; other names don't fit into its subjects. */
export const NAQ_NAME = /^[A-Za-z0-9_-]+$/;

type Fields = Readonly<Record<string, unknown>>;

/** What a job has where nothing is said. */
const DEFAULTS: Fields = { args: [], kwargs: {}, max_retries: 0, retry_delay: 0, depends_on: [], result_ttl: null, timeout: null, retry_strategy: "linear", retry_on: null, ignore_on: null };
const GIVEN = ["job_id", "enqueue_time", "function", "queue_name", ...Object.keys(DEFAULTS)];

const amount = (value: unknown): boolean => typeof value === "number" && value >= 0;
const texts = (value: unknown): boolean => Array.isArray(value) && value.every((item) => typeof item === "string");

/** What each field must be, and how to say so. */
const RULES: Readonly<Record<string, readonly [(value: unknown) => boolean, string]>> = {
  function: [(value) => typeof value === "string" && /^[^:\s]+:[^:\s]+$/.test(value), 'text of the form "module:name", where NAQ\'s worker can import it'],
  args: [Array.isArray, "a list"],
  kwargs: [isObject, "an object"],
  max_retries: [amount, "a number, 0 or more"],
  retry_delay: [(value) => amount(value) || (Array.isArray(value) && value.length > 0 && value.every(amount)), "a number of seconds, or a list of them"],
  depends_on: [texts, "a list of job ids"],
  result_ttl: [(value) => value === null || amount(value), "a number of seconds, or null"],
  timeout: [(value) => value === null || amount(value), "a number of seconds, or null"],
  retry_strategy: [(value) => value === "linear" || value === "exponential", '"linear" or "exponential"'],
  retry_on: [(value) => value === null || texts(value), 'null, or a list such as ["builtins:ValueError"]'],
  ignore_on: [(value) => value === null || texts(value), 'null, or a list such as ["builtins:ValueError"]'],
};

/** A job in NAQ's JSON form. @throws invalid-input naming the field */
export function newJob(name: string, item: PushItem, now: number): Outgoing {
  if (item.payload.encoding !== "json") throw invalidInput("data", `A job of NAQ is a JSON object such as {"function": "tasks:send", "args": [1], "kwargs": {}}, but data is ${item.payload.encoding}.`);
  return job(name, payloadText(item.payload), item.transactionId, now);
}

/** `given` is JSON text; its arguments are kept as they stand there, so that long numbers survive. */
function job(name: string, given: string, id: string | undefined, now: number): Outgoing {
  const fields: unknown = JSON.parse(given);
  if (!isObject(fields)) throw invalidInput("data", 'A job of NAQ is a JSON object such as {"function": "tasks:send", "args": [1], "kwargs": {}}.');
  for (const field of Object.keys(fields)) {
    if (!GIVEN.includes(field)) throw invalidInput(`data.${field}`, `A job of NAQ has no field ${JSON.stringify(field)}. It has ${GIVEN.join(", ")}.`);
  }
  const complete: Record<string, unknown> = { ...DEFAULTS, ...fields };
  for (const [field, [fits, form]] of Object.entries(RULES)) {
    if (!fits(complete[field])) throw invalidInput(`data.${field}`, `data.${field} must be ${form}, but ${field in complete ? `is ${JSON.stringify(complete[field])}` : "is missing"}.`);
  }
  const jobId = id ?? (typeof fields["job_id"] === "string" && fields["job_id"] !== "" ? fields["job_id"] : randomUUID().replaceAll("-", ""));
  const head = { job_id: jobId, enqueue_time: now / 1000, function: complete["function"] };
  const tail = Object.keys(DEFAULTS).filter((field) => field !== "args" && field !== "kwargs").map((field) => [field, complete[field]]);
  const members = [
    ...Object.entries(head).map(([field, value]) => `${JSON.stringify(field)}: ${JSON.stringify(value)}`),
    `"args": ${memberText(given, "args") ?? "[]"}`,
    `"kwargs": ${memberText(given, "kwargs") ?? "{}"}`,
    ...tail.map(([field, value]) => `${JSON.stringify(field)}: ${JSON.stringify(value)}`),
    `"queue_name": ${JSON.stringify(name)}`,
  ];
  return { data: Buffer.from(`{${members.join(", ")}}`), headers: {}, transactionId: jobId };
}

const { rawJSON } = JSON as unknown as { readonly rawJSON: (text: string) => unknown };

/** JSON text of a member, its numbers as they were written: 12345678901234567890 stays itself. */
function memberText(json: string, member: string): string | undefined {
  const exact = JSON.parse(json, (_key, value: unknown, context?: { readonly source?: string }) => (typeof value === "number" && context?.source !== undefined ? rawJSON(context.source) : value)) as Fields;
  return member in exact ? JSON.stringify(exact[member]) : undefined;
}

/** NAQ's record of a failed job, as a job again. What it lost has to be given. @throws invalid-input */
export function jobAgain(name: string, letter: DeadLetter, payload: Payload | undefined, now: number): Outgoing {
  const failed = letter.payload.encoding === "json" ? (JSON.parse(payloadText(letter.payload)) as unknown) : null;
  if (!isObject(failed)) {
    if (payload !== undefined) return job(name, payloadText(payload), undefined, now);
    throw new QueuescopeError("corrupt", `The record ${letter.id} of a failed job can't be read, so it can't be pushed again as it is. Give the job yourself with --data '{"function": "module:name", "args": []}'.`);
  }
  const given = payload === undefined ? "{}" : payloadText(payload);
  const changes: unknown = JSON.parse(given);
  if (!isObject(changes)) throw invalidInput("data", "The new data must be a JSON object with fields of a NAQ job.");
  const kept = recovered(failed);
  const missing = ["function", "args", "kwargs"].filter((field) => !(field in changes) && kept[field] === undefined);
  if (missing.length > 0) throw invalidInput("data", lostText(letter.id, failed, missing, kept));
  const all: Readonly<Record<string, string | undefined>> = { ...kept, job_id: JSON.stringify(letter.transactionId) };
  const inner = Object.entries(all).flatMap(([field, json]) => (json === undefined || field in changes ? [] : [`${JSON.stringify(field)}:${json}`])).join(",");
  const rest = given.trim().slice(1, -1).trim();
  return job(name, `{${[inner, rest].filter((part) => part !== "").join(",")}}`, undefined, now);
}

/** JSON texts of what the failed record still says of the job. */
function recovered(failed: Fields): Record<string, string | undefined> {
  const { function_str, args_repr, kwargs_repr, max_retries, retry_delay } = failed;
  const path = typeof function_str === "string" && /^[^:\s<>]+:[^:\s<>]+$/.test(function_str) ? function_str : undefined;
  return {
    function: path === undefined ? undefined : JSON.stringify(path),
    args: typeof args_repr === "string" ? literalJson(args_repr) : undefined,
    kwargs: typeof kwargs_repr === "string" ? literalJson(kwargs_repr) : undefined,
    max_retries: amount(max_retries) ? JSON.stringify(max_retries) : undefined,
    retry_delay: retry_delay === undefined ? undefined : JSON.stringify(retry_delay),
  };
}

function lostText(id: string, failed: Fields, missing: readonly string[], kept: Readonly<Record<string, string | undefined>>): string {
  const name = typeof failed["function_str"] === "string" ? failed["function_str"] : "name";
  const example = missing.map((field) => (field === "function" ? `"function": "MODULE:${name}"` : field === "args" ? '"args": [...]' : '"kwargs": {...}')).join(", ");
  const why = missing.includes("function") ? `NAQ kept only the name of its function (${name}), not its module` : `NAQ kept only a text of its ${missing.join(" and ")} that can't be read back`;
  return `${id} can't be redriven as it is: ${why}. Say what is missing: --data '{${example}}'${kept["args"] === undefined ? "" : " (the rest is taken from the record)"}.`;
}
