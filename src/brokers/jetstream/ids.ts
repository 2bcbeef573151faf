import { randomBytes } from "node:crypto";
import { QueuescopeError } from "../../core/index.ts";

/** An id says which queue (by the random id of its making) and which sequence: `k3x9f0a2-42`; of a dead letter, `k3x9f0a2-d57`. */
export interface Id {
  readonly queue: string;
  readonly seq: number;
}

const SHAPE = /^([a-z][a-z0-9]{7})-(d?)([1-9]\d{0,15})$/;

export function newQueueId(): string {
  const letters = "abcdefghijklmnopqrstuvwxyz";
  const digits = `${letters}0123456789`;
  return [...randomBytes(8)].map((byte, i) => (i === 0 ? letters[byte % 26] : digits[byte % 36]) ?? "a").join("");
}

export function messageId(queue: string, seq: number): string {
  return `${queue}-${seq}`;
}

export function deadLetterId(queue: string, seq: number): string {
  return `${queue}-d${seq}`;
}

/** @throws message-not-found for what can't be one of ours */
export function parseMessageId(text: string): Id {
  return parsed(text, "") ?? raise(messageNotFound(text));
}

/** @throws message-not-found */
export function parseDeadLetterId(text: string): Id {
  return parsed(text, "d") ?? raise(messageNotFound(text, "dead letter"));
}

/** `null` for what can't be one. */
export function parsed(text: unknown, kind: "" | "d"): Id | null {
  const match = typeof text === "string" ? SHAPE.exec(text) : null;
  return match?.[2] === kind ? { queue: match[1] ?? "", seq: Number(match[3]) } : null;
}

export function messageNotFound(id: string, what = "message"): QueuescopeError {
  return new QueuescopeError("message-not-found", `There is no ${what} ${id}. It may have been removed, or never existed.`);
}

function raise(error: Error): never {
  throw error;
}
