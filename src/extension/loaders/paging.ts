import type { Page, PageRequest } from "../../core/index.ts";

/** Rows of a list that are shown at first, and added by each More. */
export const PAGE_ROWS = 100;

/** Most calls for one list: a page may be short, and a rare match in a long queue must not read it all. */
const MOST_CALLS = 8;
/** For lists of queues: there may be very many, but each call is short and the one that is looked for may be the last. */
export const TO_THE_END = Number.POSITIVE_INFINITY;

/** How many rows of each long list are shown. A reload keeps what was opened. */
export class Paging {
  readonly #rows = new Map<string, number>();

  rows(list: string): number {
    return this.#rows.get(list) ?? PAGE_ROWS;
  }

  more(list: string): void {
    this.#rows.set(list, this.rows(list) + PAGE_ROWS);
  }

  reset(list: string): void {
    this.#rows.delete(list);
  }
}

export interface Rows<T> {
  readonly items: readonly T[];
  readonly more: boolean;
}

/** The first `wanted` items, over as many pages as that needs, but for those of a list that nobody waits to the end for. */
export async function takeRows<T>(fetch: (request: PageRequest) => Promise<Page<T>>, wanted: number, calls = MOST_CALLS): Promise<Rows<T>> {
  const items: T[] = [];
  let after: string | null = null;
  for (let call = 0; call < calls; call++) {
    const limit = Math.min(wanted - items.length, 1000);
    const page: Page<T> = await fetch(after === null ? { limit } : { after, limit });
    items.push(...page.items);
    after = page.next;
    if (after === null || items.length >= wanted) break;
  }
  return { items, more: after !== null };
}
