import { invalidInput } from "./errors.ts";
import type { Page, PageRequest } from "./port/page.ts";

/** Most rows that one call reads to find matching ones; then it answers what it has and where to go on. */
export const SCAN_LIMIT = 2_000;
/** The same for bytes of payloads, since a message may have 64 MiB. */
export const SCAN_BYTES = 16 * 1024 * 1024;

/** @throws invalid-input */
export function limitOf(limit: number | undefined, usual: number, most: number): number {
  if (limit === undefined) return usual;
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > most) throw invalidInput("limit", `limit must be a whole number from 1 to ${most}, but is ${String(limit)}.`);
  return limit;
}

export function pageLimit(request: PageRequest | undefined): number {
  return limitOf(request?.limit, 100, 1_000);
}

/** @throws invalid-input for an `after` that no page gave */
export function badAfter(after: unknown): Error {
  return invalidInput("after", `after must be the next of the page before, but is ${JSON.stringify(after)}.`);
}

/** `after` of pages whose place is a whole number; 0 at the start. */
export function afterNumber(after: unknown): number {
  if (after === undefined) return 0;
  if (typeof after !== "string" || !/^\d{1,15}$/.test(after)) throw badAfter(after);
  return Number(after);
}

/** A page of a list that is complete in memory; the place is that of the last item, by its `key`. */
export function slicePage<T>(sorted: readonly T[], limit: number, key: (item: T) => string): Page<T> {
  const items = sorted.slice(0, limit);
  const last = items.at(-1);
  return { items, next: sorted.length > limit && last !== undefined ? key(last) : null };
}

/** What one call may still read. */
export class ScanBudget {
  #rows = SCAN_LIMIT;
  #bytes = SCAN_BYTES;

  spend(bytes: number): void {
    this.#rows -= 1;
    this.#bytes -= bytes;
  }

  get rows(): number {
    return Math.max(0, this.#rows);
  }

  get spent(): boolean {
    return this.#rows <= 0 || this.#bytes <= 0;
  }
}
