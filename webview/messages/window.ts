import type { MessageRow } from "../../src/protocol/index.ts";

/** The part of the list that is in memory: rows that follow each other, and how to go on at both ends. */
export interface Window {
  readonly rows: readonly MessageRow[];
  /** How many rows are above it; `null` where that isn't known, after a jump. */
  readonly above: number | null;
  /** The place to go on upwards from; `null` at the very start. */
  readonly up: string | null;
  /** The same downwards; `null` at the very end. */
  readonly down: string | null;
  /** Rows that are there no more, but were when they were read: they stay in sight until the list is read anew. */
  readonly gone: ReadonlySet<string>;
}

export interface PageOfRows {
  readonly rows: readonly MessageRow[];
  readonly next: string | null;
}

/** More rows than this aren't kept: those at the other end are let go of, and read again when they are scrolled to. */
export const MOST_ROWS = 4000;

export const EMPTY: Window = { rows: [], above: 0, up: null, down: null, gone: new Set() };

export function startingWith({ rows, next }: PageOfRows): Window {
  return { rows, above: 0, up: null, down: next, gone: new Set() };
}

/** Around one message, with what comes behind it; what is above it is read next. */
export function startingAt(row: MessageRow, { rows, next }: PageOfRows): Window {
  return { rows: [row, ...rows.filter(({ id }) => id !== row.id)], above: null, up: row.id, down: next, gone: new Set() };
}

/** The last rows of all. @param page in the reverse order */
export function endingWith({ rows, next }: PageOfRows): Window {
  return { rows: rows.toReversed(), above: next === null ? 0 : null, up: next, down: null, gone: new Set() };
}

export function withBelow(window: Window, { rows, next }: PageOfRows): Window {
  const all = [...window.rows, ...unknown(window, rows)];
  const cut = Math.max(0, all.length - MOST_ROWS);
  const kept = cut === 0 ? all : all.slice(cut);
  return { ...window, rows: kept, above: window.above === null ? null : window.above + cut, up: cut === 0 ? window.up : (kept[0]?.id ?? null), down: next };
}

/** @param page in the reverse order: the row nearest to the window first */
export function withAbove(window: Window, { rows, next }: PageOfRows): Window {
  const added = unknown(window, rows).reverse();
  const all = [...added, ...window.rows];
  const kept = all.length > MOST_ROWS ? all.slice(0, MOST_ROWS) : all;
  return { ...window, rows: kept, above: next === null ? 0 : window.above === null ? null : Math.max(0, window.above - added.length), up: next, down: kept === all ? window.down : (kept.at(-1)?.id ?? null) };
}

/** The start of the list as it is now: what stood there is replaced, what is further down stays. */
export function withStart(window: Window, page: PageOfRows): Window {
  if (page.next === null) return startingWith(page);
  const places = new Map(window.rows.map(({ id }, index) => [id, index]));
  const met = page.rows.findLastIndex(({ id }) => places.has(id));
  // Nothing of it is known: so much came that there may be a gap.
  if (met < 0) return page.rows.length === 0 ? window : startingWith(page);
  const fresh = new Set(page.rows.map(({ id }) => id));
  const rest = window.rows.slice((places.get(page.rows[met]?.id ?? "") ?? 0) + 1).filter(({ id }) => !fresh.has(id));
  const all = [...page.rows, ...rest];
  const kept = all.length > MOST_ROWS ? all.slice(0, MOST_ROWS) : all;
  const down = rest.length === 0 ? page.next : kept === all ? window.down : (kept.at(-1)?.id ?? null);
  return { ...window, rows: kept, above: 0, up: null, down };
}

/** Those of the rows that were asked for, as they are now; what didn't come back is gone. */
export function withChanges(window: Window, asked: readonly string[], rows: readonly MessageRow[]): Window {
  const fresh = new Map(rows.map((row) => [row.id, row]));
  const gone = new Set(window.gone);
  for (const id of asked) {
    if (fresh.has(id)) gone.delete(id);
    else gone.add(id);
  }
  return { ...window, gone, rows: window.rows.map((row) => changed(row, fresh.get(row.id))) };
}

/** The same object where nothing changed, so that its line isn't drawn again. */
function changed(row: MessageRow, fresh: MessageRow | undefined): MessageRow {
  return fresh === undefined || JSON.stringify(fresh) === JSON.stringify(row) ? row : fresh;
}

function unknown(window: Window, rows: readonly MessageRow[]): MessageRow[] {
  const known = new Set(window.rows.map(({ id }) => id));
  return rows.filter(({ id }) => !known.has(id));
}
