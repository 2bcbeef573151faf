import { seekPreviewOf } from "../../core/index.ts";
import type { GroupStart, SeekPreview } from "../../core/index.ts";
import { groupCounts } from "./counts.ts";
import { onlyForOthers, startId } from "./entry-time.ts";
import { messageKey, messageRange } from "./ids.ts";
import type { QueueRow } from "./queue-row.ts";
import { GroupView } from "./state.ts";
import type { Placed } from "./state.ts";
import type { ReadTx } from "./tx.ts";

/** Messages that one call counts, or looks at, before it answers an estimate. */
const COUNTED = 20_000;
const LOOKED_AT = 2_000;
/** With more partitions than this, where the group stands in each isn't looked up. */
const LANES = 1_000;

/** How many, and whether that is exact. */
interface Count {
  readonly n: number;
  readonly exact: boolean;
}

/** Where a group's work lies: everything up to `floor` is settled, everything beyond `top` was never touched. */
interface Extent {
  readonly floor: number;
  readonly top: number;
}

/** From counters and positions; messages are looked at only where the group's work lies on both sides of the new start. */
export function seekPreview(tx: ReadTx, queue: QueueRow, group: string, to: GroupStart): SeekPreview {
  const start = startId(tx, queue, to);
  const view = new GroupView(tx, queue.qid, group);
  const behind = countBehind(tx, queue, start);
  // What is due is brought in before a seek.
  const due = to === "new" || (typeof to === "number" && to > tx.now) ? 0 : dueNow(tx, queue.qid);
  const messages = Math.max(0, behind.n + due - onlyForOthers(tx, queue.qid, group, start));
  const { lag } = groupCounts(tx, queue, group);
  const passed = passedOver(tx, queue, view, start, { messages, lag });
  const unseen = neverSeen(tx, queue, view, start);
  return seekPreviewOf({ messages, lag, passed: passed.n, unseen: unseen.n, exact: behind.exact && passed.exact && unseen.exact });
}

/** Of those that the group hasn't settled, how many are before the new start. */
function passedOver(tx: ReadTx, queue: QueueRow, view: GroupView, start: number, { messages, lag }: { readonly messages: number; readonly lag: number }): Count {
  const { first } = messageRange(queue.qid);
  if (start <= first || lag === 0) return { n: 0, exact: true };
  if (messages === 0) return { n: lag, exact: true };
  const { floor, top } = extentOf(tx, queue, view);
  if (start <= floor) return { n: 0, exact: true };
  if (start >= top) return { n: Math.max(0, lag - messages), exact: true };
  const before = unsettled(tx, view, floor, start);
  if (before !== null) return { n: before, exact: true };
  const behind = unsettled(tx, view, start, messageRange(queue.qid).last);
  if (behind !== null) return { n: Math.max(0, lag - behind - dueNow(tx, queue.qid)), exact: true };
  // As if it had settled them in order.
  return { n: Math.max(0, lag - messages), exact: false };
}

/** Messages that a group which was never moved skipped at its start, and would get now. */
function neverSeen(tx: ReadTx, queue: QueueRow, { row }: GroupView, start: number): Count {
  if (row === undefined || row.history !== null || row.start_id <= start) return { n: 0, exact: true };
  const [all, rest] = [countBehind(tx, queue, start), countBehind(tx, queue, row.start_id)];
  return { n: Math.max(0, all.n - rest.n), exact: all.exact && rest.exact };
}

const LANES_OF_GROUP = `SELECT l.lid AS lid, c.pos AS pos, c.done AS done FROM lane AS l INDEXED BY lane_queue LEFT JOIN cursor AS c ON c.lane = l.lid AND c.gid = ? WHERE l.qid = ?`;

function extentOf(tx: ReadTx, queue: QueueRow, { row }: GroupView): Extent {
  const { first, last } = messageRange(queue.qid);
  if (row === undefined) return { floor: first, top: first };
  if (queue.partitions > LANES) return { floor: row.start_id, top: last };
  let [floor, top] = [last, row.start_id];
  for (const { lid, pos, done } of tx.all<{ lid: number; pos: number | null; done: string | null }>(LANES_OF_GROUP, row.gid, queue.qid)) {
    const at = pos ?? row.start_id;
    const next = tx.get<{ id: number }>("SELECT id FROM msg INDEXED BY msg_lane WHERE lane = ? AND id > ? ORDER BY id LIMIT 1", lid, at)?.id;
    floor = Math.min(floor, (next ?? Infinity) - 1);
    top = Math.max(top, at, ...(done === null ? [] : (JSON.parse(done) as number[])));
  }
  const history = [tx.get<{ id: number }>("SELECT id FROM exc WHERE gid = ? ORDER BY id LIMIT 1", row.gid), tx.get<{ id: number }>("SELECT id FROM exc WHERE gid = ? ORDER BY id DESC LIMIT 1", row.gid)];
  const leased = tx.get<{ first: number | null; last: number | null }>("SELECT min(first) AS first, max(last) AS last FROM lease WHERE gid = ? AND last > first", row.gid);
  return {
    floor: Math.min(floor, (history[0]?.id ?? Infinity) - 1, leased?.first ?? Infinity),
    top: Math.max(top, history[1]?.id ?? 0, leased?.last ?? 0),
  };
}

/** In (after, end]; `null` when there are more than one call looks at. */
function unsettled(tx: ReadTx, view: GroupView, after: number, end: number): number | null {
  const rows = tx.all<Placed>(`SELECT m.id, m.alias, m.lane, l.name, m.only_group FROM msg AS m CROSS JOIN lane AS l ON l.lid = m.lane WHERE m.id > ? AND m.id <= ? ORDER BY m.id LIMIT ${LOOKED_AT + 1}`, after, end);
  if (rows.length > LOOKED_AT) return null;
  return rows.filter((row) => ["ready", "leased", "retrying"].includes(view.of(row).state)).length;
}

/** Messages of the log behind a place. */
function countBehind(tx: ReadTx, queue: QueueRow, place: number): Count {
  const { first, last } = messageRange(queue.qid);
  const all = queue.pushed - queue.removed;
  if (place <= first) return { n: all, exact: true };
  const newest = messageKey(queue.qid, queue.seq);
  if (place >= newest) return { n: 0, exact: true };
  const oldest = tx.get<{ id: number }>("SELECT id FROM msg WHERE id > ? AND id <= ? ORDER BY id LIMIT 1", first, last)?.id;
  if (oldest === undefined || place < oldest) return { n: all, exact: true };
  // Where no id is missing in between, they needn't be counted.
  if (newest - oldest + 1 === all) return { n: newest - place, exact: true };
  const after = counted(tx, place, last);
  if (after !== null) return { n: after, exact: true };
  const before = counted(tx, first, place);
  if (before !== null) return { n: all - before, exact: true };
  return { n: Math.round((all * (newest - place)) / (newest - oldest + 1)), exact: false };
}

function counted(tx: ReadTx, after: number, end: number): number | null {
  const n = tx.get<{ n: number }>(`SELECT count(*) AS n FROM (SELECT 1 FROM msg WHERE id > ? AND id <= ? LIMIT ${COUNTED + 1})`, after, end)?.n ?? 0;
  return n > COUNTED ? null : n;
}

function dueNow(tx: ReadTx, qid: number): number {
  return tx.get<{ n: number }>("SELECT count(*) AS n FROM sched INDEXED BY sched_due WHERE qid = ? AND due <= ?", qid, tx.now)?.n ?? 0;
}
