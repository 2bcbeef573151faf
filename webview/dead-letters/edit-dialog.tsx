import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { RedriveSummary } from "../../src/protocol/index.ts";
import { useInspector } from "../app/inspector.ts";
import { useCall } from "../app/use-call.ts";
import { t } from "../l10n.ts";
import { Difference } from "../messages/comparison.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { TextArea } from "../parts/controls.tsx";
import { Failure } from "../parts/notice.tsx";
import { useTask } from "./use-task.ts";

/** Where there is no editor: data and headers as text, and what was changed of them. */
export function EditDialog({ id, again, onDone, onClose }: { readonly id: string; readonly again: boolean; readonly onDone: (summary: RedriveSummary) => void; readonly onClose: () => void }): JSX.Element {
  const { queue } = useInspector();
  const original = useCall("deadLetters.document", { id });
  const task = useTask("deadLetters.redrive");
  const [edited, setEdited] = useState<string>();
  const before = original.value?.text;
  const text = edited ?? before ?? "";

  async function redrive(): Promise<void> {
    const summary = await task.run({ queue: queue.name, selection: { ids: [id], filter: {} }, document: text, allGroups: false, again, plaintext: false, rate: null });
    if (summary !== undefined) onDone(summary);
  }

  return (
    <Dialog title={t("Edit {0}, then redrive it to {1}", id, queue.name)} action={t("Redrive Edited")} disabled={task.running || before === undefined} onAction={() => void redrive()} onCancel={onClose}>
      <p>{t("The dead letter itself stays as it was, marked as redriven to the new message.")}</p>
      {original.error !== undefined && <Failure error={original.error} />}
      <div class="dead-edit">{before !== undefined && <TextArea label={t("Data and headers")} value={text} rows={14} onChange={setEdited} />}</div>
      {before !== undefined && text !== before && <section aria-label={t("Your changes")}><h3>{t("Your changes")}</h3><Difference left={before} right={text} /></section>}
      {task.error !== undefined && <Failure error={task.error} />}
    </Dialog>
  );
}

/** What was changed before it was redriven. */
export function DifferenceDialog({ id, messageId, onClose }: { readonly id: string; readonly messageId: string; readonly onClose: () => void }): JSX.Element {
  const both = useCall("deadLetters.compare", { id, messageId });
  return (
    <Dialog title={t("{0} compared with {1}", id, messageId)} action={t("Close")} onAction={onClose} onCancel={onClose}>
      {both.error !== undefined && <Failure error={both.error} />}
      {both.value !== undefined && (both.value.right === null ? <p>{t("{0} is not stored any more.", messageId)}</p> : <Difference left={both.value.left} right={both.value.right} />)}
    </Dialog>
  );
}
