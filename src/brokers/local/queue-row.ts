import { DEFAULT_OPTIONS, QueuescopeError } from "../../core/index.ts";
import type { QueueOptions } from "../../core/index.ts";
import type { ReadTx } from "./tx.ts";

interface StoredQueue {
  readonly qid: number;
  readonly name: string;
  /** JSON of the options. */
  readonly options: string;
  readonly paused: number;
  readonly created_at: number;
  readonly seq: number;
  readonly last_ts: number;
  readonly prios: number;
  readonly pushed: number;
  readonly removed: number;
  readonly scheduled: number;
  readonly partitions: number;
  readonly bytes: number;
  readonly minute: number;
}

export interface QueueRow extends Omit<StoredQueue, "options"> {
  readonly options: QueueOptions;
}

const COLUMNS = "qid, name, options, paused, created_at, seq, last_ts, prios, pushed, removed, scheduled, partitions, bytes, minute";

export function findQueue(tx: ReadTx, name: string): QueueRow | undefined {
  return parsed(tx.get<StoredQueue>(`SELECT ${COLUMNS} FROM queue WHERE name = ?`, name));
}

export function queueById(tx: ReadTx, qid: number): QueueRow | undefined {
  return parsed(tx.get<StoredQueue>(`SELECT ${COLUMNS} FROM queue WHERE qid = ?`, qid));
}

/** @throws queue-not-found */
export function requireQueue(tx: ReadTx, name: string): QueueRow {
  const row = findQueue(tx, name);
  if (row === undefined) throw queueNotFound(name);
  return row;
}

export function queueNotFound(name: string): QueuescopeError {
  return new QueuescopeError("queue-not-found", `There is no queue ${JSON.stringify(name)}. Check the name, or create it; a push creates it too.`, { queue: name });
}

/** In name order, those after `after`. */
export function queuesAfter(tx: ReadTx, after: string, limit: number): QueueRow[] {
  return tx.all<StoredQueue>(`SELECT ${COLUMNS} FROM queue WHERE name > ? ORDER BY name LIMIT ? + 0`, after, limit).map(withOptions);
}

function parsed(row: StoredQueue | undefined): QueueRow | undefined {
  return row === undefined ? undefined : withOptions(row);
}

function withOptions(row: StoredQueue): QueueRow {
  return { ...row, options: optionsOf(row.options) };
}

/** Options change seldom and are read by every call: the last texts are kept parsed. */
const PARSED = new Map<string, QueueOptions>();

function optionsOf(text: string): QueueOptions {
  const known = PARSED.get(text);
  if (known !== undefined) return known;
  const options: QueueOptions = Object.freeze({ ...DEFAULT_OPTIONS, ...(JSON.parse(text) as Partial<QueueOptions>) });
  if (PARSED.size >= 1_000) PARSED.clear();
  PARSED.set(text, options);
  return options;
}
