import type { JSX } from "preact";
import { useInspector } from "../app/inspector.ts";
import { queueAddress } from "../dashboard/route.ts";
import { t } from "../l10n.ts";

/** A message itself, where this page can show its queue, and its life, wherever it is. */
export function MessageLinks({ queue, id, gone = false }: { readonly queue: string; readonly id: string; readonly gone?: boolean }): JSX.Element {
  const { show, queue: { name } } = useInspector();
  return (
    <span class="message-links">
      <MessageLink queue={queue} id={id} gone={gone} />
      {queue !== name && <span>{t("in {0}", queue)}</span>}
      {gone && <span class="hint">{t("(not stored any more)")}</span>}
      <button type="button" class="link" onClick={() => { show("traces", { messageId: id }); }} aria-label={t("Trace of {0}", id)}>{t("Trace")}</button>
    </span>
  );
}

function MessageLink({ queue, id, gone }: { readonly queue: string; readonly id: string; readonly gone: boolean }): JSX.Element {
  const { show, surroundings, queue: { name } } = useInspector();
  if (gone) return <span class="mono">{id}</span>;
  if (queue === name) return <button type="button" class="link mono" onClick={() => { show("messages", { messageId: id }); }}>{id}</button>;
  return surroundings.surface === "browser" ? <a class="mono" href={queueAddress(queue, { tab: "messages", id })}>{id}</a> : <span class="mono">{id}</span>;
}
