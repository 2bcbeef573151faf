import type { JSX } from "preact";
import { useEffect, useId, useState } from "preact/hooks";
import type { DeadSelection, RedriveSummary, Result } from "../../src/protocol/index.ts";
import { useInspector } from "../app/inspector.ts";
import { useCall } from "../app/use-call.ts";
import { HostError } from "../channel/client.ts";
import { t } from "../l10n.ts";
import { Checkbox, Labelled, Select, TextField } from "../parts/controls.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { VscodeProgressBar } from "../parts/elements.ts";
import { count, number } from "../parts/format.ts";
import { Failure } from "../parts/notice.tsx";
import { useTask } from "./use-task.ts";

export interface RedriveDialogProps {
  readonly selection: DeadSelection;
  readonly onDone: (summary: RedriveSummary) => void;
  readonly onClose: () => void;
}

/** Where to, how fast, and how many exactly; then how far it is. */
export function RedriveDialog({ selection, onDone, onClose }: RedriveDialogProps): JSX.Element {
  const { queue: { name: queue } } = useInspector();
  const counting = useTask("deadLetters.count");
  const task = useTask("deadLetters.redrive");
  const [counted, setCounted] = useState<Result<"deadLetters.count">>();
  const [to, setTo] = useState(queue);
  const [place, setPlace] = useState<"own" | "none" | "other">("own");
  const [partition, setPartition] = useState("");
  const [allGroups, setAllGroups] = useState(false);
  const [again, setAgain] = useState(selection.filter.redriven === true);
  const [plaintext, setPlaintext] = useState(false);
  const [rate, setRate] = useState("");
  useEffect(() => {
    void counting.run({ queue, selection }).then(setCounted);
    return counting.cancel;
  }, []);

  const total = counted === undefined ? undefined : again ? counted.count : counted.count - counted.redriven;
  const perSecond = rate.trim() === "" ? null : Number(rate);
  const rateError = perSecond !== null && !(perSecond > 0 && perSecond <= 100_000) ? t("Messages a second: a number above 0, or nothing for as fast as possible.") : undefined;
  const refused = task.error instanceof HostError ? task.error.field : undefined;

  async function redrive(): Promise<void> {
    if (counted === undefined) return;
    const { filter } = selection;
    const summary = await task.run({
      queue,
      selection: selection.ids === undefined ? { ...selection, filter: { ...filter, to: Math.min(filter.to ?? counted.asOf, counted.asOf) } } : selection,
      ...(to === queue ? {} : { to }),
      ...(place === "own" ? {} : { partition: place === "none" ? null : partition }),
      allGroups, again, plaintext, rate: perSecond,
    });
    if (summary !== undefined) onDone(summary);
  }

  return (
    <Dialog
      title={t("Redrive dead letters of {0}", queue)}
      action={total === undefined ? t("Redrive") : count(total, "Redrive {0} dead letter", "Redrive {0} dead letters")}
      disabled={task.running || total === undefined || total === 0 || rateError !== undefined || to.trim() === ""}
      onAction={() => void redrive()}
      onCancel={() => { if (task.running) task.cancel(); else onClose(); }}
    >
      <p role="status">{counted === undefined ? counting.error === undefined && t("Counting… {0}", number(counting.progress?.scanned ?? 0)) : countedText(counted, again)}</p>
      {counting.error !== undefined && <Failure error={counting.error} />}
      {task.running ? (
        <div class="dead-progress" role="status">
          <VscodeProgressBar value={task.progress?.done ?? 0} max={Math.max(1, total ?? 1)} aria-label={t("Progress")} />
          <span>{t("{0} of {1} redriven to {2}. Cancel stops between two of them.", number(task.progress?.done ?? 0), number(total ?? 0), to)}</span>
        </div>
      ) : (
        <>
          <Labelled label={t("To the queue")} error={refused === "to" ? task.error?.message : undefined}><QueueField value={to} onChange={setTo} /></Labelled>
          <Labelled label={t("Partition")} error={refused === "partition" ? task.error?.message : undefined}>
            <Select label={t("Partition")} value={place} onChange={(value) => { setPlace(value === "none" || value === "other" ? value : "own"); }} choices={[{ value: "own", label: t("Its own, at the tail") }, { value: "none", label: t("None") }, { value: "other", label: t("This one…") }]} />
            {place === "other" && <TextField label={t("Name of the partition")} placeholder={t("Name of the partition")} value={partition} onChange={setPartition} />}
          </Labelled>
          <Labelled label={t("Messages a second")} error={rateError}><TextField label={t("Messages a second; nothing: as fast as possible")} placeholder={t("As fast as possible")} value={rate} onChange={setRate} invalid={rateError !== undefined} /></Labelled>
          {to === queue && <Checkbox label={t("To all groups, not only to the one each died in")} value={allGroups} onChange={setAllGroups} />}
          <Checkbox label={t("Again: also those that were redriven before")} value={again} onChange={setAgain} />
          {(refused === "plaintext" || plaintext) && <Checkbox label={t("Store the encrypted data readable in {0}", to)} value={plaintext} onChange={setPlaintext} />}
          {task.error !== undefined && refused !== "to" && refused !== "partition" && <Failure error={task.error} />}
        </>
      )}
    </Dialog>
  );
}

function countedText({ count: all, redriven }: Result<"deadLetters.count">, again: boolean): string {
  const found = count(all, "{0} dead letter. It stays here, marked as redriven, until it is discarded.", "{0} dead letters. They stay here, marked as redriven, until they are discarded.");
  if (redriven === 0) return found;
  return `${found} ${again ? count(redriven, "{0} of them was redriven before.", "{0} of them were redriven before.") : count(redriven, "{0} was redriven before and is left alone.", "{0} were redriven before and are left alone.")}`;
}

/** A queue's name, with those there are to choose from. */
function QueueField({ value, onChange }: { readonly value: string; readonly onChange: (value: string) => void }): JSX.Element {
  const id = useId();
  const found = useCall("queue.list", { match: value });
  const all = useCall("queue.list", {});
  const names = [...new Set([...(found.value?.queues ?? []), ...(all.value?.queues ?? [])].map(({ name }) => name))];
  return (
    <>
      <input class="native-input" list={id} aria-label={t("To the queue")} value={value} onInput={(event) => { onChange(event.currentTarget.value); }} />
      <datalist id={id}>{names.map((name) => <option key={name} value={name} />)}</datalist>
    </>
  );
}
