import { ENCODINGS } from "../../core/index.ts";
import type { Encoding, Headers, MessageBase } from "../../core/index.ts";
import { deadLetterId, messageId } from "./ids.ts";

/** How each encoding stands in `enc`. */
export function encodingNumber(encoding: Encoding): number {
  return ENCODINGS.indexOf(encoding);
}

export function encodingOf(number: number): Encoding {
  return ENCODINGS[number] ?? "bytes";
}

/** What `MESSAGE_COLUMNS` selects, of `msg AS m JOIN lane AS l ON l.lid = m.lane`. */
export interface MessageRow {
  readonly id: number;
  readonly lane: number;
  readonly name: string | null;
  readonly prio: number;
  readonly ts: number;
  readonly exp: number | null;
  readonly enc: number;
  readonly body: Uint8Array;
  readonly hdr: Uint8Array | null;
  readonly tx: string | null;
  readonly alias: number | null;
  readonly only_group: string | null;
  readonly origin: number | null;
  readonly edited_at: number | null;
}

export const MESSAGE_COLUMNS = "m.id, m.lane, l.name, l.prio, m.ts, m.exp, m.enc, m.body, m.hdr, m.tx, m.alias, m.only_group, m.origin, m.edited_at";

/** Bytes as they were pushed, from bytes as they are stored; throws `encryption-key-missing`. */
export type Unseal = (stored: Uint8Array) => Uint8Array;

/** The id people know. */
export function publicKey(row: { readonly id: number; readonly alias: number | null }): number {
  return row.alias ?? row.id;
}

/** @param origin where the dead letter of this number came from; asked for redriven messages only */
export function messageBase(row: MessageRow, queue: string, unseal: Unseal, origin: (did: number) => MessageBase["redrivenFrom"]): MessageBase {
  const id = messageId(publicKey(row));
  return {
    id,
    queue,
    partition: row.name,
    payload: { encoding: encodingOf(row.enc), bytes: unseal(row.body) },
    headers: headersOf(row.hdr, unseal),
    transactionId: row.tx ?? id,
    priority: row.prio,
    createdAt: row.ts,
    expiresAt: row.exp,
    redrivenFrom: row.origin === null ? null : origin(row.origin),
    editedAt: row.edited_at,
  };
}

const NO_HEADERS: Headers = Object.freeze({});
const utf8 = new TextDecoder();

export function headersOf(stored: Uint8Array | null, unseal: Unseal): Headers {
  return stored === null ? NO_HEADERS : (JSON.parse(utf8.decode(unseal(stored))) as Headers);
}

/** `NULL` for none, so that most messages store nothing. */
export function storedHeaders(headers: Headers | undefined): Uint8Array | null {
  return headers === undefined || Object.keys(headers).length === 0 ? null : Buffer.from(JSON.stringify(headers));
}

/** Looks up where redriven messages came from; `null` once that dead letter was discarded. */
export function originLookup(find: (did: number) => { qid: number; id: number; queue: string } | undefined): (did: number) => MessageBase["redrivenFrom"] {
  return (did) => {
    const dead = find(did);
    return dead === undefined ? null : { queue: dead.queue, deadLetterId: deadLetterId(dead.qid, did), messageId: messageId(dead.id) };
  };
}

export const ORIGIN_SQL = "SELECT d.qid, d.id, q.name AS queue FROM dead AS d JOIN queue AS q ON q.qid = d.qid WHERE d.did = ?";
