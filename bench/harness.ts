import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What a row must reach: at least (a ratio), or at most (a time, a share). */
export type Floor = { readonly atLeast: number } | { readonly atMost: number } | null;

export interface Row {
  readonly name: string;
  /** What is measured; a function where sizes depend on the settings. */
  readonly what: string | ((settings: Settings) => string);
  readonly unit: "x" | "ms" | "%" | "/min";
  readonly floor: Floor;
  /** The limit that was set first, where `floor` only guards what is reached: docs/decisions/0003-speed.md says why. */
  readonly wanted?: number;
}

/** Rows that are measured together, because they look at one store or one run. */
export interface Scenario {
  readonly rows: readonly Row[];
  /** A measurement for each row, in order. */
  measure(bench: Bench): Promise<readonly Measurement[]>;
}

export function scenario(row: Row, measure: (bench: Bench) => Promise<Measurement>): Scenario {
  return { rows: [row], measure: async (bench) => [await measure(bench)] };
}

export interface Measurement {
  readonly value: number;
  /** Both sides of a ratio, per second; medians. */
  readonly ours?: number;
  readonly base?: number;
  readonly note?: string;
}

export interface Result extends Row, Measurement {
  readonly what: string;
  readonly passed: boolean | null;
}

/** One side of a comparison. `run` does some operations and answers how many; `prepare` is not timed. */
export interface Side {
  prepare?(operations: number): Promise<void> | void;
  run(): Promise<number> | number;
}

export interface Settings {
  readonly rounds: number;
  readonly roundMs: number;
  /** Multiplies the sizes of big stores. */
  readonly scale: number;
}

export const FULL: Settings = { rounds: 9, roundMs: 400, scale: 1 };
export const QUICK: Settings = { rounds: 5, roundMs: 120, scale: 0.05 };

/** A million in a full run. */
export function million({ scale }: Settings): number {
  return 1_000_000 * scale;
}

/** What a row needs while it runs: folders that are removed after it, and the alternation. */
export class Bench {
  readonly settings: Settings;
  readonly #folders: string[] = [];
  readonly #closers: (() => Promise<void> | void)[] = [];

  constructor(settings: Settings) {
    this.settings = settings;
  }

  /** Path of a new file in a folder of its own. */
  file(name: string): string {
    const folder = mkdtempSync(join(tmpdir(), "queuescope-bench-"));
    this.#folders.push(folder);
    return join(folder, name);
  }

  /** Runs when the row has been measured, latest first. */
  after(close: () => Promise<void> | void): void {
    this.#closers.push(close);
  }

  async cleanUp(): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) await close();
    for (const folder of this.#folders.splice(0)) rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }

  /** Ours and the base in turns (A B A B ...); the median of the rounds' ratios, so that a slow moment of the machine hits both. */
  async ratio(ours: Side, base: Side): Promise<Measurement> {
    const { rounds, roundMs } = this.settings;
    const ourRates: number[] = [];
    const baseRates: number[] = [];
    await rate(ours, WARM_UP);
    await rate(base, WARM_UP);
    for (let round = 0; round < rounds; round++) {
      const a = await rate(ours, roundMs);
      const b = await rate(base, roundMs);
      ourRates.push(a);
      baseRates.push(b);
    }
    const ratios = ourRates.map((a, i) => a / (baseRates[i] ?? Number.NaN));
    return { value: median(ratios), ours: median(ourRates), base: median(baseRates), note: `${low(ratios).toFixed(2)} to ${high(ratios).toFixed(2)}` };
  }

  /** Of a few first pages the slowest: what a view waits for, in milliseconds. */
  async slowest(page: () => Promise<{ readonly items: readonly unknown[] }>): Promise<Measurement> {
    const times: number[] = [];
    for (let round = 0; round < this.settings.rounds; round++) {
      const start = performance.now();
      const { items } = await page();
      times.push(performance.now() - start);
      if (items.length === 0) throw new Error("The page is empty.");
    }
    return { value: high(times), note: `median ${median(times).toFixed(1)} ms` };
  }
}

/** Operations per second over about `ms` of timed work; what `prepare` does is not counted. */
async function rate(side: Side, ms: number): Promise<number> {
  let operations = 0;
  let elapsed = 0;
  while (elapsed < ms) {
    await side.prepare?.(PREPARED);
    const limit = Math.min(ms - elapsed, ms);
    const start = performance.now();
    let end = start;
    let done = 0;
    while (end - start < limit && done < PREPARED) {
      done += await side.run();
      end = performance.now();
    }
    operations += done;
    elapsed += end - start;
  }
  return (operations / elapsed) * 1000;
}

/** Until the code is compiled and the files have some size. */
const WARM_UP = 500;
/** Operations that a side prepares for at a time (a consumer's backlog). */
const PREPARED = 5_000;

export function median(values: readonly number[]): number {
  return percentile(values, 50);
}

export function percentile(values: readonly number[], p: number): number {
  if (values.length === 0) throw new Error("There is nothing to take a percentile of.");
  const sorted = [...values].sort((a, b) => a - b);
  const at = ((sorted.length - 1) * p) / 100;
  const below = sorted[Math.floor(at)] ?? Number.NaN;
  const above = sorted[Math.ceil(at)] ?? Number.NaN;
  return below + (above - below) * (at - Math.floor(at));
}

export function low(values: readonly number[]): number {
  return Math.min(...values);
}

export function high(values: readonly number[]): number {
  return Math.max(...values);
}

export function passes(value: number, floor: Floor): boolean | null {
  if (floor === null) return null;
  return "atLeast" in floor ? value >= floor.atLeast : value <= floor.atMost;
}
