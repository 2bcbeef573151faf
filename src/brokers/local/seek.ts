import type { GroupStart } from "../../core/index.ts";
import { invalidInput, minuteOf } from "../../core/index.ts";
import { forgetAcks } from "./group-row.ts";
import { makeGroup, openGroup } from "./groups.ts";
import { keepTally } from "./live.ts";
import type { LiveGroup, LiveQueue } from "./live.ts";
import { heldByLeases } from "./counts.ts";
import { bringInDue } from "./scheduled.ts";
import type { WriteTx } from "./tx.ts";

/**
 * The name gets a new group id, so every cursor, lease and retry of before is forgotten at once, over
 * any number of partitions. Its history goes on.
 */
export function seek(tx: WriteTx, queue: LiveQueue, name: string, to: GroupStart): void {
  // First: what was due before the seek entered before it.
  if (queue.scheduled > 0) bringInDue(tx, queue);
  const old = tx.live.findGroup(queue, name);
  if (old === undefined) {
    makeGroup(tx, queue, name, to);
    return;
  }
  const minute = minuteOf(tx.now);
  if (old.minute > 0 && old.minute < minute) keepTally(tx, old);
  leave(tx, old);
  const { gid } = makeGroup(tx, queue, name, to);
  tx.live.forgetGroup(gid);
  tx.run(
    "UPDATE grp SET paused = ?, held = ?, delivered = ?, completed = ?, failed = ?, expired = ?, dead = ?, dropped = ?, redriven = ?, minute = ?, history = ? WHERE gid = ?",
    old.paused, old.held, old.delivered + heldByLeases(tx, old.gid).all, old.completed, old.failed, old.expired, old.dead, old.dropped, old.redriven, minute, old.history ?? old.gid, gid,
  );
}

export function deleteGroup(tx: WriteTx, queue: LiveQueue, name: string): void {
  leave(tx, existing(tx, queue, name));
}

/** Housekeeping removes what is left of it. */
function leave(tx: WriteTx, group: LiveGroup): void {
  tx.run("DELETE FROM grp WHERE gid = ?", group.gid);
  tx.run("INSERT INTO gone (gid) VALUES (?)", group.gid);
  forgetAcks(tx, group.gid);
  tx.live.forgetGroup(group.gid);
}

/** A group can be paused before its first pop: it is made then, at the oldest. */
export function pauseGroup(tx: WriteTx, queue: LiveQueue, name: string): void {
  tx.run("UPDATE grp SET paused = 1 WHERE gid = ?", openGroup(tx, queue, name, "all").gid);
}

export function resumeGroup(tx: WriteTx, queue: LiveQueue, name: string): void {
  tx.run("UPDATE grp SET paused = 0 WHERE gid = ?", existing(tx, queue, name).gid);
}

/** Before its first pop too, so that the first message can be held. */
export function hold(tx: WriteTx, queue: LiveQueue, name: string): void {
  openGroup(tx, queue, name, "all").held = 0;
}

export function step(tx: WriteTx, queue: LiveQueue, name: string, count: number): void {
  if (!Number.isSafeInteger(count) || count < 1) throw invalidInput("count", `count must be a whole number of at least 1, but is ${String(count)}.`);
  const group = existing(tx, queue, name);
  if (group.held === null) throw invalidInput("group", `The group ${name} of ${queue.name} isn't held, so it delivers anyway. Hold it first.`);
  group.held += count;
}

export function letGo(tx: WriteTx, queue: LiveQueue, name: string): void {
  existing(tx, queue, name).held = null;
}

function existing(tx: WriteTx, queue: LiveQueue, name: string): LiveGroup {
  const group = tx.live.findGroup(queue, name);
  if (group === undefined) throw invalidInput("group", `The queue ${queue.name} has no group ${JSON.stringify(name)}. A group exists from its first pop or seek.`);
  return group;
}
