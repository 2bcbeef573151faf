import { DEFAULT_GROUP, limitOf } from "../../../core/index.ts";
import type { PurgeFilter } from "../../../core/index.ts";
import type { Definition } from "../definition.ts";
import type { Engine } from "../engine.ts";
import { findMatches } from "../inspect/browse.ts";
import type { Match } from "../inspect/browse.ts";
import { pipelined, Reading } from "../inspect/reading.ts";
import { removeMessages, removeScheduled } from "./remove.ts";

const AT_ONCE = 500;
/** Steps of a call that finds little: then it answers where to go on. */
const STEPS = 20;
const PURGED = { event: "removed", reason: "Purged by hand." } as const;

/** In steps: each finds, then removes. Who is given a message in between has it taken away: its receipt goes stale. */
export async function purge(engine: Engine, queue: Definition, filter: PurgeFilter & { readonly limit?: number }): Promise<{ removed: number; more: boolean; next: string | null }> {
  const limit = limitOf(filter.limit, 1_000, 10_000);
  let removed = 0;
  let after: string | null = filter.after ?? null;
  for (let steps = 0; steps < STEPS && removed < limit; steps++) {
    const reading = await Reading.open(engine, queue, filter.group ?? DEFAULT_GROUP);
    const { items, next } = await findMatches(reading, after === null ? filter : { ...filter, after }, Math.min(AT_ONCE, limit - removed));
    removed += await removeMatches(engine, queue, items, filter.state === "leased");
    after = next;
    if (after === null) break;
  }
  return { removed, more: after !== null, next: after };
}

async function removeMatches(engine: Engine, queue: Definition, matches: readonly Match[], leasedToo: boolean): Promise<number> {
  const leased = leasedToo ? new Set<number>() : await leasedBySomebody(engine, queue);
  const inLog = matches.flatMap(({ scheduled, message }) => (scheduled || leased.has(message.seq) ? [] : [message]));
  const waiting = await pipelined(matches.filter(({ scheduled }) => scheduled), ({ message }) => removeScheduled(engine, queue, message));
  return (await removeMessages(engine, queue, inLog, PURGED)).length + waiting.filter(Boolean).length;
}

export async function leasedBySomebody(engine: Engine, queue: Definition): Promise<Set<number>> {
  const leased = await Promise.all((await engine.groupNames(queue)).map((group) => engine.session(queue, group).leasedNow(queue)));
  return new Set(leased.flat());
}
