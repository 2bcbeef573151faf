import { DEFAULT_OPTIONS, QueuescopeError } from "../../core/index.ts";
import type { QueueOptions } from "../../core/index.ts";
import { messageKey, messageRange, SEQUENCES } from "./ids.ts";
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
  /** `bytes` without what the tail of the log adds. */
  readonly storedBytes: number;
}

const COLUMNS = "qid, name, options, paused, created_at, seq, last_ts, prios, pushed, removed, scheduled, partitions, bytes, minute";

export function findQueue(tx: ReadTx, name: string): QueueRow | undefined {
  return current(tx, tx.get<StoredQueue>(`SELECT ${COLUMNS} FROM queue WHERE name = ?`, name));
}

export function queueById(tx: ReadTx, qid: number): QueueRow | undefined {
  return current(tx, tx.get<StoredQueue>(`SELECT ${COLUMNS} FROM queue WHERE qid = ?`, qid));
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
  return tx.all<StoredQueue>(`SELECT ${COLUMNS} FROM queue WHERE name > ? ORDER BY name LIMIT ? + 0`, after, limit).map((row) => withTail(tx, row));
}

function current(tx: ReadTx, row: StoredQueue | undefined): QueueRow | undefined {
  return row === undefined ? undefined : withTail(tx, row);
}

const TAIL = "SELECT id, ts, since FROM msg WHERE id > ? AND id <= ? ORDER BY id DESC LIMIT 1";

/** Plain pushes leave the row as it is, which saves them a page: the log's last message says how many there were since. */
function withTail(tx: ReadTx, row: StoredQueue): QueueRow {
  const options = optionsOf(row.options);
  const tail = tx.get<{ id: number; ts: number; since: number }>(TAIL, messageKey(row.qid, row.seq), messageRange(row.qid).last);
  if (tail === undefined) return { ...row, options, storedBytes: row.bytes };
  const seq = tail.id % SEQUENCES;
  return { ...row, options, storedBytes: row.bytes, seq, last_ts: tail.ts, pushed: row.pushed + seq - row.seq, bytes: row.bytes + tail.since };
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
