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
  // Everything behind the group that is least far counts, but for the few that all have settled out of order or were
  // never to get; before it, what a group without order has in leases or is to get again.
  const { first, last } = messageRange(queue.qid);
  const behind = tx.get<{ n: number | null }>(BEHIND, queue.qid)?.n ?? 0;
  const least = new Map(tx.all<{ lane: number; pos: number }>(LEAST, queue.qid).map(({ lane, pos }) => [lane, pos]));
  let odd = 0;
  for (const { id } of tx.all<{ id: number }>(ODD, queue.qid, first, last)) {
    const message = placed(tx, id);
    if (message === undefined) continue;
    const counted = id > (least.get(message.lane) ?? 0);
    const open = !groups.every((group) => completedBy(tx, group, message));
    odd += Number(open) - Number(counted);
  }
  return queue.scheduled + behind + odd;
}

/** How far all groups of the queue have come in each lane. */
const LEAST = `SELECT l.lid AS lane, min(ifnull(c.pos, g.start_id)) AS pos
  FROM lane AS l INDEXED BY lane_queue CROSS JOIN grp AS g LEFT JOIN cursor AS c ON c.lane = l.lid AND c.gid = g.gid WHERE l.qid = ?1 AND g.qid = ?1 GROUP BY l.lid`;
const BEHIND = `SELECT sum((SELECT count(*) FROM msg INDEXED BY msg_lane WHERE msg.lane = least.lane AND msg.id > least.pos)) AS n FROM (${LEAST}) AS least`;
/** Messages whose standing their lane's positions don't tell. */
const ODD = `SELECT e.id FROM exc AS e WHERE e.gid IN (SELECT gid FROM grp WHERE qid = ?1)
  UNION SELECT m.id FROM lease AS s CROSS JOIN msg AS m INDEXED BY msg_lane ON m.lane = s.lane AND m.id > s.first AND m.id <= s.last WHERE s.gid IN (SELECT gid FROM grp WHERE qid = ?1)
  UNION SELECT j.value FROM cursor AS c, json_each(c.done) AS j WHERE c.done IS NOT NULL AND c.gid IN (SELECT gid FROM grp WHERE qid = ?1)
  UNION SELECT m.id FROM msg AS m INDEXED BY msg_only WHERE m.only_group IS NOT NULL AND m.id > ?2 AND m.id <= ?3`;
