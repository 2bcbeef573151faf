import type { PurgeFilter } from "../../core/index.ts";
import { findMatches } from "./browse.ts";
import type { Match } from "./browse.ts";
import { change } from "./context.ts";
import type { Local, Work } from "./context.ts";
import { parseMessageId, queueOf } from "./ids.ts";
import type { LiveQueue } from "./live.ts";
import { messageByKey, scheduledByKey } from "./lookup.ts";
import { limitOf } from "../../core/index.ts";
import { forgetTimeline, removeMessages } from "./remove.ts";
import { isLeased, placed } from "./standing.ts";

/** Removals a transaction: some 10 ms. */
const AT_ONCE = 100;
/** Steps of a call that finds little: then it answers where to go on. */
const STEPS = 100;
const REMOVED = { event: "removed", reason: "Removed by hand." } as const;
const PURGED = { event: "removed", reason: "Purged by hand." } as const;

export async function remove(local: Local, ids: readonly string[]): Promise<{ id: string; removed: boolean }[]> {
  const results: { id: string; removed: boolean }[] = [];
  for (let i = 0; i < ids.length; i += AT_ONCE) {
    results.push(...(await change(local, (work) => ids.slice(i, i + AT_ONCE).map((id) => ({ id, removed: removeOne(work, id) })))));
  }
  return results;
}

function removeOne(work: Work, id: string): boolean {
  const key = parseMessageId(id);
  const queue = key === null ? undefined : work.tx.live.queueById(queueOf(key));
  if (key === null || queue === undefined) return false;
  const message = messageByKey(work.tx, key);
  if (message !== undefined) return removeMessages(work, queue, [message.id], REMOVED) > 0;
  return removeScheduled(work, queue, key);
}

/** Only what hasn't come due. Its transaction id is free again, since nothing was ever done with it. */
export async function cancel(local: Local, ids: readonly string[]): Promise<{ id: string; cancelled: boolean }[]> {
  const results: { id: string; cancelled: boolean }[] = [];
  for (let i = 0; i < ids.length; i += AT_ONCE) {
    results.push(...(await change(local, (work) => ids.slice(i, i + AT_ONCE).map((id) => ({ id, cancelled: cancelOne(work, id) })))));
  }
  return results;
}

function cancelOne(work: Work, id: string): boolean {
  const key = parseMessageId(id);
  const queue = key === null ? undefined : work.tx.live.queueById(queueOf(key));
  return key !== null && queue !== undefined && removeScheduled(work, queue, key);
}

function removeScheduled({ tx }: Work, queue: LiveQueue, key: number): boolean {
  const row = scheduledByKey(tx, key);
  if (row === undefined) return false;
  tx.run("DELETE FROM sched WHERE id = ?", key);
  if (row.tx !== null) tx.run("DELETE FROM dedup WHERE qid = ? AND part = ? AND tx = ? AND id = ?", queue.qid, row.name ?? "", row.tx, key);
  forgetTimeline(tx, key);
  queue.scheduled -= 1;
  queue.bytes -= row.body.byteLength + (row.hdr?.byteLength ?? 0);
  return true;
}

/** In short transactions; each finds and removes in one, so nobody can be given a message in between. */
export async function purge(local: Local, name: string, filter: PurgeFilter & { readonly limit?: number }): Promise<{ removed: number; more: boolean; next: string | null }> {
  const limit = limitOf(filter.limit, 1_000, 10_000);
  let removed = 0;
  let after: string | null = filter.after ?? null;
  for (let steps = 0; steps < STEPS && removed < limit; steps++) {
    const request = after === null ? filter : { ...filter, after };
    const step = await change(local, (work) => purgeStep(work, work.tx.live.queue(name), request, Math.min(AT_ONCE, limit - removed)));
    removed += step.removed;
    after = step.next;
    if (after === null) break;
  }
  return { removed, more: after !== null, next: after };
}

function purgeStep(work: Work, queue: LiveQueue, filter: PurgeFilter, limit: number): { removed: number; next: string | null } {
  const { items, next } = findMatches(work.tx, queue, filter, work.crypt.unseal, limit);
  return { removed: removeMatches(work, queue, items, filter.state === "leased"), next };
}

function removeMatches(work: Work, queue: LiveQueue, matches: readonly Match[], leasedToo: boolean): number {
  const inLog = matches.filter(({ scheduled, id }) => !scheduled && (leasedToo || !leasedBySomebody(work, queue, id))).map(({ id }) => id);
  const waiting = matches.filter(({ scheduled, id }) => scheduled && removeScheduled(work, queue, id));
  return removeMessages(work, queue, inLog, PURGED) + waiting.length;
}

function leasedBySomebody({ tx }: Work, queue: LiveQueue, id: number): boolean {
  const message = placed(tx, id);
  return message !== undefined && tx.live.groupsOf(queue).some((group) => isLeased(tx, group, message));
}
