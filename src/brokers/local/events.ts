import { recordsEvent } from "../../core/index.ts";
import type { BuiltInEvent, Crypt } from "../../core/index.ts";
import { queueOf } from "./ids.ts";
import type { LiveGroup, LiveQueue } from "./live.ts";
import type { WriteTx } from "./tx.ts";

export interface EventDetails {
  readonly group?: LiveGroup | string | undefined;
  readonly worker?: string | null | undefined;
  readonly attempt?: number | undefined;
  /** Error and links; kept as JSON. */
  readonly data?: Readonly<Record<string, unknown>> | undefined;
  /** Nothing in `data` comes from a handler or a message. */
  readonly own?: boolean | undefined;
}

export function records(queue: LiveQueue, type: BuiltInEvent): boolean {
  return recordsEvent(queue.options, type);
}

/** @param key the id of the message that people know */
export function recordEvent(tx: WriteTx, crypt: Crypt, queue: LiveQueue, key: number, type: BuiltInEvent, details: EventDetails = {}): void {
  if (!records(queue, type)) return;
  writeEvent(tx, crypt, queue, key, type, details);
}

/** Whatever the queue's trace level is: what ends a message without its handler leaves an event. */
export function writeEvent(tx: WriteTx, crypt: Crypt, queue: LiveQueue, key: number, type: BuiltInEvent, details: EventDetails = {}): void {
  const data = details.data === undefined ? null : sealed(crypt, queue, JSON.stringify(details.data), details.own);
  const group = typeof details.group === "object" ? details.group.name : (details.group ?? null);
  insertEvent(tx, { key, type, group, worker: details.worker ?? null, attempt: details.attempt ?? null, data });
}

/** @param own our own words, with nothing of anybody's data */
export function sealed(crypt: Crypt, queue: LiveQueue, text: string, own = false): Uint8Array {
  const encrypt = queue.options.encryptionEnabled;
  return own ? crypt.sealOwn(text, encrypt) : crypt.sealText(text, encrypt);
}

export function insertEvent(tx: WriteTx, event: { key: number; type: string; group: string | null; worker: string | null; attempt: number | null; data: Uint8Array | null }): number {
  return tx.insert(
    "INSERT INTO event (id, qid, at, type, grp, worker, attempt, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    event.key, queueOf(event.key), tx.now, event.type, event.group, event.worker, event.attempt, event.data,
  );
}
