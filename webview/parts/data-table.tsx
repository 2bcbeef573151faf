import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { t } from "../l10n.ts";
import { DataRow } from "./data-row.tsx";

export interface Column<Row> {
  readonly key: string;
  readonly title: string;
  /** CSS width of its track: `120px`, `minmax(80px, 1fr)`. */
  readonly width: string;
  readonly numeric?: boolean;
  readonly cell: (row: Row) => ComponentChildren;
}

/** Rows in sight, by their place in `rows`. */
export interface Sight {
  readonly first: number;
  readonly last: number;
  /** At the very top: what comes above flows in. Elsewhere what is seen stays where it is. */
  readonly atTop: boolean;
}

export interface DataTableProps<Row> {
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly rowKey: (row: Row) => string;
  /** The row that the arrow keys move from. */
  readonly current: string | null;
  readonly onCurrent: (key: string) => void;
  /** A click without Ctrl or Shift; default: the row is the current one, and no more. */
  readonly onPick?: (row: Row) => void;
  /** Enter or double click. */
  readonly onOpen?: (row: Row) => void;
  /** Chosen for an action on many; Space, Ctrl+click and Shift+click change it. */
  readonly chosen?: ReadonlySet<string>;
  readonly onChosen?: (chosen: ReadonlySet<string>) => void;
  /** Near the last row: more is wanted. */
  readonly onNearEnd?: () => void;
  readonly onNearStart?: () => void;
  /** How many rows there are before the first one here; default 0. */
  readonly offset?: number;
  /** Of all rows, where that is known: screen readers say it. */
  readonly total?: number;
  /** Keeps the last row in sight as rows are added, as long as it is in sight. */
  readonly followEnd?: boolean;
  readonly rowClass?: (row: Row) => string;
  readonly onSight?: (sight: Sight) => void;
  /** Brings a row into sight, each time it is another object. */
  readonly reveal?: { readonly key: string } | undefined;
  /** A column's new width in pixels; without it widths are fixed. */
  readonly onResize?: (column: string, width: number) => void;
  /** Home and End where there is more than these rows; they answer false for: these rows are all. */
  readonly onHome?: () => boolean;
  readonly onEnd?: () => boolean;
}

export const ROW_HEIGHT = 24;
/** Rows drawn beyond what is seen. */
const OVERSCAN = 10;
/** More is asked for when fewer rows than this are left. */
const NEAR = 100;
const LEAST_WIDTH = 40;
/** Of a row, at each end; as in table.css. */
const PADDING = 8;

/**
 * A table that draws only the rows in sight, whatever their number. When rows change above, those in sight stay where
 * they are.
 */
