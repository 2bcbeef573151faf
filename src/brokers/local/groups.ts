import { DEFAULT_GROUP } from "../../core/index.ts";
import type { GroupStart } from "../../core/index.ts";
import { skippedBy, startId } from "./entry-time.ts";
import { storedStart } from "./group-row.ts";
import { messageRange } from "./ids.ts";
import type { LiveGroup, LiveQueue } from "./live.ts";
import type { WriteTx } from "./tx.ts";

/** Lanes that a pop gives cursors to at once: a new group over a million partitions doesn't stop the others. */
const LANES_AT_ONCE = 200;

interface LaneRow {
  readonly lid: number;
  readonly name: string | null;
  readonly prio: number;
  readonly pushed: number;
  readonly removed: number;
}

const LANE = "SELECT lid, name, prio, pushed, removed FROM lane INDEXED BY lane_queue";

/** The group, made at its first use. Where it starts is fixed then; `default` starts at the oldest. */
export function openGroup(tx: WriteTx, queue: LiveQueue, name: string, start: GroupStart): LiveGroup {
  return tx.live.findGroup(queue, name) ?? makeGroup(tx, queue, name, name === DEFAULT_GROUP ? "all" : start);
}

export function makeGroup(tx: WriteTx, queue: LiveQueue, name: string, start: GroupStart): LiveGroup {
  const before = startId(tx, queue, start);
  const gid = tx.insert("INSERT INTO grp (qid, name, start, start_id, passed) VALUES (?, ?, ?, ?, ?)", queue.qid, name, storedStart(start), before, skippedBy(tx, queue, name, before));
  const group = tx.live.groupById(gid);
  if (group === undefined) throw new Error(`the group ${name} was just made`);
  return group;
}

/** Gives cursors to the next lanes of a group that is younger than they are; false when none is left. */
export function makeCursors(tx: WriteTx, queue: LiveQueue, group: LiveGroup): boolean {
  if (tx.live.isComplete(group)) return false;
  const lanes = tx.all<LaneRow>(`${LANE} WHERE qid = ? AND lid > ? ORDER BY lid LIMIT ? + 0`, queue.qid, group.made_to, LANES_AT_ONCE);
  for (const lane of lanes) {
    startCursor(tx, queue, group, lane);
    group.made_to = lane.lid;
  }
  if (lanes.length === 0) tx.live.setComplete(group);
  return lanes.length > 0;
}

/** Before its turn, for a pop that asks for this lane. */
export function makeCursor(tx: WriteTx, queue: LiveQueue, group: LiveGroup, lid: number): void {
  const lane = tx.get<LaneRow>(`${LANE} WHERE qid = ? AND lid = ?`, queue.qid, lid);
  if (lane !== undefined) startCursor(tx, queue, group, lane);
}

/** A lane that was just made: groups that have cursors for all older ones get one for it at once, the others in their turn. */
export function giveCursors(tx: WriteTx, queue: LiveQueue, lane: { readonly lid: number; readonly prio: number }): void {
  const older = tx.get<{ lid: number | null }>("SELECT max(lid) AS lid FROM lane INDEXED BY lane_queue WHERE qid = ? AND lid < ?", queue.qid, lane.lid)?.lid ?? 0;
  for (const group of tx.live.groupsOf(queue)) {
    if (group.made_to < older) continue;
    insertCursor(tx, lane, group, 0, true);
    group.made_to = lane.lid;
  }
}

function startCursor(tx: WriteTx, queue: LiveQueue, group: LiveGroup, lane: LaneRow): void {
  const passed = lane.name === null ? 0 : passedAtStart(tx, queue, lane, group);
  insertCursor(tx, lane, group, passed, lane.name === null || lane.pushed - lane.removed > passed);
}

function insertCursor(tx: WriteTx, lane: { readonly lid: number; readonly prio: number }, group: LiveGroup, passed: number, ready: boolean): void {
  tx.run("INSERT INTO cursor (lane, gid, prio, pos, passed, ready_at) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", lane.lid, group.gid, lane.prio, group.start_id, passed, ready ? tx.now : null);
}

function passedAtStart(tx: WriteTx, queue: LiveQueue, lane: { readonly lid: number }, group: LiveGroup): number {
  const others = tx.get<{ n: number }>(
    "SELECT count(*) AS n FROM msg INDEXED BY msg_only WHERE only_group IS NOT NULL AND only_group <> ? AND id > ? AND id <= ? AND lane = ?", group.name, group.start_id, messageRange(queue.qid).last, lane.lid);
  if (group.start_id === messageRange(queue.qid).first) return others?.n ?? 0;
  const before = tx.get<{ n: number }>("SELECT count(*) AS n FROM msg INDEXED BY msg_lane WHERE lane = ? AND id <= ?", lane.lid, group.start_id);
  return (before?.n ?? 0) + (others?.n ?? 0);
}
