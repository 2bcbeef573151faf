import { minuteOf, timingBucket } from "../../core/index.ts";
import type { Instant } from "../../core/index.ts";
import type { WriteTx } from "./tx.ts";

/** What a row of the table `timing` measures. */
export const TIMING_KIND = { wait: 0, run: 1 } as const;

/** Statistics may lag a little: rows are written once a second, with whatever is being written then. */
const EVERY = 1_000;
const ADD = "INSERT INTO timing (gid, minute, kind, bucket, n) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET n = n + excluded.n";

/** Of one group in one minute: by kind and bucket, how many. */
interface Samples {
  readonly history: number;
  readonly minute: Instant;
  readonly counts: readonly [wait: Map<number, number>, run: Map<number, number>];
}

/** How long messages waited and ran, counted in memory between two writes. */
export class Timings {
  /** Of committed transactions. */
  #samples: Samples[] = [];
  /** Of the transaction that runs: it may be undone. */
  #running: Samples[] = [];
  #last: Samples | null = null;
  #storedAt = 0;
  #storing = false;

  begin(): void {
    this.#running = [];
    this.#last = null;
    this.#storing = false;
  }

  /** @param history the group's, see `grp.history` */
  count(history: number, kind: keyof typeof TIMING_KIND, ms: number, at: Instant, n = 1): void {
    const last = this.#last;
    const minute = minuteOf(at);
    this.#last = last?.history === history && last.minute === minute ? last : samplesOf(this.#running, history, minute);
    add(this.#last.counts[TIMING_KIND[kind]], timingBucket(ms), n);
  }

  get waiting(): boolean {
    return this.#samples.length > 0;
  }

  /** With the next write, as nobody will come back to do it later. */
  hurry(): void {
    this.#storedAt = -EVERY;
  }

  /** Writes what is committed when it is time; a past minute is complete, so it is. */
  store(tx: WriteTx): void {
    const last = this.#samples.at(-1);
    if (last === undefined || (performance.now() - this.#storedAt < EVERY && minuteOf(tx.now) <= last.minute)) return;
    for (const { history, minute, counts } of this.#samples) {
      for (const [kind, buckets] of counts.entries()) for (const [bucket, n] of buckets) tx.run(ADD, history, minute, kind, bucket, n);
    }
    this.#storing = true;
  }

  /** In the same turn as the commit, before another transaction begins. */
  committed(): void {
    if (this.#storing) {
      this.#samples = [];
      this.#storedAt = performance.now();
    }
    for (const { history, minute, counts } of this.#running) {
      const known = samplesOf(this.#samples, history, minute);
      for (const [kind, buckets] of counts.entries()) {
        const total = known.counts[kind];
        if (total !== undefined) for (const [bucket, n] of buckets) add(total, bucket, n);
      }
    }
    this.begin();
  }
}

function samplesOf(list: Samples[], history: number, minute: Instant): Samples {
  const known = list.find((each) => each.history === history && each.minute === minute);
  const samples = known ?? { history, minute, counts: [new Map<number, number>(), new Map<number, number>()] };
  if (known === undefined) list.push(samples);
  return samples;
}

function add(counts: Map<number, number>, bucket: number, n: number): void {
  counts.set(bucket, (counts.get(bucket) ?? 0) + n);
}
