import type { JSX } from "preact";
import type { TraceMark, TraceRow, TraceStep, TraceStory } from "../../src/protocol/index.ts";
import { t } from "../l10n.ts";
import { MessageLinks } from "../dead-letters/links.tsx";
import { duration } from "../parts/format.ts";
import { Time } from "../parts/time.tsx";
import { isSlowest } from "./chart.tsx";
import { endName, lastedText, stepName } from "./words.ts";

type Line = { readonly at: number; readonly row: TraceRow } & ({ readonly step: TraceStep } | { readonly mark: TraceMark });

/** The same as the drawing, in words, in the order of time. */
export function StoryTable({ story }: { readonly story: TraceStory }): JSX.Element {
  const lines = story.rows.flatMap((row): Line[] => [
    ...(row.kind === "message" ? row.steps.map((step) => ({ at: step.from, row, step })) : []),
    ...row.marks.map((mark) => ({ at: mark.at, row, mark })),
  ]).sort((a, b) => a.at - b.at);
  return (
    <div class="trace-table" tabIndex={0} role="region" aria-label={t("Steps and events")}>
      <table>
        <thead><tr><th scope="col">{t("Time")}</th><th scope="col" class="numeric">{t("After")}</th><th scope="col">{t("Message")}</th><th scope="col">{t("What")}</th><th scope="col" class="numeric">{t("Lasted")}</th><th scope="col">{t("Worker")}</th><th scope="col">{t("Outcome")}</th></tr></thead>
        <tbody>{lines.map((line, i) => <StoryLine key={i} line={line} story={story} />)}</tbody>
      </table>
    </div>
  );
}

function StoryLine({ line, story }: { readonly line: Line; readonly story: TraceStory }): JSX.Element {
  const { at, row } = line;
  const slow = "step" in line && isSlowest(line.step, row, story);
  return (
    <tr class={slow ? "slowest" : ""}>
      <td><Time at={at} /></td>
      <td class="numeric">{`+${duration(at - story.from)}`}</td>
      <td><MessageLinks queue={row.queue} id={row.messageId} />{row.group !== "default" && <span class="hint"> {row.group}</span>}</td>
      {"step" in line ? (
        <>
          <th scope="row">{stepName(line.step)}{slow && <span class="slow-tag">{t("slowest")}</span>}</th>
          <td class="numeric">{lastedText(line.step, story.now)}</td>
          <td>{line.step.worker ?? ""}</td>
          <td>{endName(line.step)}{line.step.error !== null && <div class="error-text">{line.step.error}</div>}</td>
        </>
      ) : (
        <>
          <th scope="row">◆ {line.mark.type}</th>
          <td />
          <td>{line.mark.worker ?? ""}</td>
          <td>{line.mark.names.join(", ")} {line.mark.data !== null && <span class="mono">{line.mark.data}</span>}</td>
        </>
      )}
    </tr>
  );
}
