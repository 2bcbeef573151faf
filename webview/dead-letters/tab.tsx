import type { JSX } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import * as z from "zod/mini";
import type { DeadSelection, RedriveSummary } from "../../src/protocol/index.ts";
import { useInspector } from "../app/inspector.ts";
import type { TabProps } from "../app/tab-bar.tsx";
import { useRemembered } from "../app/use-remembered.ts";
import { t } from "../l10n.ts";
import { Split } from "../messages/split.tsx";
import { Button } from "../parts/controls.tsx";
import { DataTable } from "../parts/data-table.tsx";
import { count, number } from "../parts/format.ts";
import { Empty, Failure } from "../parts/notice.tsx";
import { columnsOf } from "./columns.tsx";
import { type Conditions, ConditionsBar, conditionsShape, filterOf, isNarrowed, NO_CONDITIONS } from "./conditions.tsx";
import { LetterDetail } from "./detail.tsx";
import { DiscardDialog } from "./discard-dialog.tsx";
import { EditDialog } from "./edit-dialog.tsx";
import { RedriveDialog } from "./redrive-dialog.tsx";
import { groupOf, type TableRow, tableRows } from "./rows.ts";
import { chooseOne, oneKind, selectionOf } from "./selection.ts";
import { RedriveOutcome } from "./summary.tsx";
import { useDeadLetters } from "./use-dead-letters.ts";

type Asked = { readonly action: "redrive" | "discard"; readonly selection: DeadSelection } | { readonly action: "edit"; readonly id: string; readonly again: boolean };

const NOTHING: ReadonlySet<string> = new Set();

/** What failed for good, by the kind of its error. */
export function DeadLettersTab({ start }: TabProps): JSX.Element {
  const { surroundings, client, queue, announce } = useInspector();
  const [conditions, setConditions] = useRemembered("conditions", conditionsShape, NO_CONDITIONS);
  const [open, setOpen] = useRemembered("open", z.array(z.string()), []);
  const [looked, setLooked] = useRemembered("looked", z.nullable(z.string()), null);
  const [current, setCurrent] = useState<string | null>(null);
  const [chosen, setChosen] = useState(NOTHING);
  const [asked, setAsked] = useState<Asked>();
  const [outcome, setOutcome] = useState<RedriveSummary>();
  const filter = useMemo(() => filterOf(conditions, Date.now()), [JSON.stringify(conditions)]);
  const { groups, letters, error, loading, goOn, more } = useDeadLetters(filter, open);
  const rows = useMemo(() => tableRows(groups?.groups ?? [], new Set(open), letters), [groups, open, letters]);
  const linked = start.deadLetterId ?? start.messageId;
  useEffect(() => { if (linked !== undefined) setLooked(linked); }, [start]);

  const toggle = (fingerprint: string): void => { setOpen(open.includes(fingerprint) ? open.filter((one) => one !== fingerprint) : [...open, fingerprint]); };
  function openRow(row: TableRow): void {
    if (row.kind === "group") toggle(row.group.fingerprint);
    else if (row.kind === "more") more(row.fingerprint);
    else setLooked(row.key);
  }
  function goTo(key: string): void {
    setCurrent(key);
    const row = rows.find((one) => one.key === key);
    if (row?.kind === "letter") setLooked(key);
  }
  /** As in a tree: right opens a group, left closes it. */
  function onKeyDown(event: KeyboardEvent): void {
    const fingerprint = current === null ? null : groupOf(current);
    if (fingerprint === null || (event.key !== "ArrowRight" && event.key !== "ArrowLeft") || open.includes(fingerprint) === (event.key === "ArrowRight")) return;
    event.preventDefault();
    toggle(fingerprint);
  }
  const one = (id: string): DeadSelection => ({ ids: [id], filter: {} });
  const done = (): void => {
    setAsked(undefined);
    setChosen(NOTHING);
  };
  const columns = columnsOf({ toggle, more, chosen, shown: { data: open.length > 0 && looked === null, first: looked === null, partition: groups?.groups.some(({ partitions }) => partitions > 0) === true }, choose: (key) => { setChosen(chooseOne(chosen, key)); } });
  const ask = (action: "redrive" | "discard") => (): void => { setAsked({ action, selection: selectionOf(chosen, filter) }); };

  return (
    <>
      <div class="toolbar">
        <ConditionsBar conditions={conditions} onConditions={setConditions} />
        <span class="spacer" />
        {!surroundings.connection.readOnly && rows.length > 0 && (
          <div class="dead-actions">
            <Button primary icon="debug-restart" onClick={ask("redrive")}>{redriveText(chosen, conditions)}</Button>
            <Button icon="trash" onClick={ask("discard")}>{discardText(chosen, conditions)}</Button>
          </div>
        )}
      </div>
      {error !== undefined && <Failure error={error} />}
      {outcome !== undefined && <RedriveOutcome key={outcome.redriven[0]?.messageId ?? ""} summary={outcome} onClose={() => { setOutcome(undefined); }} />}
      <Split
        open={looked !== null}
        side={looked !== null && (
          <LetterDetail
            key={looked}
            id={looked}
            onClose={() => { setLooked(null); }}
            onRedrive={(id) => { setAsked({ action: "redrive", selection: one(id) }); }}
            onDiscard={(id) => { setAsked({ action: "discard", selection: one(id) }); }}
            onEdit={({ id, redriven }) => {
              if (surroundings.surface === "browser") setAsked({ action: "edit", id, again: redriven.length > 0 });
              else client.call("deadLetters.open", { queue: queue.name, id, how: "edit" }).catch((reason: unknown) => { announce(String(reason)); });
            }}
          />
        )}
      >
        {groups?.groups.length === 0 ? <NoneHere conditions={conditions} onAll={() => { setConditions({ ...NO_CONDITIONS, redriven: "all" }); }} /> : (
          <div class="dead-table" onKeyDown={onKeyDown} aria-busy={loading}>
            <DataTable
              label={t("Dead letters by error")}
              columns={columns}
              rows={rows}
              rowKey={({ key }) => key}
              current={current}
              onCurrent={goTo}
              onOpen={openRow}
              chosen={chosen}
              onChosen={(next) => { setChosen(oneKind(next)); }}
              rowClass={(row) => `dead-${row.kind}`}
            />
            {groups !== undefined && (
              <p class="dead-foot" role="status">
                {count(groups.groups.length, "{0} error", "{0} errors")}, {count(groups.scanned, "{0} dead letter", "{0} dead letters")}.{" "}
                {groups.more && <>{t("The first {0} are grouped.", number(groups.scanned))} <button type="button" class="link" onClick={goOn}>{t("Go on")}</button></>}
              </p>
            )}
          </div>
        )}
      </Split>
      {asked?.action === "redrive" && <RedriveDialog selection={asked.selection} onClose={() => { setAsked(undefined); }} onDone={(summary) => { setOutcome(summary); done(); }} />}
      {asked?.action === "edit" && <EditDialog id={asked.id} again={asked.again} onClose={() => { setAsked(undefined); }} onDone={(summary) => { setOutcome(summary); done(); }} />}
      {asked?.action === "discard" && <DiscardDialog selection={asked.selection} onClose={() => { setAsked(undefined); }} onDone={({ discarded, stopped }) => {
        announce(`${count(discarded, "{0} dead letter was discarded.", "{0} dead letters were discarded.")} ${stopped?.message ?? ""}`);
        if (looked !== null && (asked.selection.ids?.includes(looked) ?? true)) setLooked(null);
        done();
      }} />}
    </>
  );
}

