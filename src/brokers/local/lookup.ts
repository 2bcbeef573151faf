import type { Message, MessageBase } from "../../core/index.ts";
import { parseMessageId, queueOf } from "./ids.ts";
import { queueById } from "./queue-row.ts";
import type { QueueRow } from "./queue-row.ts";
import { MESSAGE_COLUMNS, messageBase, SCHEDULED_COLUMNS, scheduledBase, storedText } from "./rows.ts";
import type { MessageRow, ScheduledRow, Unseal } from "./rows.ts";
import { GroupView, scheduledStanding } from "./state.ts";
import type { Standing } from "./state.ts";
import type { ReadTx } from "./tx.ts";

export type Found =
  | { readonly queue: QueueRow; readonly message: MessageRow; readonly scheduled?: undefined }
  | { readonly queue: QueueRow; readonly scheduled: ScheduledRow; readonly message?: undefined };

/** The message with this id, in the log or waiting for its time; an expired one is gone. */
export function findMessage(tx: ReadTx, id: string): Found | undefined {
  const key = parseMessageId(id);
  const queue = key === null ? undefined : queueById(tx, queueOf(key));
  if (key === null || queue === undefined) return undefined;
  const message = messageByKey(tx, key);
  if (message !== undefined) return isExpired(message, tx.now) ? undefined : { queue, message };
  const scheduled = scheduledByKey(tx, key);
  return scheduled === undefined ? undefined : { queue, scheduled };
}

/** Without reading its data. */
export function messageExists(tx: ReadTx, id: string): boolean {
  const key = parseMessageId(id);
  return key !== null && queueById(tx, queueOf(key)) !== undefined && tx.get(EXISTS, key, tx.now, key, tx.now, key) !== undefined;
}

const EXISTS = `SELECT 1 AS one FROM msg WHERE id = ? AND alias IS NULL AND (exp IS NULL OR exp > ?)
  UNION ALL SELECT 1 FROM fired AS f CROSS JOIN msg AS m ON m.id = f.id WHERE f.alias = ? AND (m.exp IS NULL OR m.exp > ?)
  UNION ALL SELECT 1 FROM sched WHERE id = ? LIMIT 1`;

/** By the id people know; a place in the log that was given to a message with another id finds nothing. */
export function messageByKey(tx: ReadTx, key: number): MessageRow | undefined {
  const row = messageAt(tx, key);
  if (row?.alias === null) return row;
  const place = tx.get<{ id: number }>("SELECT id FROM fired WHERE alias = ?", key);
  return place === undefined ? undefined : messageAt(tx, place.id);
}

/** By its place in the log. */
export function messageAt(tx: ReadTx, id: number): MessageRow | undefined {
  return tx.get<MessageRow>(`SELECT ${MESSAGE_COLUMNS} FROM msg AS m CROSS JOIN lane AS l ON l.lid = m.lane WHERE m.id = ?`, id);
}

export function scheduledByKey(tx: ReadTx, key: number): ScheduledRow | undefined {
  return tx.get<ScheduledRow>(`SELECT ${SCHEDULED_COLUMNS} FROM sched WHERE id = ?`, key);
}

export function isExpired(row: { readonly exp: number | null }, now: number): boolean {
  return row.exp !== null && row.exp <= now;
}

/** Turns rows of one queue into what people see of them, from one group's point of view. */
export class MessageReader {
  readonly view: GroupView;
  readonly #tx: ReadTx;
  readonly #queue: QueueRow;
  readonly #unseal: Unseal;

  constructor(tx: ReadTx, queue: QueueRow, group: string, unseal: Unseal) {
    this.view = new GroupView(tx, queue.qid, group);
    this.#tx = tx;
    this.#queue = queue;
    this.#unseal = unseal;
  }

  shown(row: MessageRow, standing: Standing = this.view.of(row)): Message {
    return this.#with(messageBase(this.#tx, row, this.#queue.name, this.#unseal), standing);
  }

  shownScheduled(row: ScheduledRow): Message {
    return this.#with(scheduledBase(row, this.#queue.name, this.#unseal), scheduledStanding(row.due, this.#tx.now));
  }

  #with(base: MessageBase, standing: Standing): Message {
    return {
      ...base,
      state: standing.state,
      group: this.view.group,
      charges: standing.charges,
      deliveryCount: standing.deliveries,
      until: standing.until,
      worker: standing.worker,
      lastError: storedText(standing.error, this.#unseal),
    };
  }
}
