import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";
import * as z from "zod/mini";
import type { MessageRow, Params, PoppedView, SettledView } from "../../src/protocol/index.ts";
import { useInspector } from "../app/inspector.ts";
import { useCall } from "../app/use-call.ts";
import { useRemembered } from "../app/use-remembered.ts";
import { t } from "../l10n.ts";
import { Button, Select, TextField } from "../parts/controls.tsx";
import { type Column, DataTable } from "../parts/data-table.tsx";
import { Fitted } from "../parts/fitted.tsx";
import { count, duration } from "../parts/format.ts";
import { Empty, Failure } from "../parts/notice.tsx";
import { Countdown, Time } from "../parts/time.tsx";
import { type Settling, SettleBar } from "./settle-bar.tsx";

const PEEKED = 50;

const NEXT: readonly Column<MessageRow>[] = [
  { key: "id", title: t("Id"), width: "100px", cell: (row) => row.id },
  { key: "entered", title: t("Entered"), width: "110px", cell: (row) => <Time at={row.createdAt} /> },
  { key: "partition", title: t("Partition"), width: "140px", cell: (row) => row.partition ?? "" },
  { key: "deliveries", title: t("Deliveries"), width: "90px", numeric: true, cell: (row) => row.deliveryCount },
  { key: "data", title: t("Data"), width: "minmax(160px, 1fr)", cell: (row) => <span class="mono">{row.preview}</span> },
];

const LEASED: readonly Column<PoppedView>[] = [
  { key: "id", title: t("Id"), width: "100px", cell: ({ message }) => message.id },
  { key: "group", title: t("Group"), width: "110px", cell: ({ group }) => group },
  { key: "ends", title: t("Lease ends in"), width: "130px", cell: ({ leaseExpiresAt }) => <Countdown to={leaseExpiresAt} /> },
  { key: "attempt", title: t("Attempt"), width: "80px", numeric: true, cell: ({ attempt }) => attempt },
  { key: "partition", title: t("Partition"), width: "140px", cell: ({ message }) => message.partition ?? "" },
  { key: "data", title: t("Data"), width: "minmax(160px, 1fr)", cell: ({ message }) => <span class="mono">{message.preview}</span> },
];

