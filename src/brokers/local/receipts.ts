import { invalidInput } from "../../core/index.ts";
import { messageKey, queueOf } from "./ids.ts";

/** What a receipt says: which lease, its secret, and which message of it. */
export interface Receipt {
  readonly lease: number;
  readonly token: string;
  /** Place in the log. */
  readonly id: number;
  /** The id people know, where it is another. */
  readonly alias: number | null;
}

/** `lease.queue.sequence[.sequence that people know].token`: numbers in base 36, small ones because these are faster to write. */
export function receiptText(lease: number, token: string, id: number, alias: number | null): string {
  const qid = queueOf(id);
  const own = `${lease.toString(36)}.${qid.toString(36)}.${sequenceOf(id, qid).toString(36)}.`;
  return alias === null ? own + token : `${own}${sequenceOf(alias, qid).toString(36)}.${token}`;
}

function sequenceOf(id: number, qid: number): number {
  return id - messageKey(qid, 0);
}

const DOT = ".".charCodeAt(0);
const DIGITS = new Map(Array.from({ length: 36 }, (_, digit) => [digit.toString(36).charCodeAt(0), digit]));
const VALUES = Int8Array.from({ length: 128 }, (_, code) => DIGITS.get(code) ?? -1);
const TOKEN = /^[\w-]{16}$/;
const TOKEN_LENGTH = 16;
/** More digits than any number here has. */
const LONGEST = 11;

/** @throws invalid-input */
export function parseReceipt(text: unknown): Receipt {
  const receipt = typeof text === "string" ? parsed(text) : null;
  if (receipt === null) throw invalidInput("receipt", `This is no receipt of a local queue file: ${JSON.stringify(text)}. Give the receipt that pop returned with the message.`);
  return receipt;
}

/** By hand: an expression with groups takes six times as long, which batches feel. */
function parsed(text: string): Receipt | null {
  const end = text.length - TOKEN_LENGTH;
  const numbers: number[] = [];
  let value = 0;
  let digits = 0;
  for (let at = 0; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code === DOT) {
      if (digits === 0) return null;
      numbers.push(value);
      value = 0;
      digits = 0;
      continue;
    }
    const digit = VALUES[code] ?? -1;
    digits += 1;
    if (digit < 0 || digits > LONGEST) return null;
    value = value * 36 + digit;
  }
  const [lease, qid, sequence, alias] = numbers;
  if (lease === undefined || qid === undefined || sequence === undefined || numbers.length > 4 || digits > 0) return null;
  const token = text.slice(end);
  return TOKEN.test(token) ? { lease, token, id: messageKey(qid, sequence), alias: alias === undefined ? null : messageKey(qid, alias) } : null;
}
