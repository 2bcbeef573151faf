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

const SHAPE = /^([a-z][a-z0-9]{7})\.([0-9a-z]{1,11})\.([0-9a-z]{0,11})\.([\w-]{16})\.([\w=-]+)(?:\.([\w=-]+))?$/;

/** @throws invalid-input */
export function parseReceipt(text: unknown): Receipt {
  const match = typeof text === "string" ? SHAPE.exec(text) : null;
  if (match === null) throw invalidInput("receipt", `This is no receipt of a queue on NATS: ${JSON.stringify(text)}. Give the receipt that pop returned with the message.`);
  const [, queue = "", seq = "", alias = "", token = "", group = "", partition] = match;
  return { queue, group: untoken(group), partition: partition === undefined ? null : untoken(partition), token, seq: Number.parseInt(seq, 36), alias: alias === "" ? null : Number.parseInt(alias, 36) };
}
