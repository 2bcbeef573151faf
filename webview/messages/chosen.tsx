import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { MessageRow } from "../../src/protocol/index.ts";
import { useInspector } from "../app/inspector.ts";
import { t } from "../l10n.ts";
import { Button } from "../parts/controls.tsx";
import { count } from "../parts/format.ts";
import { Failure } from "../parts/notice.tsx";
import { Comparison } from "./comparison.tsx";
import { RemoveDialog } from "./remove.tsx";

/** What can be done with the messages that were chosen. */
export function ChosenBar({ rows, chosen, onDone }: { readonly rows: readonly MessageRow[]; readonly chosen: ReadonlySet<string>; readonly onDone: () => void }): JSX.Element | null {
  const { client, surroundings, group } = useInspector();
  const [asking, setAsking] = useState<"remove" | "cancel" | null>(null);
  const [compared, setCompared] = useState<readonly [string, string] | null>(null);
  const [error, setError] = useState<Error | null>(null);
  useEffect(() => { setError(null); }, [chosen]);
  if (chosen.size === 0) return null;

  // In the order of the list; those that aren't in memory any more come after them.
  const known = rows.filter(({ id }) => chosen.has(id));
  const ids = [...new Set([...known.map(({ id }) => id), ...chosen])];
  const scheduled = known.length === ids.length && known.every(({ state }) => state === "scheduled");
  const [left, right] = ids;

  function compare(): void {
    if (left === undefined || right === undefined) return;
    if (surroundings.surface === "browser") setCompared([left, right]);
    else client.call("messages.compare", { left, right, group }).catch((reason: unknown) => { setError(reason instanceof Error ? reason : new Error(String(reason))); });
  }

  return (
    <div class="chosen-bar" role="toolbar" aria-label={t("Chosen messages")}>
      <span>{t("{0} chosen", ids.length)}</span>
      <Button disabled={ids.length !== 2} title={t("Choose two to compare them")} onClick={compare}>{t("Compare")}</Button>
      <Button onClick={() => { navigator.clipboard.writeText(ids.join("\n")).catch((reason: unknown) => { setError(reason instanceof Error ? reason : new Error(String(reason))); }); }}>{t("Copy ids")}</Button>
      {!surroundings.connection.readOnly && scheduled && <Button onClick={() => { setAsking("cancel"); }}>{t("Cancel before due…")}</Button>}
      {!surroundings.connection.readOnly && <Button onClick={() => { setAsking("remove"); }}>{count(ids.length, "Remove {0} message…", "Remove {0} messages…")}</Button>}
      <Button onClick={onDone}>{t("Choose none")}</Button>
      {error !== null && <Failure error={error} />}
      {asking !== null && <RemoveDialog ids={ids} cancel={asking === "cancel"} leased={known.some(({ state }) => state === "leased")} onClose={(changed) => { setAsking(null); if (changed) onDone(); }} />}
      {compared !== null && <Comparison left={compared[0]} right={compared[1]} onClose={() => { setCompared(null); }} />}
    </div>
  );
}
