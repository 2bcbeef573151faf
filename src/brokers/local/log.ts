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

const PLAIN = ["id", "lane", "ts", "enc", "body", "since"];
const FULL = [...PLAIN, "exp", "hdr", "tx", "alias", "only_group", "origin"];
/** Rows of one statement, the most first. What is bound is half of what an insert costs, so most messages name six columns only. */
const CHUNKS = [50, 10, 1].map((rows) => ({ rows, full: insertOf(FULL, rows), plain: insertOf(PLAIN, rows) }));
const FIND_LANE = "SELECT lid FROM lane INDEXED BY lane_name WHERE qid = ? AND ifnull(name, '') = ? AND prio = ?";
const ENTER_LANE = "UPDATE lane SET pushed = pushed + ?, last_at = ? WHERE lid = ?";
const MAKE_LANE = "INSERT INTO lane (qid, name, prio, pushed, last_at) VALUES (?, ?, ?, ?, ?)";
// A partition's head decides when it is looked at, unless nothing waits; without a key whatever comes first does.
const WAKE_KEYED = "UPDATE cursor SET ready_at = ?1 WHERE lane = ?2 AND ready_at IS NULL";
const WAKE_UNKEYED = "UPDATE cursor SET ready_at = ?1 WHERE lane = ?2 AND (ready_at IS NULL OR ready_at > ?1)";

/** Writes messages to the tail of a queue's log, in their order, and wakes the groups that wait for them. */
export function append(tx: WriteTx, queue: LiveQueue, entries: readonly Entry[], at: Instant): void {
  if (entries.length === 0) return;
  const lanes = enterLanes(tx, queue, entries, at);
  let from = 0;
  for (const { rows, full, plain } of CHUNKS) {
    for (; entries.length - from >= rows; from += rows) {
      const chunk = entries.slice(from, from + rows);
      const values: Value[] = [];
      if (chunk.every(isPlain)) {
        for (const entry of chunk) addPlain(values, queue, entry, laneOf(lanes, entry), at);
        tx.run(plain, ...values);
      } else {
        for (const entry of chunk) addFull(values, queue, entry, laneOf(lanes, entry), at);
        tx.run(full, ...values);
      }
    }
  }
  for (const entry of entries) if (entry.onlyGroup !== null) passOthers(tx, queue, laneOf(lanes, entry), entry.onlyGroup);
  queue.pushed += entries.length;
  queue.last_ts = at;
}

function insertOf(columns: readonly string[], rows: number): string {
  const row = `(${columns.map(() => "?").join(", ")})`;
  return `INSERT INTO msg (${columns.join(", ")}) VALUES ${Array<string>(rows).fill(row).join(", ")}`;
}

function isPlain({ ttl, hdr, tx, alias, onlyGroup, origin }: Entry): boolean {
  return ttl === 0 && hdr === null && tx === null && alias === null && onlyGroup === null && origin === null;
}

function addPlain(values: Value[], queue: LiveQueue, { key, enc, body, hdr }: Entry, { lid }: Lane, at: Instant): void {
  queue.bytes += body.byteLength + (hdr?.byteLength ?? 0);
  values.push(key, lid, at, enc, body, queue.bytes - queue.storedBytes);
}

function addFull(values: Value[], queue: LiveQueue, entry: Entry, lane: Lane, at: Instant): void {
  addPlain(values, queue, entry, lane, at);
  values.push(entry.ttl > 0 ? at + entry.ttl : null, entry.hdr, entry.tx, entry.alias, entry.onlyGroup, entry.origin);
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
  const [known] = tx.lists<readonly [lid: number]>(FIND_LANE, queue.qid, partition ?? "", priority);
  if (known === undefined) return makeLane(tx, queue, { partition, priority }, n, at);
  const [lid] = known;
  // Nobody asks how many messages have no partition, so that lane's row is left alone: a page less to write.
  if (partition !== null || queue.options.windowBuffer > 0) tx.run(ENTER_LANE, n, at, lid);
  const wakeAt = at + Math.max(queue.options.delayedProcessing, queue.options.windowBuffer);
  tx.run(partition === null ? WAKE_UNKEYED : WAKE_KEYED, wakeAt, lid);
  return { lid, partition, priority };
}

function makeLane(tx: WriteTx, queue: LiveQueue, { partition, priority }: Pick<Lane, "partition" | "priority">, n: number, at: Instant): Lane {
  const lid = tx.insert(MAKE_LANE, queue.qid, partition, priority, n, at);
  queue.prios |= 1 << priority;
  giveCursors(tx, queue, { lid, prio: priority });
  return { lid, partition, priority };
}

/** The other groups need never be given a message that was redriven to one alone. */
function passOthers(tx: WriteTx, queue: LiveQueue, lane: Lane, onlyGroup: string): void {
  for (const group of tx.live.groupsOf(queue)) {
    if (group.name === onlyGroup) continue;
    group.passed += 1;
    if (lane.partition !== null) tx.run("UPDATE cursor SET passed = passed + 1 WHERE lane = ? AND gid = ?", lane.lid, group.gid);
  }
}
