import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { t } from "../l10n.ts";
import { minute } from "../parts/format.ts";
import { useTheme } from "../parts/theme.ts";

export interface Line {
  readonly label: string;
  /** The editor's variable of that color. */
  readonly color: `--vscode-charts-${"blue" | "green" | "purple" | "red" | "yellow"}`;
  readonly values: readonly (number | null)[];
  /** Lines that look alike to some are told apart by their dashes. */
  readonly dash?: readonly number[];
  readonly fill?: boolean;
}

export interface ChartProps {
  readonly label: string;
  /** Milliseconds. */
  readonly at: readonly number[];
  readonly lines: readonly Line[];
  readonly format: (value: number) => string;
  /** The axis reaches this far at least, so that nothing doesn't look like much. */
  readonly least: number;
}

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hour12: false });
const day = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });

const HEIGHT = 180;
/** Charts beside each other point at the same moment. */
const TOGETHER = uPlot.sync("metrics");

/** A chart of lines over time. What it shows stands in a table beside it, for those who can't see it. */
export function Chart({ label, at, lines, format, least }: ChartProps): JSX.Element {
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const theme = useTheme();
  const data: uPlot.AlignedData = [at.map((ms) => ms / 1000), ...lines.map(({ values }) => [...values])];
  const shape = lines.map((line) => `${line.label} ${line.color}`).join();

  useEffect(() => {
    const element = holder.current;
    if (element === null) return;
    const made = new uPlot(options(element.clientWidth, lines, format, least), data, element);
    plot.current = made;
    const resized = new ResizeObserver(() => { made.setSize({ width: element.clientWidth, height: HEIGHT }); });
    resized.observe(element);
    return () => {
      resized.disconnect();
      made.destroy();
      plot.current = null;
    };
    // Made anew where its lines or colors are others; its values go through setData.
  }, [shape, theme]);
  useEffect(() => { plot.current?.setData(data); }, [at, lines]);

  return <div class="chart" role="img" aria-label={label} ref={holder} />;
}

function options(width: number, lines: readonly Line[], format: (value: number) => string, least: number): uPlot.Options {
  const [text, grid] = [color("--vscode-descriptionForeground"), color("--vscode-panel-border")];
  const axis = { stroke: text, font: `11px ${color("--vscode-font-family")}`, ticks: { show: false } };
  return {
    width,
    height: HEIGHT,
    cursor: { sync: { key: TOGETHER.key }, points: { size: 6 }, drag: { x: false, y: false } },
    legend: { live: true },
    hooks: { setData: [showLatest], setCursor: [(plot) => { if (plot.cursor.idx == null) showLatest(plot); }] },
    scales: { y: { range: (_plot, _min, max) => [0, Math.max(least, max) * 1.05] } },
    axes: [
      { ...axis, size: 28, grid: { show: false }, values: (_plot, splits, _axis, _space, step) => splits.map((seconds) => (step < 86_400 ? clock : day).format(seconds * 1000)) },
      { ...axis, size: 64, grid: { stroke: grid, width: 1 / devicePixelRatio }, values: (_plot, splits) => splits.map((value) => format(value)) },
    ],
    series: [
      { label: t("From"), value: (_plot, seconds: number | null) => (seconds === null ? "–" : minute(seconds * 1000)) },
      ...lines.map(({ label, color: name, dash, fill }): uPlot.Series => {
        const stroke = color(name);
        return {
          label,
          stroke,
          width: 1.5,
          spanGaps: false,
          points: { size: 4, filter: alone },
          value: (_plot, value: number | null) => (value === null ? "–" : format(value)),
          ...(dash === undefined ? {} : { dash: [...dash] }),
          ...(fill === true ? { fill: faded(stroke) } : {}),
        };
      }),
    ],
  };
}

/** A value without neighbours is no line: it is drawn as a point. */
function alone(plot: uPlot, series: number, all: boolean): number[] | null {
  if (all) return null;
  const values = plot.data[series] ?? [];
  return Array.from(values, (value, i) => (value != null && values[i - 1] == null && values[i + 1] == null ? i : -1)).filter((i) => i >= 0);
}

/** Where nobody points, the legend says how it stands. */
function showLatest(plot: uPlot): void {
  plot.setLegend({ idx: plot.data[0].length - 1 }, false);
}

function color(name: string): string {
  return getComputedStyle(document.body).getPropertyValue(name).trim() || getComputedStyle(document.body).color;
}

function faded(stroke: string): string {
  return `color-mix(in srgb, ${stroke} 20%, transparent)`;
}
