import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { GroupView, MemberRow } from "../../src/protocol/index.ts";
import { useInspector } from "../app/inspector.ts";
import { useCall } from "../app/use-call.ts";
import { t } from "../l10n.ts";
import { Button, TextField } from "../parts/controls.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { type Column, DataTable } from "../parts/data-table.tsx";
import { Fitted } from "../parts/fitted.tsx";
import { count, duration, number } from "../parts/format.ts";
import { Failure } from "../parts/notice.tsx";
import { useNow } from "../parts/time.tsx";
import { Seek } from "./seek.tsx";

/** What can be done with a group, and its members. */
export function GroupDetail({ group }: { readonly group: GroupView }): JSX.Element {
  const { queue, surroundings } = useInspector();
  const { readOnly } = surroundings.connection;
  return (
    <section class="group-detail" aria-label={t("Group {0}", group.name)}>
      <h2>{group.name}</h2>
      {!readOnly && <Actions group={group} />}
      {!readOnly && <Seek queue={queue.name} group={group} />}
      <Members queue={queue.name} group={group.name} />
    </section>
  );
}

function Actions({ group: { name, paused, held, counts } }: { readonly group: GroupView }): JSX.Element {
  const { client, queue, announce } = useInspector();
  const [error, setError] = useState<Error | null>(null);
  const [steps, setSteps] = useState("1");
  const [deleting, setDeleting] = useState(false);
  const place = { queue: queue.name, group: name };
  const step = Number(steps);
  const stepProblem = !Number.isInteger(step) || step < 1 || step > 1000;
  const act = (action: Promise<unknown>, done: string): void => {
    setError(null);
    action.then(() => { announce(done); }, (reason: unknown) => { setError(reason instanceof Error ? reason : new Error(String(reason))); });
  };
  return (
    <>
      <div class="toolbar" role="toolbar" aria-label={t("Group {0}", name)}>
        <Button icon={paused ? "debug-start" : "debug-pause"} onClick={() => { act(client.call("groups.pause", { ...place, paused: !paused }), paused ? t("Resumed {0}", name) : t("Paused {0}", name)); }}>{paused ? t("Resume") : t("Pause")}</Button>
        {held === null ? (
          <Button icon="debug-step-over" title={t("Deliver nothing until messages are let go one by one")} onClick={() => { act(client.call("groups.hold", { ...place, held: true }), t("Holds {0}", name)); }}>{t("Hold and Step")}</Button>
        ) : (
          <>
            <TextField label={t("How many to let go")} type="number" value={steps} invalid={stepProblem} onChange={setSteps} />
            <Button icon="debug-step-over" disabled={stepProblem} onClick={() => { act(client.call("groups.step", { ...place, count: step }), t("Let {0} go", step)); }}>{stepProblem ? t("Let Go") : t("Let {0} Go", number(step))}</Button>
            <Button icon="debug-continue" onClick={() => { act(client.call("groups.hold", { ...place, held: false }), t("Delivers freely")); }}>{t("Deliver Freely")}</Button>
          </>
        )}
        <span class="spacer" />
        <Button icon="trash" onClick={() => { setDeleting(true); }}>{t("Delete…")}</Button>
      </div>
      {error !== null && <Failure error={error} />}
      {deleting && (
        <Dialog
          title={t("Delete the group {0} of {1}?", name, queue.name)}
          action={t("Delete {0}", name)}
          onCancel={() => { setDeleting(false); }}
          onAction={() => {
            setDeleting(false);
            act(client.call("groups.delete", place), t("Deleted the group {0}", name));
          }}
        >
          <p>{t("Its position goes: the next pop makes it anew, at its start. Its dead letters stay.")}</p>
          {counts.leased > 0 && <p>{count(counts.leased, "{0} leased message loses its receipt.", "{0} leased messages lose their receipts.")}</p>}
        </Dialog>
      )}
    </>
  );
}

const MEMBERS: readonly Column<MemberRow>[] = [
  { key: "name", title: t("Worker"), width: "minmax(140px, 1fr)", cell: ({ name, id }) => <span title={id}>{name}</span> },
  { key: "where", title: t("Process"), width: "160px", cell: ({ host, pid }) => `${host} · ${pid}` },
  { key: "status", title: t("State"), width: "110px", cell: ({ status, live }) => (live ? status : t("gone")) },
  { key: "work", title: t("Working on"), width: "minmax(100px, 1fr)", cell: ({ current, concurrency }) => (current.length === 0 ? t("nothing; {0} at once", concurrency) : current.join(", ")) },
  { key: "processed", title: t("Processed"), width: "90px", numeric: true, cell: ({ processed }) => number(processed) },
  { key: "failed", title: t("Failed"), width: "80px", numeric: true, cell: ({ failed }) => number(failed) },
  { key: "seen", title: t("Last seen"), width: "100px", numeric: true, cell: ({ lastHeartbeatAt }) => <Ago at={lastHeartbeatAt} /> },
];

function Ago({ at }: { readonly at: number }): JSX.Element {
  const now = useNow(1000);
  return <>{t("{0} ago", duration(Math.max(0, now - at)))}</>;
}

function Members({ queue, group }: { readonly queue: string; readonly group: string }): JSX.Element {
  const { value, error } = useCall("groups.members", { queue, group });
  const [current, setCurrent] = useState<string | null>(null);
  return (
    <section class="members" aria-label={t("Workers of {0}", group)}>
      <h3>{t("Workers")}</h3>
      {error !== undefined && <Failure error={error} />}
      {value?.members.length === 0 && <p class="hint">{t("No worker has said a word within the last hour. Start one from the sidebar, or with: queuescope worker {0}", group === "default" ? queue : `${queue} --group ${group}`)}</p>}
      {value !== undefined && value.members.length > 0 && <Fitted rows={value.members.length} most={12}><DataTable label={t("Workers of {0}", group)} columns={MEMBERS} rows={value.members} rowKey={({ id }) => id} current={current} onCurrent={setCurrent} /></Fitted>}
    </section>
  );
}
