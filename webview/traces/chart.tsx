import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { TraceMark, TraceRow, TraceStep, TraceStory } from "../../src/protocol/index.ts";
import { t } from "../l10n.ts";
import { Icon, IconButton } from "../parts/controls.tsx";
import { duration } from "../parts/format.ts";
import { Pointed, type PointedAt } from "./pointed.tsx";
import { moved, type Scale, scaleOf, WHOLE, type Window, zoomed } from "./scale.ts";
import { lasted, stepLabel, stepName } from "./words.ts";

const TICKS = [0, 0.2, 0.4, 0.6, 0.8, 1];
const CLOSER = 0.7;

/** The steps of each message and delivery as bars to scale; wheel and keys zoom, the arrows go from step to step. */
export function Chart({ story }: { readonly story: TraceStory }): JSX.Element {
  const [shorten, setShorten] = useState(true);
  const [seen, setSeen] = useState<Window>(WHOLE);
  const [pointed, setPointed] = useState<PointedAt>();
  const [current, setCurrent] = useState(0);
  const chart = useRef<HTMLDivElement>(null);
  const scale = useMemo(() => storyScale(story, shorten), [story, shorten]);
  const place = (time: number): number => (scale.at(time) - seen.from) / (seen.to - seen.from);
  const zoom = (factor: number, around = (seen.from + seen.to) / 2): void => { setSeen(zoomed(seen, factor, around)); };

  // A listener of the element itself, for one of Preact's couldn't keep the page from scrolling.
  useEffect(() => {
    const element = chart.current;
    if (element === null) return;
    const onWheel = (event: WheelEvent): void => {
      if (!event.ctrlKey && !event.metaKey && !event.altKey) return;
      event.preventDefault();
      const track = element.querySelector(".trace-axis .trace-track")?.getBoundingClientRect();
      if (track === undefined) return;
      const share = Math.max(0, Math.min(1, (event.clientX - track.left) / track.width));
      setSeen((last) => zoomed(last, event.deltaY > 0 ? 1 / CLOSER : CLOSER, last.from + share * (last.to - last.from)));
    };
    element.addEventListener("wheel", onWheel, { passive: false });
    return () => { element.removeEventListener("wheel", onWheel); };
  }, []);

  function onKeyDown(event: KeyboardEvent): void {
    const stops = [...(chart.current?.querySelectorAll<HTMLElement>("[data-stop]") ?? [])];
    const to = { ArrowRight: current + 1, ArrowLeft: current - 1, Home: 0, End: stops.length - 1 }[event.key];
    if (event.shiftKey && (event.key === "ArrowRight" || event.key === "ArrowLeft")) setSeen(moved(seen, event.key === "ArrowRight" ? 0.2 : -0.2));
    else if (to !== undefined) stops[Math.max(0, Math.min(stops.length - 1, to))]?.focus();
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") nextRow(stops, current, event.key === "ArrowDown" ? 1 : -1)?.focus();
    else if (event.key === "+" || event.key === "=") zoom(CLOSER);
    else if (event.key === "-") zoom(1 / CLOSER);
    else if (event.key === "0") setSeen(WHOLE);
    else return;
    event.preventDefault();
  }

  let stop = -1;
  const stopAt = (what: PointedAt): StopProps => {
    const index = ++stop;
    return { index, current: index === current, onFocus: () => { setCurrent(index); setPointed(what); }, onHover: () => { setPointed(what); } };
  };
  return (
    <div class="trace-chart-box">
      <div class="toolbar trace-tools">
        <span class="hint">{t("Ctrl+wheel or + and - zoom, Shift+arrows move, arrows go from step to step.")}</span>
        <span class="spacer" />
        {(scale.breaks.length > 0 || !shorten) && <IconButton icon="fold" pressed={shorten} label={t("Shorten long waits")} onClick={() => { setShorten(!shorten); setSeen(WHOLE); }} />}
        <IconButton icon="zoom-in" label={t("Zoom in")} onClick={() => { zoom(CLOSER); }} />
        <IconButton icon="zoom-out" label={t("Zoom out")} disabled={seen === WHOLE} onClick={() => { zoom(1 / CLOSER); }} />
        <IconButton icon="screen-full" label={t("Show all of it")} disabled={seen === WHOLE} onClick={() => { setSeen(WHOLE); }} />
      </div>
      <div class="trace-chart" ref={chart} role="group" aria-label={t("Timeline")} onKeyDown={onKeyDown} onMouseLeave={() => { setPointed(undefined); }}>
        <Axis story={story} scale={scale} seen={seen} place={place} />
        {story.rows.map((row) => (
          <div key={row.key} class={`trace-row ${row.kind}`}>
            <RowLabel row={row} />
            <div class="trace-track">
              {row.steps.filter(({ kind }) => kind !== "completed").map((step) => <Bar key={step.from} step={step} row={row} story={story} place={place} stop={stopAt({ kind: "step", step, row })} />)}
              {row.marks.map((mark) => <Mark key={mark.id} mark={mark} row={row} place={place} stop={stopAt({ kind: "mark", mark, row })} />)}
            </div>
          </div>
        ))}
        <div class="trace-breaks" aria-hidden="true">
          <div class="trace-track">
            {scale.breaks.map(({ from, to }) => <div key={from} class="trace-break" style={span(place(from), place(to))} title={t("{0} drawn shorter", duration(to - from))} />)}
          </div>
        </div>
      </div>
      <Pointed at={pointed} story={story} />
    </div>
  );
}

