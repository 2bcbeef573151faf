import type { JSX } from "preact";
import { t } from "../l10n.ts";
import { Button, IconButton, TextField } from "../parts/controls.tsx";

type Pairs = Readonly<Record<string, string>>;

/** Names and values; a row with an empty name is being written. */
export function HeadersField({ value, onChange }: { readonly value: Pairs; readonly onChange: (value: Pairs) => void }): JSX.Element {
  const rows = Object.entries(value);
  const replace = (index: number, name: string, text: string): void => { onChange(Object.fromEntries(rows.map((row, at) => (at === index ? [name, text] : row)))); };
  return (
    <div class="header-rows">
      {rows.map(([name, text], index) => (
        // By place: a name that is being typed is the same row.
        <div class="header-row" key={index}>
          <TextField label={t("Header name")} placeholder={t("name")} value={name} onChange={(next) => { replace(index, next, text); }} />
          <TextField label={t("Value of the header {0}", name)} placeholder={t("value")} value={text} onChange={(next) => { replace(index, name, next); }} />
          <IconButton icon="close" label={t("Remove the header {0}", name)} onClick={() => { onChange(Object.fromEntries(rows.filter((_row, at) => at !== index))); }} />
        </div>
      ))}
      {!("" in value) && <Button icon="add" onClick={() => { onChange({ ...value, "": "" }); }}>{t("Add Header")}</Button>}
    </div>
  );
}
