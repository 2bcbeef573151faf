import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t } from "../l10n.ts";
import { Button, TextField } from "../parts/controls.tsx";
import { time } from "../parts/format.ts";
import { Popup } from "./popup.tsx";
import type { Conditions } from "./settings.ts";
import { timeOf } from "./time-text.ts";

const MINUTE = 60_000;
const SPANS: readonly (readonly [number, () => string])[] = [
  [5 * MINUTE, () => t("Last 5 minutes")],
  [60 * MINUTE, () => t("Last hour")],
  [24 * 60 * MINUTE, () => t("Last 24 hours")],
];

/** When the messages entered: some usual spans, or any. */
export function TimeMenu({ conditions, onConditions, disabled }: { readonly conditions: Conditions; readonly onConditions: (conditions: Conditions) => void; readonly disabled: boolean }): JSX.Element {
  const { from, to } = conditions;
  const span = (start: number | undefined, end: number | undefined): void => { onConditions({ ...conditions, from: start, to: end }); };
  return (
    <>
      {!disabled && (
        <Popup icon="calendar" label={t("Time of entry")}>
          {(close) => (
            <>
              {SPANS.map(([ms, name]) => <Button key={ms} onClick={() => { span(Date.now() - ms, undefined); close(); }}>{name()}</Button>)}
              <Between from={from} to={to} onApply={(start, end) => { span(start, end); close(); }} />
            </>
          )}
        </Popup>
      )}
      {(from !== undefined || to !== undefined) && <Button icon="close" title={t("Any time")} onClick={() => { span(undefined, undefined); }}>{spanText(from, to)}</Button>}
    </>
  );
}

function spanText(from: number | undefined, to: number | undefined): string {
  if (from === undefined) return t("until {0}", time(to ?? 0));
  return to === undefined ? t("since {0}", time(from)) : `${time(from)} – ${time(to)}`;
}

function Between({ from, to, onApply }: { readonly from: number | undefined; readonly to: number | undefined; readonly onApply: (from: number | undefined, to: number | undefined) => void }): JSX.Element {
  const [start, setStart] = useState(from === undefined ? "" : new Date(from).toISOString());
  const [end, setEnd] = useState(to === undefined ? "" : new Date(to).toISOString());
  const [first, last] = [start, end].map((text) => (text.trim() === "" ? undefined : timeOf(text, Date.now())));
  const wrong = first === null || last === null || (first !== undefined && last !== undefined && last <= first);
  const apply = (): void => { if (!wrong) onApply(first, last); };
  return (
    <>
      <TextField label={t("From, for example 14:30, 2026-01-31T14:30Z or 15m")} placeholder={t("From: 14:30 or 15m ago")} value={start} invalid={first === null} onChange={setStart} onEnter={apply} />
      <TextField label={t("To, for example 14:30, 2026-01-31T14:30Z or 15m")} placeholder={t("To")} value={end} invalid={last === null || (wrong && first !== null)} onChange={setEnd} onEnter={apply} />
      <Button primary disabled={wrong} onClick={apply}>{t("Apply")}</Button>
    </>
  );
}
