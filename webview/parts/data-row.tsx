import { Component, type JSX } from "preact";
import type { Column } from "./data-table.tsx";

export interface DataRowProps<Row> {
  readonly id: string;
  readonly row: Row;
  readonly columns: readonly Column<Row>[];
  readonly tracks: string;
  readonly top: number;
  readonly rowIndex: number;
  readonly classes: string;
  readonly current: boolean;
  /** `undefined` where rows can't be chosen. */
  readonly chosen: boolean | undefined;
  readonly onClick: (event: MouseEvent) => void;
  readonly onOpen: () => void;
}

const COMPARED = ["row", "columns", "tracks", "top", "rowIndex", "classes", "current", "chosen"] as const;

/** A row of a table; drawn again only when something of it changed, for hundreds of others scroll by in a second. */
export class DataRow<Row> extends Component<DataRowProps<Row>> {
  override shouldComponentUpdate(next: DataRowProps<Row>): boolean {
    return COMPARED.some((name) => next[name] !== this.props[name]);
  }

  override render(): JSX.Element {
    const { id, row, columns, tracks, top, rowIndex, classes, current, chosen } = this.props;
    return (
      <div
        id={id}
        class={["table-row", ...(current ? ["current"] : []), ...(chosen === true ? ["chosen"] : []), classes].join(" ").trimEnd()}
        role="row"
        aria-rowindex={rowIndex}
        aria-selected={chosen ?? current}
        style={{ transform: `translateY(${top}px)`, gridTemplateColumns: tracks }}
        onClick={(event) => { this.props.onClick(event); }}
        onDblClick={() => { this.props.onOpen(); }}
      >
        {columns.map((column) => <div key={column.key} role="gridcell" class={column.numeric === true ? "cell numeric" : "cell"}>{column.cell(row)}</div>)}
      </div>
    );
  }
}
