import type { Instant } from "../../core/index.ts";
import { giveCursors } from "./groups.ts";
import type { LiveQueue } from "./live.ts";
import type { Value, WriteTx } from "./tx.ts";

/** A message as it is written to the log. */
export interface Entry {
  readonly key: number;
  readonly partition: string | null;
  readonly priority: number;
  readonly enc: number;
  /** Sealed, as the headers are. */
  readonly body: Uint8Array;
  readonly hdr: Uint8Array | null;
  readonly tx: string | null;
  /** Milliseconds from its entry; 0: never expires. */
  readonly ttl: number;
  /** The id people know, where it is another. */
  readonly alias: number | null;
  readonly onlyGroup: string | null;
  readonly origin: number | null;
}

interface Lane {
  readonly lid: number;
  readonly partition: string | null;
  readonly priority: number;
}

const INSERT = "INSERT INTO msg (id, lane, ts, exp, enc, body, hdr, tx, alias, only_group, origin, since) VALUES ";
const ROW = `(${Array<string>(12).fill("?").join(", ")})`;
/** Rows of one statement, the most first. */
const CHUNKS = [50, 10, 1].map((rows) => ({ rows, sql: INSERT + Array<string>(rows).fill(ROW).join(", ") }));
const ENTER_LANE = "INSERT INTO lane (qid, name, prio, pushed, last_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT (qid, ifnull(name, ''), prio) DO UPDATE SET pushed = pushed + excluded.pushed, last_at = excluded.last_at RETURNING lid, pushed";
// A partition's head decides when it is looked at, unless nothing waits; without a key whatever comes first does.
const UNKEYED_LANE = "SELECT lid FROM lane INDEXED BY lane_name WHERE qid = ? AND ifnull(name, '') = '' AND prio = ?";
const WAKE_KEYED = "UPDATE cursor SET ready_at = ?1 WHERE lane = ?2 AND ready_at IS NULL";
const WAKE_UNKEYED = "UPDATE cursor SET ready_at = ?1 WHERE lane = ?2 AND (ready_at IS NULL OR ready_at > ?1)";

/** Writes messages to the tail of a queue's log, in their order, and wakes the groups that wait for them. */
export function append(tx: WriteTx, queue: LiveQueue, entries: readonly Entry[], at: Instant): void {
  if (entries.length === 0) return;
  const lanes = enterLanes(tx, queue, entries, at);
  let from = 0;
  for (const { rows, sql } of CHUNKS) {
    for (; entries.length - from >= rows; from += rows) {
      const values: Value[] = [];
      for (const entry of entries.slice(from, from + rows)) addValues(values, queue, entry, laneOf(lanes, entry), at);
      tx.run(sql, ...values);
    }
  }
  for (const entry of entries) if (entry.onlyGroup !== null) passOthers(tx, queue, laneOf(lanes, entry), entry.onlyGroup);
  queue.pushed += entries.length;
  queue.last_ts = at;
}

function addValues(values: Value[], queue: LiveQueue, entry: Entry, { lid }: Lane, at: Instant): void {
  queue.bytes += entry.body.byteLength + (entry.hdr?.byteLength ?? 0);
  values.push(
    entry.key, lid, at, entry.ttl > 0 ? at + entry.ttl : null, entry.enc, entry.body, entry.hdr, entry.tx, entry.alias, entry.onlyGroup, entry.origin, queue.bytes - queue.storedBytes);
}

/** By partition, or by priority where there is none. */
type Lanes = ReadonlyMap<string | number, Lane>;

function laneOf(lanes: Lanes, { partition, priority }: Entry): Lane {
  const lane = lanes.get(partition ?? priority);
  if (lane === undefined) throw new Error("every entry has a lane");
  return lane;
}

function enterLanes(tx: WriteTx, queue: LiveQueue, entries: readonly Entry[], at: Instant): Lanes {
  const counts = new Map<string | number, { entry: Entry; n: number }>();
  for (const entry of entries) {
    const known = counts.get(entry.partition ?? entry.priority);
    if (known === undefined) counts.set(entry.partition ?? entry.priority, { entry, n: 1 });
    else known.n += 1;
  }
  const lanes = new Map<string | number, Lane>();
  for (const [key, { entry, n }] of counts) lanes.set(key, enterLane(tx, queue, entry, n, at));
  return lanes;
}

function enterLane(tx: WriteTx, queue: LiveQueue, { partition, priority }: Entry, n: number, at: Instant): Lane {
  const wakeAt = at + Math.max(queue.options.delayedProcessing, queue.options.windowBuffer);
  if (partition === null && queue.options.windowBuffer === 0) {
    // Nobody asks how many messages have no partition, so that lane's row is left alone: a page less to write.
    const known = tx.get<{ lid: number }>(UNKEYED_LANE, queue.qid, priority);
    if (known !== undefined) {
      tx.run(WAKE_UNKEYED, wakeAt, known.lid);
      return { lid: known.lid, partition, priority };
    }
  }
  const row = tx.get<{ lid: number; pushed: number }>(ENTER_LANE, queue.qid, partition, priority, n, at);
  if (row === undefined) throw new Error("RETURNING gives a row");
  queue.prios |= 1 << priority;
  const lane = { lid: row.lid, partition, priority };
  if (row.pushed === n) giveCursors(tx, queue, { lid: row.lid, prio: priority });
  else tx.run(partition === null ? WAKE_UNKEYED : WAKE_KEYED, wakeAt, row.lid);
  return lane;
}

/** The other groups need never be given a message that was redriven to one alone. */
function passOthers(tx: WriteTx, queue: LiveQueue, lane: Lane, onlyGroup: string): void {
  for (const group of tx.live.groupsOf(queue)) {
    if (group.name === onlyGroup) continue;
    group.passed += 1;
    if (lane.partition !== null) tx.run("UPDATE cursor SET passed = passed + 1 WHERE lane = ? AND gid = ?", lane.lid, group.gid);
  }
}
