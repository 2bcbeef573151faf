import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { RedriveSummary, Result } from "../../src/protocol/index.ts";
import { useInspector } from "../app/inspector.ts";
import { t } from "../l10n.ts";
import { Button, Icon, IconButton } from "../parts/controls.tsx";
import { count } from "../parts/format.ts";
import { Failure } from "../parts/notice.tsx";
import { MessageLinks } from "./links.tsx";

/** Messages that are linked to by name. */
const LINKED = 5;

/** What a redrive did, with links, and the way back while nobody was given the messages. */
export function RedriveOutcome({ summary, onClose }: { readonly summary: RedriveSummary; readonly onClose: () => void }): JSX.Element {
  const { client, queue, announce } = useInspector();
  const [undone, setUndone] = useState<Result<"deadLetters.undo">>();
  const [error, setError] = useState<Error>();
  const { count: redriven, before, stopped, queue: to } = summary;

  function undo(): void {
    client.call("deadLetters.undo", { queue: queue.name, ids: summary.redriven.map(({ deadLetterId }) => deadLetterId) }).then(
      (result) => {
        setUndone(result);
        announce(undoneText(result));
      },
      (reason: unknown) => { setError(reason instanceof Error ? reason : new Error(String(reason))); },
    );
  }

  return (
    <div class="outcome" role="status">
      <div class="outcome-line">
        <Icon name={stopped === null ? "pass" : "warning"} />
        <span>
          {count(redriven, "{0} dead letter was redriven", "{0} dead letters were redriven")} {t("to {0}.", to)}
          {before > 0 && <> {count(before, "{0} had been redriven before and was left alone.", "{0} had been redriven before and were left alone.")}</>}
          {stopped !== null && <> {stopped.code === "cancelled" ? t("Then it was cancelled.") : stopped.message}</>}
        </span>
        <span class="spacer" />
        {undone === undefined && redriven > 0 && redriven === summary.redriven.length && <Button icon="discard" onClick={undo} title={t("Takes the messages back that nobody was given yet")}>{t("Undo")}</Button>}
        <IconButton icon="close" label={t("Close")} onClick={onClose} />
      </div>
      {undone === undefined && <ul class="outcome-links">{summary.redriven.slice(0, LINKED).map(({ messageId }) => <li key={messageId}><MessageLinks queue={to} id={messageId} /></li>)}{redriven > LINKED && <li>{t("and {0} more", redriven - LINKED)}</li>}</ul>}
      {undone !== undefined && <p>{undoneText(undone)}</p>}
      {undone !== undefined && undone.kept.length > 0 && <ul class="outcome-kept">{undone.kept.slice(0, LINKED).map(({ deadLetterId, reason }) => <li key={deadLetterId}>{reason}</li>)}{undone.kept.length > LINKED && <li>{t("and {0} more", undone.kept.length - LINKED)}</li>}</ul>}
      {error !== undefined && <Failure error={error} />}
    </div>
  );
}

function undoneText({ undone, kept }: Result<"deadLetters.undo">): string {
  if (undone === 0 && kept.length > 0) return t("Nothing could be undone:");
  const done = count(undone, "{0} redrive was undone: the dead letter waits as before.", "{0} redrives were undone: the dead letters wait as before.");
  return kept.length === 0 ? done : `${done} ${t("Others could not be:")}`;
}
