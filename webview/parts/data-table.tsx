import { elementScroll, observeElementOffset, observeElementRect, Virtualizer } from "@tanstack/virtual-core";
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useLayoutEffect, useReducer, useRef } from "preact/hooks";

export interface Column<Row> {
  readonly key: string;
  readonly title: string;
  /** CSS width of its track: `120px`, `minmax(80px, 1fr)`. */
  readonly width: string;
  readonly numeric?: boolean;
  readonly cell: (row: Row) => ComponentChildren;
}

export interface DataTableProps<Row> {
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly rowKey: (row: Row) => string;
  /** The row that the arrow keys move from. */
  readonly current: string | null;
  readonly onCurrent: (key: string) => void;
  /** Enter or double click. */
  readonly onOpen?: (row: Row) => void;
  /** Chosen for an action on many; Space and Ctrl+click change it. */
  readonly chosen?: ReadonlySet<string>;
  readonly onChosen?: (chosen: ReadonlySet<string>) => void;
  /** Near the last row: more is wanted. */
  readonly onNearEnd?: () => void;
  readonly onNearStart?: () => void;
  /** How many rows there are before the first one here; default 0. */
  readonly offset?: number;
  /** Of all rows, where that is known: screen readers say it. */
  readonly total?: number;
  /** Keeps the last row in sight as rows are added. */
  readonly followEnd?: boolean;
  readonly rowClass?: (row: Row) => string;
}

const ROW_HEIGHT = 24;
/** Rows drawn beyond what is seen. */
const OVERSCAN = 12;
/** More is asked for when fewer rows than this are left. */
const NEAR = 100;

/** A table that draws only the rows in sight, whatever their number. */
export function DataTable<Row>(props: DataTableProps<Row>): JSX.Element {
  const { label, columns, rows, rowKey, current, chosen, offset = 0, total, rowClass } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtual(scroller, rows.length);
  const items = virtual.getVirtualItems();
  const currentIndex = rows.findIndex((row) => rowKey(row) === current);
  const tracks = columns.map(({ width }) => width).join(" ");

  const last = items.at(-1)?.index ?? 0;
  const first = items[0]?.index ?? 0;
  useEffect(() => {
    if (rows.length > 0 && last >= rows.length - NEAR) props.onNearEnd?.();
    if (first <= NEAR) props.onNearStart?.();
  }, [first, last, rows.length]);
  useLayoutEffect(() => {
    if (props.followEnd === true && rows.length > 0) virtual.scrollToIndex(rows.length - 1, { align: "end" });
  }, [props.followEnd, rows]);

  function move(to: number): void {
    const index = Math.max(0, Math.min(rows.length - 1, to));
    const row = rows[index];
    if (row === undefined) return;
    props.onCurrent(rowKey(row));
    virtual.scrollToIndex(index);
  }

  function toggle(row: Row): void {
    if (chosen === undefined) return;
    const next = new Set(chosen);
    if (!next.delete(rowKey(row))) next.add(rowKey(row));
    props.onChosen?.(next);
  }

  function onKeyDown(event: KeyboardEvent): void {
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / ROW_HEIGHT) - 2);
    const steps: Readonly<Record<string, number>> = { ArrowDown: currentIndex + 1, ArrowUp: currentIndex - 1, PageDown: currentIndex + page, PageUp: currentIndex - page, Home: 0, End: rows.length - 1 };
    const row = rows[currentIndex];
    const to = steps[event.key];
    if (to !== undefined) move(to);
    else if (event.key === "Enter" && row !== undefined) props.onOpen?.(row);
    else if (event.key === " " && row !== undefined) toggle(row);
    else if (event.key === "a" && (event.ctrlKey || event.metaKey) && chosen !== undefined) props.onChosen?.(new Set(rows.map(rowKey)));
    else return;
    event.preventDefault();
  }

  return (
    <div class="table" role="grid" aria-label={label} aria-rowcount={(total ?? offset + rows.length) + 1} aria-multiselectable={chosen !== undefined}>
      <div class="table-head" role="row" aria-rowindex={1} style={{ gridTemplateColumns: tracks }}>
        {columns.map((column) => <div key={column.key} role="columnheader" class={column.numeric === true ? "cell numeric" : "cell"}>{column.title}</div>)}
      </div>
      <div class="table-body" role="rowgroup" ref={scroller} tabIndex={0} onKeyDown={onKeyDown} aria-activedescendant={currentIndex < 0 ? undefined : `row-${rowKeyAt(rows, currentIndex, rowKey)}`}>
        <div class="table-canvas" role="presentation" style={{ height: `${virtual.getTotalSize()}px` }}>
          {items.map(({ index, start }) => {
            const row = rows[index];
            if (row === undefined) return null;
            const key = rowKey(row);
            const classes = ["table-row", ...(key === current ? ["current"] : []), ...(chosen?.has(key) === true ? ["chosen"] : []), ...(rowClass === undefined ? [] : [rowClass(row)])].join(" ");
            return (
              <div
                key={key}
                id={`row-${key}`}
                class={classes}
                role="row"
                aria-rowindex={offset + index + 2}
                aria-selected={chosen === undefined ? key === current : chosen.has(key)}
                style={{ transform: `translateY(${start}px)`, gridTemplateColumns: tracks }}
                onClick={(event) => {
                  if (event.ctrlKey || event.metaKey) toggle(row);
                  props.onCurrent(key);
                }}
                onDblClick={() => props.onOpen?.(row)}
              >
                {columns.map((column) => <div key={column.key} role="gridcell" class={column.numeric === true ? "cell numeric" : "cell"}>{column.cell(row)}</div>)}
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}

function rowKeyAt<Row>(rows: readonly Row[], index: number, rowKey: (row: Row) => string): string {
  const row = rows[index];
  return row === undefined ? "" : rowKey(row);
}

function useVirtual(scroller: { readonly current: HTMLDivElement | null }, count: number): Virtualizer<HTMLDivElement, Element> {
  const [, redraw] = useReducer((times: number) => times + 1, 0);
  const virtual = useRef<Virtualizer<HTMLDivElement, Element> | undefined>(undefined);
  const options = {
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: OVERSCAN,
    scrollToFn: elementScroll,
    observeElementRect,
    observeElementOffset,
    onChange: () => { redraw(undefined); },
  };
  virtual.current ??= new Virtualizer(options);
  virtual.current.setOptions(options);
  useEffect(() => virtual.current?._didMount(), []);
  useLayoutEffect(() => { virtual.current?._willUpdate(); });
  return virtual.current;
}
