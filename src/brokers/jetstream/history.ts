import { isQueuescopeError, MINUTE, minuteOf, QueuescopeError, timingBucket } from "../../core/index.ts";
import type { Instant } from "../../core/index.ts";
import { aheadOf, heldBy } from "./counts.ts";
import type { Definition } from "./definition.ts";
import type { Effects } from "./effects.ts";
import type { Engine } from "./engine.ts";
import { Entries } from "./entries.ts";
import type { GroupRecord, Totals } from "./record.ts";
import { Subjects } from "./subjects.ts";

const DAY = 24 * 60 * MINUTE;
/** Milliseconds: who closes doesn't wait longer for charts. */
const PATIENCE = 1_000;
/** For charts. */
const KEPT = 90 * DAY;

/** A group at the end of a minute in which it changed. */
export interface Tally {
  readonly totals: Totals;
  /** Messages it hadn't completed. */
  readonly depth: number;
  /** That entered in the minute. */
  readonly pushed: number;
  /** Of the depth. */
  readonly leased?: number;
  /** Of the whole queue; missing where nobody came by in time. */
  readonly scheduled?: number;
  /** Dead letters of the group. */
  readonly dead?: number;
}

/** By bucket, how many. */
export type Buckets = readonly (readonly [bucket: number, n: number])[];

/** How long messages waited and ran in one minute, as one process saw it. */
export interface Timings {
  readonly wait: Buckets;
  readonly run: Buckets;
}

/** A group as it was before the first commit of another minute. */
export interface Ending {
  readonly minute: Instant;
  readonly next: Instant;
  readonly totals: Totals;
  readonly held: number;
  readonly leased: number;
  readonly at: readonly number[];
}

interface Samples {
  readonly queue: Definition;
  readonly group: string;
  readonly minute: Instant;
  readonly wait: Map<number, number>;
  readonly run: Map<number, number>;
}

/**
 * Keeps what charts show. Who commits first in a minute stores how the group stood at the end of the one before: the
 * totals are in its record anyway. How long messages waited and ran each process counts, and stores once a minute.
 */
export class History {
  readonly #engine: Engine;
  readonly #samples = new Map<string, Samples>();
  readonly #storing = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** `undefined` while the minute of the group's last commit goes on. */
  ending(record: GroupRecord): Ending | undefined {
    const now = this.#engine.now();
    const { minute = 0, totals, at } = record.head;
    const next = minuteOf(now);
    if (next <= minute) return undefined;
    const { leased, retrying, waiting } = heldBy(record, now);
    return { minute, next, totals, held: leased + retrying + waiting, leased: heldBy(record, minute + MINUTE).leased, at };
  }

  /** After the commit is stored; nobody waits for it. */
  keep(queue: Definition, group: string, ending: Ending): void {
    if (ending.minute > 0) this.#inBackground(this.#tally(queue, group, ending));
  }

