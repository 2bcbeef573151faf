import { QueuescopeError } from "../../core/index.ts";
import type { Work } from "./context.ts";
import { messageRange } from "./ids.ts";
import type { LiveGroup, LiveQueue } from "./live.ts";
import { removeMessages } from "./remove.ts";
import { completedBy, isLeased, placed } from "./standing.ts";
import type { WriteTx } from "./tx.ts";

/** @throws queue-full when `entering` more messages would make it too many. Scheduled ones are counted already. */
export function checkRoom(tx: WriteTx, queue: LiveQueue, entering: number): void {
  const { maxSize } = queue.options;
  if (!exceeds(tx, queue, maxSize - entering)) return;
  throw new QueuescopeError("queue-full", `The queue ${queue.name} is full: it may hold ${maxSize} unfinished messages (maxSize). Nothing of this push was stored; consume some, raise maxSize, or set overflow to drop-oldest.`, { queue: queue.name });
}

/** Drops the oldest messages that entered before `before` and that nobody leases, until the queue holds as many as it may. @throws queue-full */
export function dropOldest(work: Work, queue: LiveQueue, before = messageRange(queue.qid).last): void {
  const { tx } = work;
  const { maxSize } = queue.options;
  if (!exceeds(tx, queue, maxSize)) return;
  let over = unfinished(tx, queue) - maxSize;
  const groups = tx.live.groupsOf(queue);
  let after = messageRange(queue.qid).first;
  while (over > 0) {
    const rows = tx.all<{ id: number }>("SELECT id FROM msg WHERE id > ? AND id < ? ORDER BY id LIMIT 200", after, before);
    const last = rows.at(-1);
    if (last === undefined) throw new QueuescopeError("queue-full", `The queue ${queue.name} is full: it may hold ${maxSize} unfinished messages (maxSize), and not enough of those in it can be dropped: they are leased or scheduled, or the push alone is larger. Nothing of this push was stored.`, { queue: queue.name });
    const droppable = rows.filter(({ id }) => canDrop(tx, groups, id)).slice(0, over);
    removeMessages(work, queue, droppable.map(({ id }) => id), { event: "dropped", reason: "The queue was full (overflow: drop-oldest)." });
    over -= droppable.length;
    after = last.id;
  }
}

function canDrop(tx: WriteTx, groups: readonly LiveGroup[], id: number): boolean {
  const message = placed(tx, id);
  if (message === undefined || groups.some((group) => isLeased(tx, group, message))) return false;
  return groups.length === 0 || !groups.every((group) => completedBy(tx, group, message));
}

/** Whether more than `limit` messages are unfinished, from the totals where they decide it. */
function exceeds(tx: WriteTx, queue: LiveQueue, limit: number): boolean {
  const groups = tx.live.groupsOf(queue);
  const log = queue.pushed - queue.removed;
  const lags = groups.map((group) => log - group.passed);
  if (queue.scheduled + (groups.length === 0 ? log : Math.max(...lags)) > limit) return true;
  if (queue.scheduled + Math.min(log, lags.reduce((sum, lag) => sum + lag, 0)) <= limit) return false;
  return unfinished(tx, queue) > limit;
}

/** Messages that some group hasn't completed, and scheduled ones. */
export function unfinished(tx: WriteTx, queue: LiveQueue): number {
  const groups = tx.live.groupsOf(queue);
  const log = queue.pushed - queue.removed;
  const [only] = groups;
  if (only === undefined) return queue.scheduled + log;
  if (groups.length === 1) return queue.scheduled + log - only.passed;
  const { first, last } = messageRange(queue.qid);
  const all = tx.all<{ id: number }>("SELECT id FROM msg WHERE id > ? AND id <= ? ORDER BY id", first, last);
  return queue.scheduled + all.filter(({ id }) => {
    const message = placed(tx, id);
    return message !== undefined && !groups.every((group) => completedBy(tx, group, message));
  }).length;
}