function redriveText(chosen: ReadonlySet<string>, conditions: Conditions): string {
  const [first] = chosen;
  if (first === undefined) return isNarrowed(conditions) ? t("Redrive All That Match…") : t("Redrive All…");
  return groupOf(first) === null ? t("Redrive {0} Chosen…", number(chosen.size)) : count(chosen.size, "Redrive {0} Error…", "Redrive {0} Errors…");
}

function discardText(chosen: ReadonlySet<string>, conditions: Conditions): string {
  const [first] = chosen;
  if (first === undefined) return isNarrowed(conditions) ? t("Discard All That Match…") : t("Discard All…");
  return groupOf(first) === null ? t("Discard {0} Chosen…", number(chosen.size)) : count(chosen.size, "Discard {0} Error…", "Discard {0} Errors…");
}

function NoneHere({ conditions, onAll }: { readonly conditions: Conditions; readonly onAll: () => void }): JSX.Element {
  const { queue } = useInspector();
  if (isNarrowed(conditions) || conditions.redriven === "redriven") {
    return <Empty icon="search" title={t("No dead letter matches")}><Button onClick={onAll}>{t("Show All")}</Button></Empty>;
  }
  return (
    <Empty icon="pass" title={conditions.redriven === "all" ? t("{0} has no dead letters", queue.name) : t("No dead letter of {0} waits", queue.name)}>
      <p>{t("A message that fails more often than its retryLimit ends here, with its data, its error and its stack.")}</p>
      {conditions.redriven === "waiting" && <Button onClick={onAll}>{t("Show Redriven Ones Too")}</Button>}
    </Empty>
  );
}
