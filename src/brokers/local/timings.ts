import type { Instant } from "../../core/index.ts";
import { minuteOf } from "./live.ts";
import { TIMING_KIND, timingBucket } from "./timing.ts";
import type { WriteTx } from "./tx.ts";

/** Statistics may lag a little: rows are written once a second, with whatever is being written then. */
const EVERY = 1_000;

interface Sample {
  readonly history: number;
  readonly minute: Instant;
  readonly kind: number;
  readonly bucket: number;
  n: number;
}

/** How long messages waited and ran, counted in memory between two writes. */
export class Timings {
  readonly #samples = new Map<string, Sample>();
  #storedAt = 0;
  /** Of the last sample: a past minute is complete, so that it is written without delay. */
  #minute = 0;
  #storing = false;

  /** @param history the group's, see `grp.history` */
  count(history: number, kind: keyof typeof TIMING_KIND, ms: number, at: Instant, n = 1): void {
    const bucket = timingBucket(ms);
    const minute = minuteOf(at);
    this.#minute = minute;
    const key = `${history} ${minute} ${TIMING_KIND[kind]} ${bucket}`;
    const known = this.#samples.get(key);
    if (known === undefined) this.#samples.set(key, { history, minute, kind: TIMING_KIND[kind], bucket, n });
    else known.n += n;
  }

  get waiting(): boolean {
    return this.#samples.size > 0;
  }

  /** Writes them when it is time. They stay until `stored` says that the transaction was committed. */
  store(tx: WriteTx, now = false): void {
    if (this.#samples.size === 0 || (!now && performance.now() - this.#storedAt < EVERY && minuteOf(tx.now) <= this.#minute)) return;
    for (const { history, minute, kind, bucket, n } of this.#samples.values()) {
      tx.run("INSERT INTO timing (gid, minute, kind, bucket, n) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET n = n + excluded.n", history, minute, kind, bucket, n);
    }
    this.#storing = true;
  }

  stored(): void {
    if (!this.#storing) return;
    this.#storing = false;
    this.#storedAt = performance.now();
    this.#samples.clear();
  }
}
