import type { DeadLetterFilter } from "../../core/index.ts";
import { change } from "./context.ts";
import type { Local, Work } from "./context.ts";
import { matchingDead } from "./dead-letters.ts";
import { messageId } from "./ids.ts";
import { messageExists } from "./lookup.ts";
import { limitOf } from "../../core/index.ts";
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
  const { dids, next } = matchingDead(work.tx, work.tx.live.queue(name), filter, work.crypt.unseal, after, limit);
  for (const did of dids) discardOne(work, did);
  return { discarded: dids.length, next };
}

function discardOne({ tx }: Work, did: number): void {
  const row = tx.get<{ id: number }>("SELECT id FROM dead WHERE did = ?", did);
  if (row === undefined) return;
  tx.run("DELETE FROM dead WHERE did = ?", did);
  tx.run("DELETE FROM redrive WHERE did = ?", did);
  const other = tx.get("SELECT 1 AS one FROM dead WHERE id = ? LIMIT 1", row.id);
  if (other === undefined && !messageExists(tx, messageId(row.id))) forgetTimeline(tx, row.id);
}
