import type { Instant } from "../../core/index.ts";
import { minuteOf } from "./live.ts";
import { TIMING_KIND, timingBucket } from "./timing.ts";
import type { WriteTx } from "./tx.ts";

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
  #samples: Samples[] = [];
  #last: Samples | null = null;
  #storedAt = 0;
  #storing = false;

  /** @param history the group's, see `grp.history` */
  count(history: number, kind: keyof typeof TIMING_KIND, ms: number, at: Instant, n = 1): void {
    const counts = this.#of(history, minuteOf(at)).counts[TIMING_KIND[kind]];
    const bucket = timingBucket(ms);
    counts.set(bucket, (counts.get(bucket) ?? 0) + n);
  }

  #of(history: number, minute: Instant): Samples {
    const last = this.#last;
    if (last?.history === history && last.minute === minute) return last;
    const known = this.#samples.find((each) => each.history === history && each.minute === minute);
    const samples = known ?? { history, minute, counts: [new Map<number, number>(), new Map<number, number>()] };
    if (known === undefined) this.#samples.push(samples);
    this.#last = samples;
    return samples;
  }

  get waiting(): boolean {
    return this.#samples.length > 0;
  }

  /** With the next write, as nobody will come back to do it later. */
  hurry(): void {
    this.#storedAt = -EVERY;
  }

  /** Writes them when it is time; a past minute is complete, so it is. They stay until `stored` says that the transaction was committed. */
  store(tx: WriteTx): void {
    const due = performance.now() - this.#storedAt >= EVERY || (this.#last !== null && minuteOf(tx.now) > this.#last.minute);
    if (!due || this.#samples.length === 0) return;
    for (const { history, minute, counts } of this.#samples) {
      for (const [kind, buckets] of counts.entries()) for (const [bucket, n] of buckets) tx.run(ADD, history, minute, kind, bucket, n);
    }
    this.#storing = true;
  }

  stored(): void {
    if (!this.#storing) return;
    this.#storing = false;
    this.#storedAt = performance.now();
    this.#samples = [];
    this.#last = null;
  }
}
