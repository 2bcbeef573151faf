import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import * as z from "zod/mini";
import type { Series } from "../../src/protocol/index.ts";
import { useInspector } from "../app/inspector.ts";
import { useCall } from "../app/use-call.ts";
import { useRemembered } from "../app/use-remembered.ts";
import { t } from "../l10n.ts";
import { Checkbox, Select } from "../parts/controls.tsx";
import { duration, minute, number } from "../parts/format.ts";
import { Failure } from "../parts/notice.tsx";
import { Chart, type Line } from "./chart.tsx";
import { Groups } from "./groups.tsx";
import { Partitions } from "./partitions.tsx";

const SPANS = [15, 60, 360, 1440, 10_080] as const;
/** The present minute goes on while nothing changes. */
const TICK_MS = 15_000;

interface Figure {
  readonly title: string;
  readonly hint: string;
  readonly lines: readonly Line[];
  readonly format: (value: number) => string;
  readonly least: number;
}

/** Drawn from counters that the broker keeps by the minute; no message is read for it. */
export function MetricsTab(): JSX.Element {
  const { queue, group } = useInspector();
  const [minutes, setMinutes] = useRemembered("minutes", z.number(), 60);
  const [asTable, setAsTable] = useRemembered("asTable", z.boolean(), false);
  const series = useCall("metrics.series", { queue: queue.name, group, span: minutes * 60_000 });
  useEffect(() => {
    const timer = setInterval(series.reload, TICK_MS);
    return () => { clearInterval(timer); };
  }, [series.reload]);
  const { value } = series;

  return (
    <div class="metrics">
      <div class="toolbar">
        <Select label={t("Time shown")} value={String(minutes)} onChange={(chosen) => { setMinutes(Number(chosen)); }} choices={SPANS.map((span) => ({ value: String(span), label: t("last {0}", duration(span * 60_000)) }))} />
        <Checkbox label={t("As tables")} value={asTable} onChange={setAsTable} />
        {value !== undefined && value.bucket > 60_000 && <span class="hint">{t("A point is {0}.", duration(value.bucket))}</span>}
      </div>
      {series.error !== undefined && <Failure error={series.error} />}
      {value !== undefined && <Figures series={value} asTable={asTable} />}
      <Groups />
      <Partitions />
    </div>
  );
}

function Figures({ series, asTable }: { readonly series: Series; readonly asTable: boolean }): JSX.Element {
  return (
    <div class="figures">
      {figures(series).map(({ title, hint, lines, format, least }) => (
        <figure key={title}>
          <figcaption>{title} <span class="hint">{hint}</span></figcaption>
          {asTable ? <Values label={title} at={series.at} lines={lines} format={format} /> : <Chart label={t("{0}: {1}", title, summary(lines, format))} at={series.at} lines={lines} format={format} least={least} />}
        </figure>
      ))}
    </div>
  );
}

function figures(series: Series): Figure[] {
  const aSecond = (values: readonly number[]): number[] => values.map((value) => value / (series.bucket / 1000));
  return [
    {
      title: t("Depth"),
      hint: t("messages by state, as a minute ended"),
      format: compact,
      least: 10,
      lines: [
        { label: t("not completed"), color: "--vscode-charts-blue", values: series.depth, fill: true },
        { label: t("waiting"), color: "--vscode-charts-green", values: series.waiting, dash: [6, 3] },
        { label: t("leased"), color: "--vscode-charts-purple", values: series.leased },
        { label: t("scheduled"), color: "--vscode-charts-yellow", values: series.scheduled, dash: [2, 3] },
        { label: t("dead"), color: "--vscode-charts-red", values: series.deadLetters },
      ],
    },
    {
      title: t("Rates"),
      hint: t("messages a second"),
      format: rate,
      least: 1,
      lines: [
        { label: t("pushed"), color: "--vscode-charts-blue", values: aSecond(series.pushed) },
        { label: t("delivered"), color: "--vscode-charts-purple", values: aSecond(series.delivered), dash: [6, 3] },
        { label: t("completed"), color: "--vscode-charts-green", values: aSecond(series.completed) },
      ],
    },
    {
      title: t("Failures"),
      hint: t("a second"),
      format: rate,
      least: 1,
      lines: [
        { label: t("failed"), color: "--vscode-charts-purple", values: aSecond(series.failed) },
        { label: t("leases run out"), color: "--vscode-charts-yellow", values: aSecond(series.expired), dash: [6, 3] },
        { label: t("dead"), color: "--vscode-charts-red", values: aSecond(series.dead) },
        { label: t("redriven"), color: "--vscode-charts-green", values: aSecond(series.redriven), dash: [2, 3] },
      ],
    },
    { title: t("Wait"), hint: t("from entry to delivery"), format: duration, least: 10, lines: [{ label: t("median"), color: "--vscode-charts-blue", values: series.waitP50 }, { label: t("95 %"), color: "--vscode-charts-purple", values: series.waitP95, dash: [6, 3] }] },
    { title: t("Run"), hint: t("from delivery to ack"), format: duration, least: 10, lines: [{ label: t("median"), color: "--vscode-charts-blue", values: series.runP50 }, { label: t("95 %"), color: "--vscode-charts-purple", values: series.runP95, dash: [6, 3] }] },
  ];
}

/** The same numbers, the latest first, for those who don't see charts. */
function Values({ label, at, lines, format }: { readonly label: string; readonly at: readonly number[]; readonly lines: readonly Line[]; readonly format: (value: number) => string }): JSX.Element {
  const rows = at.map((moment, index) => ({ moment, values: lines.map(({ values }) => values[index] ?? null) })).filter(({ values }) => values.some((value) => value !== null && value !== 0)).reverse();
  return (
    <div class="values" tabIndex={0} role="region" aria-label={label}>
      <table>
        <thead><tr><th scope="col">{t("From")}</th>{lines.map((line) => <th scope="col" key={line.label}>{line.label}</th>)}</tr></thead>
        <tbody>
          {rows.map(({ moment, values }) => <tr key={moment}><th scope="row">{minute(moment)}</th>{values.map((value, index) => <td key={index}>{value === null ? "–" : format(value)}</td>)}</tr>)}
          {rows.length === 0 && <tr><td colSpan={lines.length + 1}>{t("Nothing happened in this time.")}</td></tr>}
        </tbody>
      </table>
    </div>
  );
}

function summary(lines: readonly Line[], format: (value: number) => string): string {
  return lines.map(({ label, values }) => {
    const latest = values.findLast((value) => value !== null);
    return `${label} ${latest == null ? "–" : format(latest)}`;
  }).join(", ");
}

const short = new Intl.NumberFormat(undefined, { notation: "compact", maximumFractionDigits: 1 });

function compact(value: number): string {
  return value < 10_000 ? number(value) : short.format(value);
}

function rate(value: number): string {
  return value === 0 ? "0" : value < 10 ? value.toFixed(2) : compact(Math.round(value));
}
