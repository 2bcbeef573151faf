import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t } from "../l10n.ts";
import { Button, Checkbox, TextField } from "../parts/controls.tsx";
import { choices, headerColumn, headerOf } from "./columns.tsx";
import { Popup } from "./popup.tsx";
import { DEFAULT_COLUMNS } from "./settings.ts";

/** Which columns are shown; a column for any header. */
export function ColumnsMenu({ columns, onColumns }: { readonly columns: readonly string[]; readonly onColumns: (columns: string[]) => void }): JSX.Element {
  const [header, setHeader] = useState("");
  const toggle = (key: string, shown: boolean): void => { onColumns(shown ? [...columns, key] : columns.filter((other) => other !== key)); };
  function add(): void {
    const key = headerColumn(header.trim());
    setHeader("");
    if (header.trim() !== "" && !columns.includes(key)) toggle(key, true);
  }
  return (
    <Popup icon="settings" label={t("Columns")}>
      {() => (
        <>
          {choices().map(({ key, title }) => <Checkbox key={key} label={title} value={columns.includes(key)} disabled={key === "data" && columns.length === 1} onChange={(shown) => { toggle(key, shown); }} />)}
          {columns.flatMap((key) => {
            const name = headerOf(key);
            return name === null ? [] : [<Checkbox key={key} label={t("Header {0}", name)} value onChange={() => { toggle(key, false); }} />];
          })}
          <div class="popup-row">
            <TextField label={t("Name of a header")} placeholder={t("Header…")} value={header} onChange={setHeader} onEnter={add} />
            <Button onClick={add} disabled={header.trim() === ""}>{t("Add")}</Button>
          </div>
          <Button onClick={() => { onColumns([...DEFAULT_COLUMNS]); }}>{t("Usual columns")}</Button>
        </>
      )}
    </Popup>
  );
}
