import type { JSX } from "preact";
import type { TraceMark, TraceRow, TraceStep, TraceStory } from "../../src/protocol/index.ts";
import { t } from "../l10n.ts";
import { duration } from "../parts/format.ts";
import { Time } from "../parts/time.tsx";
import { endName, lastedText, stepPlace } from "./words.ts";

export type PointedAt = { readonly kind: "step"; readonly step: TraceStep; readonly row: TraceRow } | { readonly kind: "mark"; readonly mark: TraceMark; readonly row: TraceRow };

/** What the pointer or the focus is on; of nothing, what the colours mean. */
export function Pointed({ at, story }: { readonly at: PointedAt | undefined; readonly story: TraceStory }): JSX.Element {
  if (at === undefined) return <div class="trace-pointed"><Legend /></div>;
  return <div class="trace-pointed">{at.kind === "step" ? <StepFacts step={at.step} row={at.row} story={story} /> : <MarkFacts mark={at.mark} story={story} />}</div>;
}

function StepFacts({ step, row, story }: { readonly step: TraceStep; readonly row: TraceRow; readonly story: TraceStory }): JSX.Element {
  const { from, to, until, error } = step;
  return (
    <>
      <strong>{stepPlace(step, row)}</strong>
      <span>{lastedText(step, story.now)}</span>
      <span><Time at={from} />{to !== null && <> – <Time at={to} /></>} (+{duration(from - story.from)})</span>
      <span>{endName(step)}</span>
      {until !== null && <span>{t("until")} <Time at={until} /></span>}
      {error !== null && <span class="error-text">{error}</span>}
    </>
  );
}

function MarkFacts({ mark, story }: { readonly mark: TraceMark; readonly story: TraceStory }): JSX.Element {
  return (
    <>
      <strong>{mark.type}</strong>
      <span><Time at={mark.at} /> (+{duration(mark.at - story.from)})</span>
      {mark.worker !== null && <span>{t("by {0}", mark.worker)}</span>}
      {mark.names.length > 0 && <span>{mark.names.join(", ")}</span>}
      {mark.data !== null && <span class="mono">{mark.data}</span>}
    </>
  );
}

function Legend(): JSX.Element {
  const kinds = [["waiting", t("waiting")], ["leased end-acked", t("leased, done")], ["leased end-nacked", t("leased, failed")], ["leased going-on", t("leased now")], ["retrying", t("retry delay")], ["dead", t("dead letter")], ["unrecorded", t("not recorded in detail")]] as const;
  return <ul class="trace-legend">{kinds.map(([classes, name]) => <li key={name}><span class={`trace-bar ${classes}`} /> {name}</li>)}<li><span class="trace-mark" /> {t("recorded by a handler")}</li></ul>;
}
