import { DEFAULT_GROUP, limitOf } from "../../../core/index.ts";
import type { PurgeFilter } from "../../../core/index.ts";
import type { Definition } from "../definition.ts";
import type { Engine } from "../engine.ts";
import { messageId } from "../ids.ts";
import { ALL_SCHEDULED, findMatches, readPlace } from "../inspect/browse.ts";
import type { Match } from "../inspect/browse.ts";
import { isExpired, pipelined, Reading } from "../inspect/reading.ts";
import { Subjects } from "../subjects.ts";
import { removeMessages, removeScheduled } from "./remove.ts";

const AT_ONCE = 500;
/** Entries of the log that are read at a time, of whichever kind. */
const ENTRIES = 2_000;
/** Steps of a call that finds little: then it answers where to go on. */
const STEPS = 20;
const PURGED = { event: "removed", reason: "Purged by hand." } as const;

type Request = PurgeFilter & { readonly limit?: number };

interface Purged {
  readonly removed: number;
  readonly more: boolean;
  readonly next: string | null;
}

/** In steps: each finds, then removes. Who is given a message in between has it taken away: its receipt goes stale. */
export async function purge(engine: Engine, queue: Definition, filter: Request): Promise<Purged> {
  const limit = limitOf(filter.limit, 1_000, 10_000);
  const plain = [filter.state, filter.match, filter.from, filter.to].every((one) => one === undefined);
  if (!plain) return purgeMatches(engine, queue, filter, limit);
  const log = await purgeLog(engine, queue, filter, limit);
  if (log.next !== null) return { removed: log.removed, more: true, next: log.next };
  if (log.removed === limit) return { removed: log.removed, more: true, next: ALL_SCHEDULED };
  const { after = ALL_SCHEDULED } = filter;
  const rest = await purgeMatches(engine, queue, { ...filter, after: log.passed ? after : ALL_SCHEDULED }, limit - log.removed);
  return { ...rest, removed: log.removed + rest.removed };
}

async function purgeMatches(engine: Engine, queue: Definition, filter: Request, limit: number): Promise<Purged> {
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

/**
 * Of a queue or a partition all that entered, whatever its state: nobody need look at its data, and the server removes it
 * by the thousand. `next`: behind which one to go on, `null` at the end; `passed`: the call before came to the end.
 */
async function purgeLog(engine: Engine, queue: Definition, { partition, after }: Request, limit: number): Promise<{ removed: number; next: string | null; passed: boolean }> {
  const subjects = new Subjects(queue.name);
  const start = after === undefined ? { log: 0 } : await readPlace(await Reading.open(engine, queue, DEFAULT_GROUP), after);
  if (!("log" in start)) return { removed: 0, next: null, passed: true };
  const filter = partition === undefined ? subjects.messages : subjects.partition(partition);
  const end = (await engine.api.streamInfo(subjects.log)).state.last_seq;
  let removed = 0;
  for (let place = start.log; ; ) {
    // Without a filter: the server would go through all partitions for it.
    const read = await engine.api.readMany(subjects.log, partition === undefined ? null : filter, place + 1, ENTRIES, { headersOnly: true });
    const entries = read.filter(({ seq }) => seq <= end);
    const entered = entries.filter(({ subject }) => subjects.isMessage(subject));
    const messages = entered.slice(0, limit - removed);
    const leased = await leasedBySomebody(engine, queue);
    const stays = messages.filter((message) => leased.has(message.seq) || isExpired(message, engine.now()));
    const goes = stays.length === 0 ? messages : messages.filter((message) => !stays.includes(message));
    removed += (await removeMessages(engine, queue, goes, PURGED, { filter, below: stays[0]?.seq ?? Infinity })).length;
    const cut = messages.length < entered.length;
    const last = cut ? messages.at(-1) : entries.at(-1);
    if (last === undefined || (!cut && (entries.length < read.length || read.length < ENTRIES))) return { removed, next: null, passed: false };
    if (removed === limit) return { removed, next: messageId(queue.id, last.seq), passed: false };
    place = last.seq;
  }
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
