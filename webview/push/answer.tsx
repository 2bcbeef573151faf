import type { JSX } from "preact";
import type { Pushed, PushSummary } from "../../src/protocol/index.ts";
import { useInspector } from "../app/inspector.ts";
import { t } from "../l10n.ts";
import { Icon } from "../parts/controls.tsx";
import { VscodeProgressBar } from "../parts/elements.ts";
import { count, number } from "../parts/format.ts";
import { Failure } from "../parts/notice.tsx";

/** What became of a push: each message a link, a duplicate one to its original. */
export function Answer({ summary, running }: { readonly summary: PushSummary; readonly running: boolean }): JSX.Element {
  const { asked, pushed, duplicates, last, error } = summary;
  const shown = last.slice(-20).reverse();
  return (
    <section class="answer" aria-label={t("What was pushed")}>
      {running && asked > 1 && <VscodeProgressBar value={pushed} max={asked} aria-label={t("Pushed {0} of {1}", number(pushed), number(asked))} />}
      <p role="status">
        {running || pushed < asked ? t("Pushed {0} of {1}.", number(pushed), number(asked)) : pushed === duplicates && pushed > 0 ? t("Nothing was added.") : count(pushed - duplicates, "Pushed {0} message.", "Pushed {0} messages.")}
        {duplicates > 0 && ` ${count(duplicates, "{0} was a duplicate.", "{0} were duplicates.")}`}
      </p>
      {error !== null && <Failure error={new Error(t("Stopped after {0}: {1}", number(pushed), error.message))} />}
      <ul class="pushed-list">
        {shown.map((each, index) => <li key={`${each.id} ${index}`}><Line pushed={each} /></li>)}
      </ul>
      {pushed > shown.length && <p class="hint">{t("These are the latest {0}.", shown.length)}</p>}
    </section>
  );
}

function Line({ pushed: { id, status, transactionId, partition } }: { readonly pushed: Pushed }): JSX.Element {
  const { show } = useInspector();
  const link = <button type="button" class="link" onClick={() => { show("messages", { messageId: id }); }}>{id}</button>;
  const where = partition === null ? "" : t("in partition {0}", partition);
  switch (status) {
    case "queued":
      return <><Icon name="check" /> {link} {where}</>;
    case "scheduled":
      return <><Icon name="watch" /> {link} {t("scheduled")} {where}</>;
    case "duplicate":
      return <><Icon name="copy" /> {t("A message with the id {0} is there already:", transactionId)} {link} {where}</>;
  }
}
