import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { DeadSelection, Result } from "../../src/protocol/index.ts";
import { useInspector } from "../app/inspector.ts";
import { t } from "../l10n.ts";
import { Dialog } from "../parts/dialog.tsx";
import { VscodeProgressBar } from "../parts/elements.ts";
import { count, number } from "../parts/format.ts";
import { Failure } from "../parts/notice.tsx";
import { useTask } from "./use-task.ts";

/** Says exactly how many, and that they are lost. */
export function DiscardDialog({ selection, onDone, onClose }: { readonly selection: DeadSelection; readonly onDone: (result: Result<"deadLetters.discard">) => void; readonly onClose: () => void }): JSX.Element {
  const { queue: { name: queue } } = useInspector();
  const counting = useTask("deadLetters.count");
  const task = useTask("deadLetters.discard");
  const [counted, setCounted] = useState<Result<"deadLetters.count">>();
  useEffect(() => {
    void counting.run({ queue, selection }).then(setCounted);
    return counting.cancel;
  }, []);

  async function discard(): Promise<void> {
    if (counted === undefined) return;
    const { filter } = selection;
    const result = await task.run({ queue, selection: selection.ids === undefined ? { ...selection, filter: { ...filter, to: Math.min(filter.to ?? counted.asOf, counted.asOf) } } : selection });
    if (result !== undefined) onDone(result);
  }

  return (
    <Dialog
      title={t("Discard dead letters of {0}?", queue)}
      action={counted === undefined ? t("Discard") : count(counted.count, "Discard {0} dead letter", "Discard {0} dead letters")}
      disabled={task.running || counted === undefined || counted.count === 0}
      onAction={() => void discard()}
      onCancel={() => { if (task.running) task.cancel(); else onClose(); }}
    >
      <p role="status">{counted === undefined ? counting.error === undefined && t("Counting… {0}", number(counting.progress?.scanned ?? 0)) : count(counted.count, "{0} dead letter: its data, headers and error are lost. This can't be undone.", "{0} dead letters: their data, headers and errors are lost. This can't be undone.")}</p>
      {task.running && <div class="dead-progress" role="status"><VscodeProgressBar value={task.progress?.done ?? 0} max={Math.max(1, counted?.count ?? 1)} aria-label={t("Progress")} /><span>{t("{0} of {1} discarded.", number(task.progress?.done ?? 0), number(counted?.count ?? 0))}</span></div>}
      {(counting.error ?? task.error) !== undefined && <Failure error={counting.error ?? task.error ?? new Error()} />}
    </Dialog>
  );
}