export function DataTable<Row>(props: DataTableProps<Row>): JSX.Element {
  const { label, columns, rows, rowKey, current, chosen, offset = 0, total, rowClass } = props;
  const id = useId();
  const scroller = useRef<HTMLDivElement>(null);
  const { first, last, top, pool } = useSight(scroller, props);
  const tracks = columns.map(({ width }) => width).join(" ");
  const minWidth = `${leastWidth(columns)}px`;
  const currentIndex = rows.findIndex((row) => rowKey(row) === current);
  const pressed = useRef({ current: -1, range: -1 });

  useEffect(() => {
    if (rows.length > 0 && last >= rows.length - NEAR) props.onNearEnd?.();
    if (first <= NEAR) props.onNearStart?.();
    props.onSight?.({ first, last, atTop: top <= 0 });
  }, [first, last, top <= 0, rows]);

  function show(index: number): void {
    const box = scroller.current;
    if (box === null) return;
    const [from, to] = [index * ROW_HEIGHT, (index + 2) * ROW_HEIGHT];
    if (from < box.scrollTop) box.scrollTop = from;
    else if (to > box.scrollTop + box.clientHeight) box.scrollTop = to - box.clientHeight;
  }

  function move(to: number): void {
    const index = Math.max(0, Math.min(rows.length - 1, to));
    const row = rows[index];
    if (row === undefined) return;
    pressed.current.range = -1;
    props.onCurrent(rowKey(row));
    show(index);
  }

  function toggle(key: string): void {
    if (chosen === undefined) return;
    const next = new Set(chosen);
    if (!next.delete(key)) next.add(key);
    props.onChosen?.(next);
  }

  function chooseTo(index: number): void {
    if (chosen === undefined) return;
    if (pressed.current.range < 0) pressed.current.range = Math.max(0, currentIndex);
    const [from, to] = [Math.min(pressed.current.range, index), Math.max(pressed.current.range, index)];
    props.onChosen?.(new Set(rows.slice(from, to + 1).map(rowKey)));
  }

  function onKeyDown(event: KeyboardEvent): void {
    // Keys pressed in a control of the head are its own.
    if (event.target !== scroller.current) return;
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / ROW_HEIGHT) - 2);
    const steps: Readonly<Record<string, number>> = { ArrowDown: currentIndex + 1, ArrowUp: currentIndex - 1, PageDown: currentIndex + page, PageUp: currentIndex - page, Home: 0, End: rows.length - 1 };
    const row = rows[currentIndex];
    const to = steps[event.key];
    if (event.key === "Home" && props.onHome?.() === true) event.preventDefault();
    else if (event.key === "End" && props.onEnd?.() === true) event.preventDefault();
    else if (to !== undefined && event.shiftKey && chosen !== undefined) {
      const index = Math.max(0, Math.min(rows.length - 1, to));
      chooseTo(index);
      const reached = rows[index];
      if (reached !== undefined) props.onCurrent(rowKey(reached));
      show(index);
    } else if (to !== undefined) move(to);
    else if (event.key === "Enter" && row !== undefined) props.onOpen?.(row);
    else if (event.key === " " && row !== undefined) toggle(rowKey(row));
    else if (event.key === "a" && (event.ctrlKey || event.metaKey) && chosen !== undefined) props.onChosen?.(new Set(rows.map(rowKey)));
    else return;
    event.preventDefault();
  }

  useLayoutEffect(() => {
    const index = props.reveal === undefined ? -1 : rows.findIndex((row) => rowKey(row) === props.reveal?.key);
    const box = scroller.current;
    if (index >= 0 && box !== null) box.scrollTop = Math.max(0, index * ROW_HEIGHT - box.clientHeight / 2);
  }, [props.reveal]);

  return (
    <div class="table" role="grid" aria-label={label} aria-rowcount={(total ?? offset + rows.length) + 1} aria-multiselectable={chosen !== undefined} ref={scroller} tabIndex={0} onKeyDown={onKeyDown} {...(currentIndex < first || currentIndex > last ? {} : { "aria-activedescendant": `${id}-${currentIndex}` })}>
      <div class="table-head" role="rowgroup" style={{ minWidth }}>
        <div class="table-titles" role="row" aria-rowindex={1} style={{ gridTemplateColumns: tracks }}>
          {columns.map((column) => (
            <div key={column.key} role="columnheader" class={column.numeric === true ? "cell numeric" : "cell"} title={column.title}>
              {column.title}
              {props.onResize !== undefined && <Resizer title={column.title} width={leastOf(column)} onResize={(width) => { props.onResize?.(column.key, width); }} />}
            </div>
          ))}
        </div>
      </div>
      <div class="table-canvas" role="rowgroup" style={{ height: `${rows.length * ROW_HEIGHT}px`, minWidth }}>
        {rows.slice(first, last + 1).map((row, i) => {
          const index = first + i;
          const key = rowKey(row);
          return (
            <DataRow
              // Lines are used again for other rows: that costs a fraction of new ones.
              key={index % pool}
              id={`${id}-${index}`}
              row={row}
              columns={columns}
              tracks={tracks}
              top={index * ROW_HEIGHT}
              rowIndex={offset + index + 2}
              classes={rowClass?.(row) ?? ""}
              current={key === current}
              chosen={chosen?.has(key)}
              onClick={(event) => {
                if (event.shiftKey) chooseTo(index);
                else if (event.ctrlKey || event.metaKey) toggle(key);
                else {
                  pressed.current.range = index;
                  if (chosen !== undefined && chosen.size > 0) props.onChosen?.(new Set());
                }
                props.onCurrent(key);
                if (!event.shiftKey && !event.ctrlKey && !event.metaKey) props.onPick?.(row);
              }}
              onOpen={() => props.onOpen?.(row)}
            />
          );
        })}
      </div>
    </div>
  );
}

