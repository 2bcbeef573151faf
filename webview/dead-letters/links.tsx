import type { JSX } from "preact";
import { useInspector } from "../app/inspector.ts";
import { t } from "../l10n.ts";

/** A message: itself, where this inspector shows its queue, and its life, wherever it is. */
export function MessageLinks({ queue, id, gone = false }: { readonly queue: string; readonly id: string; readonly gone?: boolean }): JSX.Element {
  const { show, queue: { name } } = useInspector();
  return (
    <span class="message-links">
      {queue === name && !gone ? <button type="button" class="link mono" onClick={() => { show("messages", { messageId: id }); }}>{id}</button> : <span class="mono">{id}</span>}
      {queue !== name && <span>{t("in {0}", queue)}</span>}
      {gone && <span class="hint">{t("(not stored any more)")}</span>}
      <button type="button" class="link" onClick={() => { show("traces", { messageId: id }); }} aria-label={t("Trace of {0}", id)}>{t("Trace")}</button>
    </span>
  );
}