function storyScale({ from, to, now, rows }: TraceStory, shorten: boolean): Scale {
  const lasting = rows.flatMap(({ steps, marks }) => [
    ...steps.map((step) => ({ from: step.from, to: step.from + (lasted(step, now) ?? 0), work: step.kind === "leased" })),
    ...marks.map(({ at }) => ({ from: at, to: at, work: false })),
  ]);
  return scaleOf(from, to + Math.max(1, MARGIN * (to - from)), lasting, shorten);
}

function Axis({ story, scale, seen, place }: { readonly story: TraceStory; readonly scale: Scale; readonly seen: Window; readonly place: (time: number) => number }): JSX.Element {
  return (
    <div class="trace-row trace-axis" aria-hidden="true">
      <div class="trace-label">{t("Since the first push")}</div>
      <div class="trace-track">
        {TICKS.map((x) => <span key={x} class={x === 1 ? "tick last" : "tick"} style={{ left: `${x * 100}%` }}>{duration(scale.timeAt(seen.from + x * (seen.to - seen.from)) - story.from)}</span>)}
        {scale.breaks.map(({ from, to }) => inSight(place(from), place(to)) && <span key={from} class="break-text" style={{ left: `${((place(from) + place(to)) / 2) * 100}%` }}>{`⋯ ${duration(to - from)} ⋯`}</span>)}
      </div>
    </div>
  );
}

function RowLabel({ row }: { readonly row: TraceRow }): JSX.Element {
  const { kind, depth, messageId, queue, group, service, because, steps } = row;
  const [step] = steps;
  return (
    <div class="trace-label" style={{ paddingInlineStart: `${8 + depth * 14}px` }} title={kind === "message" ? `${messageId} · ${queue} · ${group}` : `${service} · ${group}`}>
      <Icon name={kind === "message" ? (because === "redriven" ? "debug-restart" : because === "traceparent" ? "arrow-small-right" : "mail") : "server-process"} />
      {kind === "message" ? <><strong>{service}</strong> <span class="mono">{messageId}</span></> : step !== undefined && <>{step.worker !== null && <strong>{step.worker}</strong>} <span>{stepName(step)}</span></>}
    </div>
  );
}

interface StopProps {
  readonly index: number;
  readonly current: boolean;
  readonly onFocus: () => void;
  readonly onHover: () => void;
}

function Bar({ step, row, story, place, stop }: { readonly step: TraceStep; readonly row: TraceRow; readonly story: TraceStory; readonly place: (time: number) => number; readonly stop: StopProps }): JSX.Element {
  const ms = lasted(step, story.now);
  const slow = isSlowest(step, row, story);
  const classes = ["trace-bar", step.kind, ...(step.end === null ? ["going-on"] : [`end-${step.end}`]), ...(ms === null ? ["unknown"] : []), ...(slow ? ["slowest"] : [])];
  const [left, right] = [place(step.from), place(step.from + (ms ?? 0))];
  return (
    <button type="button" class={classes.join(" ")} style={span(left, right)} data-stop={stop.index} tabIndex={stop.current ? 0 : -1} aria-label={`${stepLabel(step, row, story.now)}${slow ? `, ${t("slowest step")}` : ""}`} onFocus={stop.onFocus} onMouseEnter={stop.onHover}>
      <span class="bar-text" aria-hidden="true">{stepName(step)}</span>
    </button>
  );
}

function Mark({ mark, row, place, stop }: { readonly mark: TraceMark; readonly row: TraceRow; readonly place: (time: number) => number; readonly stop: StopProps }): JSX.Element {
  return <button type="button" class="trace-mark" style={{ left: `${place(mark.at) * 100}%` }} data-stop={stop.index} tabIndex={stop.current ? 0 : -1} aria-label={t("{0} recorded for {1}", mark.type, row.messageId)} onFocus={stop.onFocus} onMouseEnter={stop.onHover} />;
}

/** Beyond the last moment, so that what happened then isn't cut off. */
const MARGIN = 0.02;

/** A message's bar and its delivery's are of the same step. */
export function isSlowest(step: TraceStep, row: TraceRow, { slowest, rows }: TraceStory): boolean {
  const of = rows.find(({ key }) => key === slowest?.row);
  return slowest !== null && of?.messageId === row.messageId && slowest.step.group === step.group && slowest.step.from === step.from && slowest.step.kind === step.kind;
}

function span(left: number, right: number): { readonly left: string; readonly width: string } {
  return { left: `${left * 100}%`, width: `${Math.max(0, right - left) * 100}%` };
}

function inSight(left: number, right: number): boolean {
  return right > 0 && left < 1;
}

/** The stop of the next row that has any. */
function nextRow(stops: readonly HTMLElement[], current: number, by: 1 | -1): HTMLElement | undefined {
  const row = stops[current]?.closest(".trace-row");
  const others = by === 1 ? stops.slice(current + 1) : stops.slice(0, current).reverse();
  return others.find((stop) => stop.closest(".trace-row") !== row);
}
