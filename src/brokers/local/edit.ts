import { DEFAULT_GROUP, invalidInput, QueuescopeError } from "../../core/index.ts";
import type { Headers, Message, Payload } from "../../core/index.ts";
import type { Work } from "./context.ts";
import { recordEvent } from "./events.ts";
import { messageNotFound } from "./ids.ts";
import { checkedItems } from "./input.ts";
import type { LiveQueue } from "./live.ts";
import { findMessage, messageAt, MessageReader, scheduledByKey } from "./lookup.ts";
import { encodingNumber, encodingOf, headersOf, publicKey } from "./rows.ts";
import type { MessageRow, ScheduledRow } from "./rows.ts";
import { isLeased } from "./standing.ts";

export interface Change {
  readonly payload?: Payload;
  readonly headers?: Headers;
}

/** What a changed message has in its row. */
interface Contents {
  readonly enc: number;
  readonly body: Uint8Array;
  readonly hdr: Uint8Array | null;
}

/** Same id, same place, same attempts. @throws message-not-found, leased, invalid-input */
export function edit(work: Work, id: string, change: Change): Message {
  if (change.payload === undefined && change.headers === undefined) throw invalidInput("payload", "An edit needs new data, new headers, or both.");
  const { tx, crypt } = work;
  const found = findMessage(tx, id);
  const queue = found === undefined ? undefined : tx.live.queueById(found.queue.qid);
  if (found === undefined || queue === undefined) throw messageNotFound(id);
  const reader = new MessageReader(tx, found.queue, DEFAULT_GROUP, crypt.unseal);
  if (found.message === undefined) {
    editScheduled(work, queue, found.scheduled, change);
    return reader.shownScheduled(scheduledByKey(tx, found.scheduled.id) ?? found.scheduled);
  }
  editInLog(work, queue, found.message, id, change);
  return reader.shown(messageAt(tx, found.message.id) ?? found.message);
}

function editInLog(work: Work, queue: LiveQueue, row: MessageRow, id: string, change: Change): void {
  const { tx } = work;
  const place = { id: row.id, lane: row.lane, keyed: row.name !== null, onlyGroup: row.only_group };
  const holder = tx.live.groupsOf(queue).find((group) => isLeased(tx, group, place));
  if (holder !== undefined) throw new QueuescopeError("leased", `The message ${id} is leased in the group ${holder.name}, so it can't be edited: its handler would work on other data than is stored. Wait until it is settled, or release it first.`, { queue: queue.name });
  const { enc, body, hdr } = changed(work, queue, row, change);
  tx.run("UPDATE msg SET enc = ?, body = ?, hdr = ?, edited_at = ? WHERE id = ?", enc, body, hdr, tx.now, row.id);
  recordEdit(work, queue, publicKey(row), change);
}

function editScheduled(work: Work, queue: LiveQueue, row: ScheduledRow, change: Change): void {
  const { enc, body, hdr } = changed(work, queue, row, change);
  work.tx.run("UPDATE sched SET enc = ?, body = ?, hdr = ?, edited_at = ? WHERE id = ?", enc, body, hdr, work.tx.now, row.id);
  recordEdit(work, queue, row.id, change);
}

function recordEdit(work: Work, queue: LiveQueue, key: number, change: Change): void {
  recordEvent(work.tx, work.crypt, queue, key, "edited", { data: { data: change.payload !== undefined, headers: change.headers !== undefined } });
}

function changed(work: Work, queue: LiveQueue, row: Contents, change: Change): Contents {
  const contents = editedContents(work, queue, row, change);
  queue.bytes += sizeOf(contents) - sizeOf(row);
  return contents;
}

/** `row` with the change made, sealed as `queue` wants it. */
export function editedContents({ crypt }: Work, queue: LiveQueue, row: Contents, { payload, headers }: Change): Contents {
  const [item] = checkedItems([{
    payload: payload ?? { encoding: encodingOf(row.enc), bytes: crypt.unseal(row.body) },
    headers: headers ?? headersOf(row.hdr, crypt.unseal),
  }]);
  if (item === undefined) throw new Error("one item gives one item");
  const encrypt = queue.options.encryptionEnabled;
  return { enc: encodingNumber(item.encoding), body: crypt.seal(item.body, encrypt), hdr: item.headers === null ? null : crypt.seal(item.headers, encrypt) };
}

function sizeOf({ body, hdr }: Contents): number {
  return body.byteLength + (hdr?.byteLength ?? 0);
}
