import type { DeadLetterFilter } from "../../core/index.ts";
import { change } from "./context.ts";
import type { Local, Work } from "./context.ts";
import { matchingDead } from "./dead-letters.ts";
import { discardsOf } from "./history.ts";
import { messageId } from "./ids.ts";
import { STORE_TALLY } from "./live.ts";
import type { LiveQueue } from "./live.ts";
import { messageExists } from "./lookup.ts";
import { limitOf, minuteOf } from "../../core/index.ts";
import { forgetTimeline } from "./remove.ts";

/** Dead letters a transaction. */
const AT_ONCE = 100;

export async function discard(local: Local, queue: string, filter: DeadLetterFilter & { readonly limit?: number }): Promise<{ discarded: number; more: boolean }> {
  const limit = limitOf(filter.limit, 1_000, 10_000);
  let discarded = 0;
  let after: number | null = 0;
  while (after !== null && discarded < limit) {
    const from: number = after;
    const step = await change(local, (work) => discardStep(work, queue, filter, from, Math.min(AT_ONCE, limit - discarded)));
    discarded += step.discarded;
    after = step.next;
  }
  return { discarded, more: after !== null };
}

function discardStep(work: Work, name: string, filter: DeadLetterFilter, after: number, limit: number): { discarded: number; next: number | null } {
  const queue = work.tx.live.queue(name);
  const { dids, next } = matchingDead(work.tx, queue, filter, work.crypt.unseal, after, limit);
  const groups = dids.flatMap((did) => discardOne(work, did));
  for (const [group, those] of Map.groupBy(groups, (one) => one)) countDiscarded(work, queue, group, those.length);
  return { discarded: dids.length, next };
}

/** For charts, which go back from how many dead letters there are. */
function countDiscarded({ tx }: Work, queue: LiveQueue, name: string, n: number): void {
  const group = tx.live.findGroup(queue, name);
  if (group === undefined) return;
  const before = tx.get<{ counters: string }>("SELECT counters FROM tally WHERE qid = ? AND gid = ? ORDER BY minute DESC LIMIT 1", queue.qid, discardsOf(group));
  const { discarded = 0 } = before === undefined ? {} : (JSON.parse(before.counters) as { discarded?: number });
  tx.run(STORE_TALLY, queue.qid, discardsOf(group), minuteOf(tx.now), JSON.stringify({ discarded: discarded + n }));
}

/** Answers the group that it had died in, if it was there. */
function discardOne({ tx }: Work, did: number): string[] {
  const row = tx.get<{ id: number; grp: string }>("SELECT id, grp FROM dead WHERE did = ?", did);
  if (row === undefined) return [];
  tx.run("DELETE FROM dead WHERE did = ?", did);
  tx.run("DELETE FROM redrive WHERE did = ?", did);
  const other = tx.get("SELECT 1 AS one FROM dead WHERE id = ? LIMIT 1", row.id);
  if (other === undefined && !messageExists(tx, messageId(row.id))) forgetTimeline(tx, row.id);
  return [row.grp];
}