/** Looks at what is next, and leases it only when Pop is pressed. */
export function PopTab(): JSX.Element {
  const { queue, group, show, surroundings } = useInspector();
  const [batch, setBatch] = useRemembered("batch", z.string(), "1");
  const [lease, setLease] = useRemembered("lease", z.string(), "");
  const [partition, setPartition] = useRemembered("partition", z.string(), "");
  const [newGroup, setNewGroup] = useState("");
  const [start, setStart] = useState<"all" | "new">("all");
  const [current, setCurrent] = useState<string | null>(null);
  const [currentNext, setCurrentNext] = useState<string | null>(null);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [outcome, setOutcome] = useState<readonly SettledView[]>([]);
  const popped = useCall("pop.list", { queue: queue.name });
  const inGroup = newGroup.trim() === "" ? group : newGroup.trim();
  const next = useCall("pop.peek", { queue: queue.name, group: inGroup, limit: PEEKED, ...(partition === "" ? {} : { partition }) });
  const pausedGroup = queue.groups.some(({ name, paused }) => name === inGroup && paused);
  const { readOnly } = surroundings.connection;
  const rows = popped.value?.popped ?? [];
  const { take, error, note } = useTake();

  const size = Number(batch);
  const seconds = lease.trim() === "" ? null : Number(lease);
  const sizeProblem = !Number.isInteger(size) || size < 1 || size > 1000;
  const leaseProblem = seconds !== null && !(seconds > 0);
  const leaseTime = seconds === null ? Number(queue.options["leaseTime"]) : seconds * 1000;
  const settling: Settling = {
    receipts: (chosen.size > 0 ? rows.filter(({ receipt }) => chosen.has(receipt)) : rows.filter(({ receipt }) => receipt === current)).map(({ receipt }) => receipt),
    all: rows.map(({ receipt }) => receipt),
    onDone: (results) => {
      setOutcome(results);
      setChosen(new Set());
      popped.reload();
    },
  };

  return (
    <div class="pop">
      {!readOnly && (
        <div class="toolbar pop-fields" role="group" aria-label={t("What to pop")}>
          <Captioned caption={t("How many")}><TextField label={t("How many")} type="number" value={batch} invalid={sizeProblem} onChange={setBatch} /></Captioned>
          <Captioned caption={t("Partition")}><TextField label={t("Only this partition")} placeholder={t("any partition")} value={partition} onChange={setPartition} /></Captioned>
          <Captioned caption={t("Lease in seconds")}><TextField label={t("Lease in seconds")} placeholder={t("the queue's: {0}", duration(Number(queue.options["leaseTime"])))} value={lease} invalid={leaseProblem} onChange={setLease} /></Captioned>
          <Captioned caption={t("Group")}><TextField label={t("Group, instead of {0}", group)} placeholder={group} value={newGroup} onChange={setNewGroup} /></Captioned>
          {newGroup.trim() !== "" && !queue.groups.some(({ name }) => name === newGroup.trim()) && (
            <Select label={t("Where the new group starts")} value={start} onChange={(value) => { setStart(value === "new" ? "new" : "all"); }} choices={[{ value: "all", label: t("starts at all") }, { value: "new", label: t("starts at new") }]} />
          )}
          <Button
            primary
            icon="inbox"
            disabled={sizeProblem || leaseProblem}
            title={t("Leases what is next for {0}, for {1}", inGroup, duration(leaseTime))}
            onClick={() => void take({ queue: queue.name, group: inGroup, batch: size, start, ...(partition === "" ? {} : { partition }), ...(seconds === null ? {} : { lease: Math.round(seconds * 1000) }) })}
          >
            {sizeProblem ? t("Pop") : count(size, "Pop {0} for {1}", "Pop up to {0} for {1}").replace("{1}", inGroup)}
          </Button>
        </div>
      )}
      {(queue.paused || pausedGroup) && <p class="note" role="status">{queue.paused ? t("{0} is paused: nothing is delivered until it is resumed.", queue.name) : t("The group {0} is paused: nothing is delivered to it until it is resumed.", inGroup)}</p>}
      {error !== null && <Failure error={error} />}
      {note !== null && <p class="note" role="status">{note}</p>}
      <section class="pop-section held" aria-label={t("Leased here")}>
        <h2>{t("Leased here")}</h2>
        {rows.length === 0 ? (
          <p class="hint">{readOnly ? t("This connection is read-only: nothing can be leased through it.") : t("Nothing yet. Pop leases messages; they stand here and in the sidebar until they are settled or their lease ends.")}</p>
        ) : (
          <>
            <SettleBar settling={settling} />
            <Fitted rows={rows.length} most={8}><DataTable label={t("Leased here")} columns={LEASED} rows={rows} rowKey={({ receipt }) => receipt} current={current} onCurrent={setCurrent} chosen={chosen} onChosen={setChosen} onOpen={({ message }) => { show("messages", { messageId: message.id }); }} /></Fitted>
          </>
        )}
        <Outcome results={outcome} />
      </section>
      <section class="pop-section" aria-label={t("Next for {0}", inGroup)}>
        <h2>{t("Next for {0}", inGroup)} <span class="hint">{t("Only looked at: nothing is leased.")}</span></h2>
        {next.error !== undefined && <Failure error={next.error} />}
        {next.value?.rows.length === 0 && <Empty title={t("Nothing is ready for {0}", inGroup)}><p>{t("Messages may be scheduled, retrying, or leased by others: the counts above say so.")}</p></Empty>}
        {next.value !== undefined && next.value.rows.length > 0 && <DataTable label={t("Next for {0}", inGroup)} columns={NEXT} rows={next.value.rows} rowKey={({ id }) => id} current={currentNext} onCurrent={setCurrentNext} onOpen={({ id }) => { show("messages", { messageId: id }); }} />}
      </section>
    </div>
  );
}

/** What a field of a row of them is for; screen readers hear the field's own name. */
function Captioned({ caption, children }: { readonly caption: string; readonly children: ComponentChildren }): JSX.Element {
  return <div class="captioned"><span class="caption" aria-hidden="true">{caption}</span>{children}</div>;
}

interface Taking {
  readonly take: (request: Params<"pop.take">) => Promise<void>;
  readonly error: Error | null;
  readonly note: string | null;
}

function useTake(): Taking {
  const { client, announce } = useInspector();
  const [error, setError] = useState<Error | null>(null);
  const [note, setNote] = useState<string | null>(null);
  return {
    error,
    note,
    take: async (request) => {
      setError(null);
      try {
        const { taken } = await client.call("pop.take", request);
        setNote(taken === 0 ? t("Nothing is ready for {0}.", request.group) : null);
        announce(count(taken, "Popped {0} message", "Popped {0} messages"));
      } catch (reason) {
        setError(reason instanceof Error ? reason : new Error(String(reason)));
      }
    },
  };
}

/** What became of what was settled last; a failure stays until the next. */
function Outcome({ results }: { readonly results: readonly SettledView[] }): JSX.Element | null {
  const failed = results.filter(({ error }) => error !== null);
  const [first] = failed;
  if (results.length === 0) return null;
  if (first?.error == null) return <p class="note" role="status">{count(results.length, "{0} message: {1}", "{0} messages: {1}").replace("{1}", results[0]?.outcome ?? "")}</p>;
  return <Failure error={new Error(failed.length === 1 ? first.error.message : t("{0} of {1} failed. The first: {2}", failed.length, results.length, first.error.message))} />;
}