/** The least that the tracks need: a minmax() counts with its minimum. */
function leastWidth(columns: readonly { readonly width: string }[]): number {
  return columns.reduce((sum, column) => sum + leastOf(column), 2 * PADDING);
}

function leastOf({ width }: { readonly width: string }): number {
  return Number(/(\d+(?:\.\d+)?)px/.exec(width)?.[1] ?? LEAST_WIDTH);
}

interface Place {
  readonly top: number;
  readonly height: number;
}

/** Which rows are in sight; what is seen keeps its place when rows come or go above it. */
function useSight<Row>(scroller: { readonly current: HTMLDivElement | null }, { rows, rowKey, followEnd = false }: DataTableProps<Row>): { readonly first: number; readonly last: number; readonly top: number; readonly pool: number } {
  const [place, setPlace] = useState<Place>({ top: 0, height: 600 });
  const before = useRef({ rows, top: 0 });

  let { top } = place;
  const most = Math.max(0, rows.length * ROW_HEIGHT - place.height);
  if (before.current.rows !== rows) {
    // Where it is, not where it was last heard to be: what was just scrolled to by code is told later.
    top = scroller.current?.scrollTop ?? before.current.top;
    const index = Math.floor(top / ROW_HEIGHT);
    const anchor = before.current.rows[index];
    const wasAtEnd = top >= (before.current.rows.length - 2) * ROW_HEIGHT - place.height;
    if (followEnd && wasAtEnd) top = most;
    else if (top > 0 && anchor !== undefined) {
      const key = rowKey(anchor);
      const now = rows[index] !== undefined && rowKey(rows[index]) === key ? index : rows.findIndex((row) => rowKey(row) === key);
      if (now >= 0) top += (now - index) * ROW_HEIGHT;
    }
    top = Math.min(top, most);
  }
  before.current = { rows, top };

  useLayoutEffect(() => {
    const box = scroller.current;
    if (box !== null && Math.abs(box.scrollTop - top) >= 1) box.scrollTop = top;
  }, [rows]);
  useEffect(() => {
    const box = scroller.current;
    if (box === null) return;
    const look = (): void => {
      before.current = { rows: before.current.rows, top: box.scrollTop };
      setPlace({ top: box.scrollTop, height: box.clientHeight - ROW_HEIGHT });
    };
    const watcher = new ResizeObserver(look);
    watcher.observe(box);
    box.addEventListener("scroll", look, { passive: true });
    return () => {
      watcher.disconnect();
      box.removeEventListener("scroll", look);
    };
  }, []);

  const first = Math.max(0, Math.min(rows.length - 1, Math.floor(top / ROW_HEIGHT) - OVERSCAN));
  const last = Math.min(rows.length - 1, Math.ceil((top + place.height) / ROW_HEIGHT) + OVERSCAN);
  return { first, last, top, pool: Math.ceil(place.height / ROW_HEIGHT) + 2 * OVERSCAN + 2 };
}

/** The edge of a column: dragged, or moved by the arrow keys. */
function Resizer({ title, width, onResize }: { readonly title: string; readonly width: number; readonly onResize: (width: number) => void }): JSX.Element {
  const widthOf = (edge: HTMLElement): number => edge.parentElement?.getBoundingClientRect().width ?? LEAST_WIDTH;
  return (
    <span
      class="table-resizer"
      role="separator"
      aria-orientation="vertical"
      aria-label={t("Width of {0}", title)}
      aria-valuenow={Math.round(width)}
      tabIndex={0}
      onPointerDown={(event) => {
        event.preventDefault();
        const edge = event.currentTarget;
        const start = widthOf(edge) - event.clientX;
        edge.setPointerCapture(event.pointerId);
        edge.onpointermove = ({ clientX }) => { onResize(Math.max(LEAST_WIDTH, Math.round(start + clientX))); };
        edge.onpointerup = () => { edge.onpointermove = null; };
      }}
      onKeyDown={(event) => {
        const step = { ArrowLeft: -16, ArrowRight: 16 }[event.key];
        if (step === undefined) return;
        event.preventDefault();
        onResize(Math.max(LEAST_WIDTH, Math.round(widthOf(event.currentTarget) + step)));
      }}
    />
  );
}
