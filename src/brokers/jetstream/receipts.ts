import { invalidInput } from "../../core/index.ts";
import { token as nameToken, untoken } from "./subjects.ts";

/** What a receipt says: whose lease, its secret, and which message of it. */
export interface Receipt {
  readonly queue: string;
  readonly group: string;
  /** `null`: the lease of messages without one. */
  readonly partition: string | null;
  readonly token: string;
  readonly seq: number;
  /** The number people know, where it is another. */
  readonly alias: number | null;
}

export function receiptText({ queue, group, partition, token, seq, alias }: Receipt): string {
  return `${queue}.${seq.toString(36)}.${alias === null ? "" : alias.toString(36)}.${token}.${nameToken(group)}${partition === null ? "" : `.${nameToken(partition)}`}`;
}

const SHAPE = /^[a-z][a-z0-9]{7}\.[0-9a-z]{1,11}\.[0-9a-z]{0,11}\.[\w-]{16}\.[\w=-]+(?:\.[\w=-]+)?$/;
const QUEUE = 8;
const TOKEN = 16;

/** @throws invalid-input */
export function parseReceipt(text: unknown): Receipt {
  if (typeof text !== "string" || !SHAPE.test(text)) throw invalidInput("receipt", `This is no receipt of a queue on NATS: ${JSON.stringify(text)}. Give the receipt that pop returned with the message.`);
  const seq = text.indexOf(".", QUEUE + 1);
  const alias = text.indexOf(".", seq + 1);
  const group = alias + TOKEN + 2;
  const found = text.indexOf(".", group);
  const partition = found < 0 ? null : untoken(text.slice(found + 1));
  return {
    queue: text.slice(0, QUEUE),
    group: untoken(text.slice(group, found < 0 ? text.length : found)),
    partition,
    token: text.slice(alias + 1, alias + 1 + TOKEN),
    seq: Number.parseInt(text.slice(QUEUE + 1, seq), 36),
    alias: alias === seq + 1 ? null : Number.parseInt(text.slice(seq + 1, alias), 36),
  };
}
