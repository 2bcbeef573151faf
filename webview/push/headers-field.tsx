import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { t } from "../l10n.ts";
import { Button, IconButton, TextField } from "../parts/controls.tsx";

type Pairs = Readonly<Record<string, string>>;
type Row = readonly [name: string, text: string];

/** Names and values. Rows are its own: a name that is being typed may be another's for a moment, or nothing yet. */
export function HeadersField({ value, onChange }: { readonly value: Pairs; readonly onChange: (value: Pairs) => void }): JSX.Element {
  const [rows, setRows] = useState<readonly Row[]>(() => Object.entries(value));
  useEffect(() => { if (JSON.stringify(pairsOf(rows)) !== JSON.stringify(value)) setRows(Object.entries(value)); }, [value]);
  const change = (next: readonly Row[]): void => {
    setRows(next);
    onChange(pairsOf(next));
  };
  const replace = (index: number, row: Row): void => { change(rows.map((old, at) => (at === index ? row : old))); };
  return (
    <div class="header-rows">
      {rows.map(([name, text], index) => (
        // By place: a name that is being typed is the same row.
        <div class="header-row" key={index}>
          <TextField label={t("Header name")} placeholder={t("name")} value={name} invalid={name === "" ? text !== "" : rows.some(([other], at) => at < index && other === name)} onChange={(next) => { replace(index, [next, text]); }} />
          <TextField label={t("Value of the header {0}", name)} placeholder={t("value")} value={text} onChange={(next) => { replace(index, [name, next]); }} />
          <IconButton icon="close" label={t("Remove the header {0}", name)} onClick={() => { change(rows.filter((_row, at) => at !== index)); }} />
        </div>
      ))}
      <Button icon="add" onClick={() => { change([...rows, ["", ""]]); }}>{t("Add Header")}</Button>
    </div>
  );
}

/** A row without anything is no header yet; one without a name is told to the host, which refuses it. */
function pairsOf(rows: readonly Row[]): Pairs {
  return Object.fromEntries(rows.filter(([name, text]) => name !== "" || text !== ""));
}
