import type { JSX } from "preact";
import type { DeadGroup } from "../../src/protocol/index.ts";
import { t } from "../l10n.ts";
import { Icon } from "../parts/controls.tsx";
import type { Column } from "../parts/data-table.tsx";
import { number } from "../parts/format.ts";
import { Time } from "../parts/time.tsx";
import type { TableRow } from "./rows.ts";

export interface RowActions {
  readonly toggle: (fingerprint: string) => void;
  readonly more: (fingerprint: string) => void;
  readonly choose: (key: string) => void;
  readonly chosen: ReadonlySet<string>;
  /** Columns that have nothing to show are left out. */
  readonly shown: { readonly data: boolean; readonly partition: boolean; readonly first: boolean };
}

export function columnsOf({ toggle, more, choose, chosen, shown }: RowActions): readonly Column<TableRow>[] {
  return [
    {
      key: "choose", title: "", width: "34px",
      cell: (row) => row.kind !== "more" && (
        <input type="checkbox" tabIndex={-1} checked={chosen.has(row.key)} aria-label={row.kind === "group" ? t("Choose all with this error") : t("Choose {0}", row.letter.id)} onClick={(event) => { event.stopPropagation(); choose(row.key); }} />
      ),
    },
    {
      key: "error", title: t("Error"), width: "minmax(280px, 4fr)",
      cell: (row) => {
        switch (row.kind) {
          case "group":
            return <GroupTitle group={row.group} open={row.open} onToggle={() => { toggle(row.group.fingerprint); }} />;
          case "letter":
            return <span class="dead-letter-title"><span class="mono">{row.letter.id}</span> {row.letter.error ?? t("no error was given")}</span>;
          case "more":
            return row.reading ? <span class="dead-letter-title hint">{t("Reading…")}</span> : <button type="button" class="link dead-letter-title" tabIndex={-1} onClick={() => { more(row.fingerprint); }}>{t("Show more")}</button>;
        }
      },
    },
    { key: "count", title: t("Count"), width: "80px", numeric: true, cell: (row) => (row.kind === "group" ? number(row.group.count) : row.kind === "letter" && row.letter.redriven.length > 0 ? <span title={t("Redriven")}><Icon name="debug-restart" /><span class="visually-hidden">{t("Redriven")}</span></span> : "") },
    ...(shown.data ? [{ key: "data", title: t("Data"), width: "minmax(100px, 2fr)", cell: (row) => (row.kind === "letter" ? <span class="mono">{row.letter.preview}</span> : "") } satisfies Column<TableRow>] : []),
    { key: "group", title: t("Group"), width: "minmax(70px, 1fr)", cell: (row) => (row.kind === "group" ? row.group.groups.join(", ") : row.kind === "letter" ? row.letter.group : "") },
    ...(shown.partition ? [{ key: "partition", title: t("Partition"), width: "minmax(70px, 1fr)", cell: (row) => (row.kind === "group" ? (row.group.partitions === 0 ? "" : number(row.group.partitions)) : row.kind === "letter" ? (row.letter.partition ?? "") : "") } satisfies Column<TableRow>] : []),
    ...(shown.first ? [{ key: "first", title: t("First seen"), width: "150px", cell: (row) => (row.kind === "group" ? <Time at={row.group.firstAt} /> : "") } satisfies Column<TableRow>] : []),
    { key: "last", title: t("Died, last seen"), width: "150px", cell: (row) => (row.kind === "group" ? <Time at={row.group.lastAt} /> : row.kind === "letter" ? <Time at={row.letter.deadAt} /> : "") },
  ];
}

function GroupTitle({ group, open, onToggle }: { readonly group: DeadGroup; readonly open: boolean; readonly onToggle: () => void }): JSX.Element {
  return (
    <span class="dead-group-title" title={group.fingerprint}>
      <button type="button" class="twistie" tabIndex={-1} aria-expanded={open} aria-label={open ? t("Collapse") : t("Expand")} onClick={(event) => { event.stopPropagation(); onToggle(); }}>
        <Icon name={open ? "chevron-down" : "chevron-right"} />
      </button>
      <span class="dead-group-text">{group.fingerprint === "" ? t("no error was given") : <Fingerprint text={group.fingerprint} />}</span>
    </span>
  );
}

/** What differs from one to the next stands out less. */
export function Fingerprint({ text }: { readonly text: string }): JSX.Element {
  return <>{text.split(/(<(?:number|uuid|id|text|time|path|address)>)/).map((part, i) => (i % 2 === 1 ? <span key={i} class="varying">{part}</span> : part))}</>;
}
