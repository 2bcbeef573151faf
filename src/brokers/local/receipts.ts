import { randomFillSync } from "node:crypto";
import { invalidInput } from "../../core/index.ts";

/** What a receipt says: which lease, its secret, and which message of it. */
export interface Receipt {
  readonly lease: number;
  readonly token: string;
  /** Place in the log. */
  readonly id: number;
  /** The id people know, where it is another. */
  readonly alias: number | null;
}

const TOKEN_BYTES = 12;
const pool = Buffer.alloc(TOKEN_BYTES * 256);
let used = pool.length;

/** 96 random bits; asked of the system for many at a time. */
export function newToken(): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += TOKEN_BYTES;
  return pool.toString("base64url", used - TOKEN_BYTES, used);
}

export function receiptText(lease: number, token: string, id: number, alias: number | null): string {
  return `${lease.toString(36)}.${alias === null ? "" : `${alias.toString(36)}.`}${id.toString(36)}.${token}`;
}

const SHAPE = /^([0-9a-z]{1,11})\.(?:([0-9a-z]{1,11})\.)?([0-9a-z]{1,11})\.([\w-]{16})$/;

/** @throws invalid-input */
export function parseReceipt(text: unknown): Receipt {
  const match = typeof text === "string" ? SHAPE.exec(text) : null;
  if (match === null) throw invalidInput("receipt", `This is no receipt of a local queue file: ${JSON.stringify(text)}. Give the receipt that pop returned with the message.`);
  const [, lease = "", alias, id = "", token = ""] = match;
  return { lease: Number.parseInt(lease, 36), token, id: Number.parseInt(id, 36), alias: alias === undefined ? null : Number.parseInt(alias, 36) };
}
