import { ENCODINGS } from "../../core/index.ts";
import type { Encoding, Headers, Instant, MessageBase, Pushed } from "../../core/index.ts";
import { deadLetterId, messageId } from "./ids.ts";
import type { ReadTx } from "./tx.ts";

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

/** Of `msg AS m` alone; pops read them by their order. */
export const LOG_COLUMNS = "m.ts, m.exp, m.enc, m.body, m.hdr, m.tx, m.alias, m.only_group, m.origin, m.edited_at";
export const MESSAGE_COLUMNS = `m.id, m.lane, l.name, l.prio, ${LOG_COLUMNS}`;

/** Bytes as they were pushed, from bytes as they are stored; throws `encryption-key-missing`. */
export type Unseal = (stored: Uint8Array) => Uint8Array;

/** The id people know. */
export function publicKey(row: { readonly id: number; readonly alias: number | null }): number {
  return row.alias ?? row.id;
}

/** How `msg`, `sched` and `dead` hold what was pushed. */
interface PushedRow {
  readonly name: string | null;
  readonly prio: number;
  readonly enc: number;
  readonly body: Uint8Array;
  readonly hdr: Uint8Array | null;
  readonly tx: string | null;
}

export function pushed(row: PushedRow, about: { readonly id: string; readonly queue: string; readonly createdAt: Instant }, unseal: Unseal): Pushed {
  return {
    queue: about.queue,
    partition: row.name,
    payload: { encoding: encodingOf(row.enc), bytes: unseal(row.body) },
    headers: headersOf(row.hdr, unseal),
    transactionId: row.tx ?? about.id,
    priority: row.prio,
    createdAt: about.createdAt,
  };
}

export function messageBase(tx: ReadTx, row: MessageRow, queue: string, unseal: Unseal): MessageBase {
  const id = messageId(publicKey(row));
  return {
    id,
    ...pushed(row, { id, queue, createdAt: row.ts }, unseal),
    expiresAt: row.exp,
    redrivenFrom: row.origin === null ? null : originOf(tx, row.origin),
    editedAt: row.edited_at,
  };
}

/** Where a redriven message came from; `null` once that dead letter was discarded. */
export function originOf(tx: ReadTx, did: number): MessageBase["redrivenFrom"] {
  const dead = tx.get<{ qid: number; id: number; queue: string }>("SELECT d.qid, d.id, q.name AS queue FROM dead AS d JOIN queue AS q ON q.qid = d.qid WHERE d.did = ?", did);
  return dead === undefined ? null : { queue: dead.queue, deadLetterId: deadLetterId(dead.qid, did), messageId: messageId(dead.id) };
}

/** A message that waits for its time. */
export interface ScheduledRow {
  readonly id: number;
  readonly qid: number;
  readonly due: number;
  readonly name: string | null;
  readonly prio: number;
  readonly pushed_at: number;
  readonly ttl: number | null;
  readonly enc: number;
  readonly body: Uint8Array;
  readonly hdr: Uint8Array | null;
  readonly tx: string | null;
  readonly edited_at: number | null;
}

export const SCHEDULED_COLUMNS = "id, qid, due, name, prio, pushed_at, ttl, enc, body, hdr, tx, edited_at";

export function scheduledBase(row: ScheduledRow, queue: string, unseal: Unseal): MessageBase {
  const id = messageId(row.id);
  return {
    id,
    ...pushed(row, { id, queue, createdAt: row.pushed_at }, unseal),
    expiresAt: row.ttl === null ? null : row.due + row.ttl,
    redrivenFrom: null,
    editedAt: row.edited_at,
  };
}

const NO_HEADERS: Headers = Object.freeze({});
const utf8 = new TextDecoder();

export function headersOf(stored: Uint8Array | null, unseal: Unseal): Headers {
  return stored === null ? NO_HEADERS : (JSON.parse(utf8.decode(unseal(stored))) as Headers);
}

/** Errors and stacks. */
export function storedText(stored: Uint8Array | null, unseal: Unseal): string | null {
  return stored === null ? null : utf8.decode(unseal(stored));
}

/** `NULL` for none, so that most messages store nothing. */
export function storedHeaders(headers: Headers | undefined): Uint8Array | null {
  return headers === undefined || Object.keys(headers).length === 0 ? null : Buffer.from(JSON.stringify(headers));
}
