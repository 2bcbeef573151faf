import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { MessageDetail } from "../../src/protocol/index.ts";
import { useInspector } from "../app/inspector.ts";
import { t } from "../l10n.ts";
import { IconButton, TextArea } from "../parts/controls.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { Failure } from "../parts/notice.tsx";
import { pushCommand, textOf } from "./content.ts";
import { RemoveDialog } from "./remove.tsx";

/** What can be done with the message that is shown. */
export function MessageActions({ detail, onChanged }: { readonly detail: MessageDetail; readonly onChanged: () => void }): JSX.Element {
  const { client, surroundings, queue, group, show, announce } = useInspector();
  const { row } = detail;
  const [asking, setAsking] = useState<"edit" | "remove" | "cancel" | null>(null);
  const [error, setError] = useState<Error | null>(null);
  const inEditor = surroundings.surface === "editor";
  const mayChange = !surroundings.connection.readOnly;

  /** @param done what is said when it worked */
  function perform(work: Promise<unknown>, done: string): void {
    setError(null);
    work.then(() => { announce(done); }, (reason: unknown) => { setError(reason instanceof Error ? reason : new Error(String(reason))); });
  }
  const copy = (text: Promise<string>, done: string): void => { perform(text.then((content) => navigator.clipboard.writeText(content)), done); };
  const whole = async (): Promise<MessageDetail["content"]> => (detail.truncated ? (await client.call("messages.content", { id: row.id })).content : detail.content);
  const edit = (): void => {
    if (inEditor) perform(client.call("messages.openEdit", { id: row.id }), t("Opened in the editor."));
    else setAsking("edit");
  };

  return (
    <div class="details-actions" role="toolbar" aria-label={t("This message")}>
      <IconButton icon="copy" label={t("Copy the data")} onClick={() => { copy(whole().then((content) => (content.encoding === "bytes" ? content.text : textOf(content))), t("Copied the data.")); }} />
      <IconButton icon="tag" label={t("Copy the id")} onClick={() => { copy(Promise.resolve(row.id), t("Copied {0}.", row.id)); }} />
      <IconButton icon="terminal" label={t("Copy as a push command")} onClick={() => { copy(whole().then((content) => pushCommand(queue.name, row, content)), t("Copied the command.")); }} />
      {inEditor && <IconButton icon="go-to-file" label={t("Open in Editor")} onClick={() => { perform(client.call("messages.open", { id: row.id, group }), t("Opened in the editor.")); }} />}
      <IconButton icon="desktop-download" label={t("Download the data")} onClick={() => { perform(client.call("messages.download", { id: row.id }), t("Saved.")); }} />
      <IconButton icon="pulse" label={t("Show its trace")} onClick={() => { show("traces", { messageId: row.id }); }} />
      {mayChange && <IconButton icon="repo-push" label={t("Push again…")} onClick={() => { show("push", { pushFrom: row.id }); }} />}
      {mayChange && <IconButton icon="edit" label={t("Edit…")} onClick={edit} />}
      {inEditor && mayChange && (row.state === "ready" || row.state === "retrying") && <IconButton icon="debug-alt" label={t("Debug: run the handler with exactly this message")} onClick={() => { perform(client.call("debug.message", { id: row.id, group }), t("Started the debugger.")); }} />}
      {mayChange && row.state === "scheduled" && <IconButton icon="circle-slash" label={t("Cancel it before it is due…")} onClick={() => { setAsking("cancel"); }} />}
      {mayChange && <IconButton icon="trash" label={t("Remove…")} onClick={() => { setAsking("remove"); }} />}
      {error !== null && <Failure error={error} />}
      {(asking === "remove" || asking === "cancel") && <RemoveDialog ids={[row.id]} cancel={asking === "cancel"} leased={row.state === "leased"} onClose={(changed) => { setAsking(null); if (changed) onChanged(); }} />}
      {asking === "edit" && <EditDialog detail={detail} onClose={(changed) => { setAsking(null); if (changed) onChanged(); }} />}
    </div>
  );
}

/** Where there is no editor. */
function EditDialog({ detail, onClose }: { readonly detail: MessageDetail; readonly onClose: (changed: boolean) => void }): JSX.Element {
  const { client } = useInspector();
  const { row, content, truncated } = detail;
  const bytes = content.encoding === "bytes";
  const [text, setText] = useState(bytes ? content.text : textOf(content));
  const [error, setError] = useState<Error | null>(null);
  function save(): void {
    client.call("messages.edit", { id: row.id, encoding: content.encoding, text, headers: row.headers }).then(
      () => { onClose(true); },
      (reason: unknown) => { setError(reason instanceof Error ? reason : new Error(String(reason))); },
    );
  }
  return (
    <Dialog title={t("Edit {0}", row.id)} action={t("Save")} disabled={truncated} onCancel={() => { onClose(false); }} onAction={save}>
      {truncated ? <p>{t("It is too large to be edited here. Use: queuescope edit {0} --file FILE", row.id)}</p> : <TextArea label={bytes ? t("Data in base64") : t("Data")} value={text} rows={14} onChange={setText} />}
      <p class="hint">{t("It keeps its id, its place and its attempts; groups that completed it don't get it again.")}</p>
      {error !== null && <Failure error={error} />}
    </Dialog>
  );
}