  count(group: string, { queue, waits, runs }: Effects): void {
    if (waits.length === 0 && runs.length === 0) return;
    const minute = minuteOf(this.#engine.now());
    const key = `${minute} ${queue.id} ${group}`;
    const samples = this.#samples.get(key) ?? { queue, group, minute, wait: new Map<number, number>(), run: new Map<number, number>() };
    this.#samples.set(key, samples);
    add(samples.wait, waits);
    add(samples.run, runs);
    this.#timer ??= setTimeout(() => { this.#store(); }, MINUTE - (Date.now() % MINUTE)).unref();
  }

  /** Counted here, and not stored yet. */
  waiting(queue: Definition, group: string): { readonly minute: Instant; readonly timings: Timings }[] {
    return [...this.#samples.values()].filter((samples) => samples.queue.id === queue.id && samples.group === group).map((samples) => ({ minute: samples.minute, timings: timingsOf(samples) }));
  }

  /** Of a queue that is gone. */
  drop(queue: string): void {
    for (const [key, samples] of this.#samples) if (samples.queue.id === queue) this.#samples.delete(key);
  }

  /** Until all is stored; what can't be, since NATS is out of reach, is given up. */
  async close(): Promise<void> {
    if (this.#engine.api.link.status.state === "lost") return;
    this.#store();
    await Promise.all(this.#storing);
  }

  #store(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const publications = [...this.#samples.values()].map((samples) => ({ subject: new Subjects(samples.queue.name).timings(samples.group, samples.minute), data: JSON.stringify(timingsOf(samples)) }));
    this.#samples.clear();
    if (publications.length > 0) this.#inBackground(this.#publish(publications));
  }

  async #tally(queue: Definition, group: string, { minute, next, totals, held, leased, at }: Ending): Promise<void> {
    const entries = await Entries.open(this.#engine, queue);
    const subjects = new Subjects(queue.name);
    const [ahead, inIt, after, scheduled, dead] = await Promise.all([
      aheadOf(this.#engine, queue, (priority) => at[priority] ?? 0), entries.since(minute), entries.since(minute + MINUTE),
      storedBy(this.#engine, subjects, subjects.allScheduled, minute + MINUTE), storedBy(this.#engine, subjects, subjects.allDead(group), minute + MINUTE),
    ]);
    // What came due or was cancelled in a longer pause was scheduled at its beginning.
    const inTime = next - minute <= MINUTE;
    const tally: Tally = { totals, depth: Math.max(0, held + ahead - after), pushed: Math.max(0, inIt - after), leased, dead, ...(inTime ? { scheduled } : {}) };
    await this.#publish([{ subject: new Subjects(queue.name).history(group, minute), data: JSON.stringify(tally) }]);
    if (Math.floor(next / DAY) > Math.floor(minute / DAY)) await forgetOld(this.#engine, queue, group, next - KEPT);
  }

  async #publish(publications: readonly { readonly subject: string; readonly data: string }[]): Promise<void> {
    for (const result of await this.#engine.publisher.publishAll(publications, PATIENCE)) if (result instanceof QueuescopeError) throw result;
  }

  /** A chart misses a minute when it fails: no call does for that. */
  #inBackground(storing: Promise<void>): void {
    const done: Promise<void> = storing
      .catch((error: unknown) => { if (!isQueuescopeError(error, "queue-not-found")) this.#engine.onError(error); })
      .finally(() => { this.#storing.delete(done); });
    this.#storing.add(done);
  }
}

/** Of what there is now, how much was there before a time. */
async function storedBy({ api, stamps }: Engine, { log }: Subjects, filter: string, at: Instant): Promise<number> {
  // A test's clock isn't the server's.
  const [all, since] = await Promise.all([api.countFrom(log, filter, { seq: 1 }), stamps ? 0 : api.countFrom(log, filter, { time: at })]);
  return Math.max(0, all - since);
}

function add(counts: Map<number, number>, times: readonly number[]): void {
  for (const ms of times) {
    const bucket = timingBucket(ms);
    counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
  }
}

function timingsOf({ wait, run }: Samples): Timings {
  return { wait: [...wait], run: [...run] };
}

/** The lowest sequence from which rows of the subjects are of this minute or later: they are stored in its order. */
export async function firstOf(engine: Engine, stream: string, filter: string, minute: Instant): Promise<number> {
  const { state } = await engine.api.streamInfo(stream);
  let low = Math.max(1, state.first_seq);
  let high = state.last_seq + 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const found = await engine.api.read(stream, { seq: middle, next_by_subj: filter });
    if (found === undefined || found.seq >= high || Number(found.subject.split(".").at(-1)) >= minute) high = middle;
    else low = found.seq + 1;
  }
  return low;
}

async function forgetOld(engine: Engine, queue: Definition, group: string, before: Instant): Promise<void> {
  const subjects = new Subjects(queue.name);
  for (const filter of [subjects.history(group, "*"), subjects.timings(group, "*")]) {
    await engine.api.purge(subjects.state, { filter, seq: await firstOf(engine, subjects.state, filter, before) });
  }
}
