import type { JSX } from "preact";
import type { MessageRow } from "../../src/protocol/index.ts";
import { t } from "../l10n.ts";
import { bytes, number } from "../parts/format.ts";
import type { Column } from "../parts/data-table.tsx";
import { Time } from "../parts/time.tsx";
import { stateName, StateMark } from "./state.tsx";

interface Known {
  readonly key: string;
  readonly title: () => string;
  readonly width: string;
  readonly numeric?: boolean;
  readonly cell: (row: MessageRow) => JSX.Element | string;
}

/** Columns by their keys; one of a header is `header:NAME`. */
const KNOWN: readonly Known[] = [
  { key: "entered", title: () => t("Entered"), width: "112px", cell: (row) => <Time at={row.createdAt} /> },
  { key: "id", title: () => t("Id"), width: "110px", cell: (row) => row.id },
  { key: "state", title: () => t("State"), width: "116px", cell: (row) => <><StateMark state={row.state} /> {stateName(row.state)}</> },
  { key: "partition", title: () => t("Partition"), width: "120px", cell: (row) => row.partition ?? "" },
  { key: "priority", title: () => t("Priority"), width: "72px", numeric: true, cell: (row) => (row.priority === 0 ? "" : String(row.priority)) },
  { key: "transaction", title: () => t("Transaction id"), width: "140px", cell: (row) => (row.transactionId === row.id ? "" : row.transactionId) },
  { key: "deliveries", title: () => t("Deliveries"), width: "92px", numeric: true, cell: (row) => (row.deliveryCount === 0 ? "" : number(row.deliveryCount)) },
  { key: "charges", title: () => t("Failures"), width: "80px", numeric: true, cell: (row) => (row.charges === 0 ? "" : number(row.charges)) },
  { key: "worker", title: () => t("Worker"), width: "120px", cell: (row) => row.worker ?? "" },
  { key: "error", title: () => t("Last error"), width: "200px", cell: (row) => row.lastError ?? "" },
  { key: "until", title: () => t("Due or lease ends"), width: "124px", cell: (row) => (row.until === null ? "" : <Time at={row.until} />) },
  { key: "size", title: () => t("Size"), width: "80px", numeric: true, cell: (row) => bytes(row.size) },
  { key: "data", title: () => t("Data"), width: "minmax(200px, 1fr)", cell: (row) => <span class="mono">{row.preview}</span> },
];
const HEADER = "header:";

export function headerColumn(name: string): string {
  return `${HEADER}${name}`;
}

export function headerOf(key: string): string | null {
  return key.startsWith(HEADER) ? key.slice(HEADER.length) : null;
}

/** All that can be chosen, in their order; the headers' own ones are before the data. */
export function choices(): readonly { readonly key: string; readonly title: string }[] {
  return KNOWN.map(({ key, title }) => ({ key, title: title() }));
}

export function columnsOf(keys: readonly string[], widths: Readonly<Record<string, number>>): readonly Column<MessageRow>[] {
  const width = (key: string, usual: string): string => (widths[key] === undefined ? usual : key === "data" ? `minmax(${widths[key]}px, 1fr)` : `${widths[key]}px`);
  const known = KNOWN.filter(({ key }) => keys.includes(key)).map(({ title, ...column }): Column<MessageRow> => ({ ...column, title: title(), width: width(column.key, column.width) }));
  const headers = keys.flatMap((key): Column<MessageRow>[] => {
    const name = headerOf(key);
    return name === null ? [] : [{ key, title: name, width: width(key, "140px"), cell: (row) => row.headers[name] ?? "" }];
  });
  const data = known.findIndex(({ key }) => key === "data");
  return data < 0 ? [...known, ...headers] : [...known.slice(0, data), ...headers, ...known.slice(data)];
}
