import type { Wanted as Checked, Delivery } from "../../core/index.ts";
import type { Work } from "./context.ts";
import { readyBy } from "./entry-time.ts";
import { makeCursor, makeCursors, openGroup } from "./groups.ts";
import { endRunOut } from "./leases.ts";
import type { LiveGroup, LiveQueue } from "./live.ts";
import { bringInDue } from "./scheduled.ts";
import { endSpent } from "./settle.ts";
import type { SpentLease } from "./settle.ts";
import { CURSOR_COLUMNS, laneCursor } from "./take-rows.ts";
import type { CursorColumns, LaneCursor } from "./take-rows.ts";
import { Taking } from "./take.ts";

/** `message`: the number of its id, as people know it. */
export type Wanted = Checked<number>;

/** While other lanes are ready, partitions whose lease ran out are looked for as often. */
const LOOK_AFTER = 20;

/** Lanes that one pop looks at: enough for sparse partitions, few enough for a short transaction. */
const LANES = 1_000;

const READY_LANES = `SELECT ${CURSOR_COLUMNS} FROM cursor AS c INDEXED BY cursor_ready CROSS JOIN lane AS l ON l.lid = c.lane WHERE c.gid = ? AND c.prio = ? AND c.ready_at <= ? AND c.lease IS NULL ORDER BY c.ready_at LIMIT ? + 0`;
const ONE_LANE = `SELECT ${CURSOR_COLUMNS} FROM cursor AS c CROSS JOIN lane AS l ON l.lid = c.lane WHERE c.lane = ? AND c.gid = ?`;

/** @param spent leases that are settled whole: where it can, it goes on in their lanes; it ends those that it doesn't leave to its caller */
export function popFrom(work: Work, queue: LiveQueue, wanted: Wanted, spent: SpentLease[] = []): Delivery[] {
  const { tx } = work;
  // First: a group that starts at new begins behind what was due before.
  if (queue.scheduled > 0) bringInDue(tx, queue);
  const group = openGroup(tx, queue, wanted.group, wanted.start);
  if (queue.paused !== 0 || group.paused !== 0) return [];
  makeCursors(tx, queue, group);
  const room = Math.min(wanted.batch, group.held ?? Infinity);
  if (room <= 0) return [];
  const taking = new Taking(work, queue, group, wanted, room);
  goOn(work, taking, wanted, spent);
  if (wanted.message !== null) taking.takeMessage(wanted.message, (lane) => cursorOf(work, queue, group, lane));
  else if (wanted.partition !== null) takePartition(work, queue, group, taking, wanted.partition);
  else if (!taking.full) takeReady(work, queue, group, taking);
  const { deliveries } = taking;
  if (group.held !== null) group.held -= deliveries.length;
  return deliveries;
}

function goOn(work: Work, taking: Taking, wanted: Wanted, spent: SpentLease[]): void {
  const anywhere = wanted.message === null && wanted.partition === null && !wanted.onlyNew && !wanted.atMostOnce;
  for (const lease of spent.splice(0)) if (!anywhere || taking.full || !taking.goOn(lease)) endSpent(work, lease);
}

/** Lanes that wait longest first, within the highest priority. */
function takeReady(work: Work, queue: LiveQueue, group: LiveGroup, taking: Taking): void {
  const looked = endRunOut(work, { queue, group }, LOOK_AFTER);
  takeLanes(work, queue, group, taking);
  // Nothing else is ready: a lease may have run out since the last look.
  if (!looked && taking.deliveries.length === 0 && endRunOut(work, { queue, group }, 0)) takeLanes(work, queue, group, taking);
}

function takeLanes(work: Work, queue: LiveQueue, group: LiveGroup, taking: Taking): void {
  const seen = new Set<number>();
  for (let prio = 9; prio >= 0; prio--) {
    if ((queue.prios & (1 << prio)) === 0) continue;
    while (!taking.full && seen.size < LANES) {
      const lanes = work.tx.lists<CursorColumns>(READY_LANES, group.gid, prio, readyBy(work.tx, queue), Math.min(taking.room, LANES) + seen.size).map(laneCursor).filter(({ lane }) => !seen.has(lane));
      if (lanes.length === 0) break;
      for (const lane of lanes) {
        seen.add(lane.lane);
        if (taking.room > 0) taking.takeLane(lane);
      }
    }
  }
}

function takePartition(work: Work, queue: LiveQueue, group: LiveGroup, taking: Taking, partition: string): void {
  const lane = work.tx.get<{ lid: number }>("SELECT lid FROM lane WHERE qid = ? AND ifnull(name, '') = ? AND prio = 0", queue.qid, partition);
  const cursor = lane === undefined ? undefined : cursorOf(work, queue, group, lane.lid);
  if (cursor !== undefined && cursor.ready_at !== null && cursor.ready_at <= readyBy(work.tx, queue)) taking.takeLane(cursor);
}

/** Of a young group too, which hasn't come to this lane yet. */
function cursorOf(work: Work, queue: LiveQueue, group: LiveGroup, lane: number): LaneCursor | undefined {
  const known = work.tx.get<LaneCursor>(ONE_LANE, lane, group.gid);
  if (known !== undefined || lane <= group.made_to) return known;
  makeCursor(work.tx, queue, group, lane);
  return work.tx.get<LaneCursor>(ONE_LANE, lane, group.gid);
}
