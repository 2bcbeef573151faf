import { appendFileSync, closeSync, openSync, readdirSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";

/**
 * What a process of the kill loop writes about itself, a line each, to its own file: an intent before
 * each call, the outcome after it. What it wrote survives its kill; what it was about to write doesn't.
 * `start` and `end` are of the clock that all processes share, in ms; `wall` is Date.now().
 */
export type Entry =
  | { readonly kind: "push-intent"; readonly queue: string; readonly partition: string | null; readonly txs: readonly string[] }
  | { readonly kind: "pushed"; readonly queue: string; readonly partition: string | null; readonly txs: readonly string[]; readonly ids: readonly string[] }
  | Popped
  | SettleIntent
  | SettleOutcome
  | { readonly kind: "renewed"; readonly receipt: string; readonly leaseEnds: number };

export interface Popped {
  readonly kind: "popped";
  readonly group: string;
  readonly end: number;
  readonly wall: number;
  readonly start: number;
  readonly deliveries: readonly { readonly id: string; readonly partition: string | null; readonly tx: string; readonly receipt: string; readonly leaseEnds: number }[];
}

export interface SettleIntent {
  readonly kind: "settle-intent";
  /** Of this process's calls. */
  readonly call: number | string;
  readonly group: string;
  readonly start: number;
  readonly wall: number;
  readonly items: readonly { readonly id: string; readonly receipt: string; readonly action: "ack" | "nack" | "release" }[];
}

export interface SettleOutcome {
  readonly kind: "settled";
  readonly call: number | string;
  readonly end: number;
  /** In the order of the intent's items: null = applied, else the code it was refused with. */
  readonly refused: readonly (string | null)[];
}

export function clock(): number {
  return Number(process.hrtime.bigint() / 1_000n) / 1_000;
}

export class LedgerWriter {
  readonly #file: number;

  constructor(path: string) {
    this.#file = openSync(path, "a");
  }

  write(entry: Entry): void {
    writeSync(this.#file, `${JSON.stringify(entry)}\n`);
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** Each process's entries, by file name. A last line that a kill cut off doesn't count. */
export function readLedgers(folder: string): Map<string, Entry[]> {
  return new Map(readdirSync(folder).sort().map((name) => [name, readLedger(join(folder, name))]));
}

export function readLedger(path: string): Entry[] {
  const lines = readFileSync(path, "utf8").split("\n").slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Entry);
}

/** Makes the file, so that it can be read whether or not its process came to write. */
export function newLedger(path: string): string {
  appendFileSync(path, "");
  return path;
}
