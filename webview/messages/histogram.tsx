import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Result } from "../../src/protocol/index.ts";
import { useInspector } from "../app/inspector.ts";
import { t } from "../l10n.ts";
import { IconButton } from "../parts/controls.tsx";
import { count, time, utc } from "../parts/format.ts";
import type { Conditions } from "./settings.ts";

const BUCKETS = 120;
const HEIGHT = 48;
const ASK_EVERY_MS = 2000;

type Counts = Result<"messages.histogram">;
interface Span {
  readonly from: number;
  readonly to: number;
}

/** When messages entered; a stretch of it, chosen by pointer or keys, is the filter. */
export function Histogram({ conditions, onSpan }: { readonly conditions: Conditions; readonly onSpan: (span: Partial<Span>) => void }): JSX.Element | null {
  const [zoom, setZoom] = useState<Span | null>(null);
  const counts = useHistogram(zoom);
  const chart = useRef<HTMLDivElement>(null);
  const [drag, setDrag] = useState<readonly [number, number] | null>(null);
  const [hover, setHover] = useState<number | null>(null);
  if (counts === null) return <div class="histogram" />;

  const size = (counts.to - counts.from) / BUCKETS;
  const chosen = conditions.from !== undefined || conditions.to !== undefined;
  const [low, high] = drag === null ? [bucketOf(conditions.from ?? counts.from), bucketOf(conditions.to ?? counts.to)] : [Math.min(...drag), Math.max(...drag) + 1];

  function bucketOf(at: number): number {
    return Math.max(0, Math.min(BUCKETS, Math.round((at - (counts?.from ?? 0)) / size)));
  }
  function timeAt(bucket: number): number {
    return Math.round((counts?.from ?? 0) + bucket * size);
  }
  function under({ clientX }: PointerEvent): number {
    const box = chart.current?.getBoundingClientRect();
    return box === undefined ? 0 : Math.max(0, Math.min(BUCKETS - 1, Math.floor(((clientX - box.left) / box.width) * BUCKETS)));
  }
  function choose(from: number, to: number): void {
    // What reaches an end of all there is stays open there: for what enters later, too.
    onSpan({ ...(from <= 0 && zoom === null ? {} : { from: timeAt(from) }), ...(to >= BUCKETS && zoom === null ? {} : { to: timeAt(to) }) });
  }
  const at = hover === null ? null : { from: timeAt(hover), to: timeAt(hover + 1), count: counts.counts[hover] ?? 0 };

  return (
    <div class="histogram">
      <div
        class="histogram-chart"
        ref={chart}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          setDrag([under(event), under(event)]);
        }}
        onPointerMove={(event) => {
          setHover(under(event));
          if (drag !== null) setDrag([drag[0], under(event)]);
        }}
        onPointerUp={() => {
          if (drag !== null) choose(Math.min(...drag), Math.max(...drag) + 1);
          setDrag(null);
        }}
        onPointerLeave={() => { setHover(null); }}
      >
        <svg viewBox={`0 0 ${BUCKETS} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={t("{0} entered between {1} and {2}", count(sum(counts.counts), "{0} message", "{0} messages"), time(counts.from), time(counts.to))}>
          <path class="histogram-bars" d={bars(counts.counts)} />
          {(chosen || drag !== null) && <rect class="histogram-brush" x={low} y={0} width={Math.max(0.5, high - low)} height={HEIGHT} />}
        </svg>
        <Edge label={t("Start of the time shown")} bucket={low} text={utc(timeAt(low))} onMove={(to) => { choose(Math.min(to, high - 1), high); }} onReset={() => { onSpan({}); }} />
        <Edge label={t("End of the time shown")} bucket={high} text={utc(timeAt(high))} onMove={(to) => { choose(low, Math.max(to, low + 1)); }} onReset={() => { onSpan({}); }} />
        {at !== null && <div class="histogram-tip" style={{ insetInlineStart: `${((hover ?? 0) / BUCKETS) * 100}%`, translate: `-${((hover ?? 0) / BUCKETS) * 100}% 2px` }}>{`${time(at.from)} – ${time(at.to)}: ${count(at.count, "{0} message", "{0} messages")}`}</div>}
      </div>
      <div class="histogram-ends"><time dateTime={utc(counts.from)} title={utc(counts.from)}>{time(counts.from)}</time>
        <span>
          {chosen && <IconButton icon="zoom-in" label={t("Show only this stretch of time in the histogram")} onClick={() => { setZoom({ from: conditions.from ?? counts.from, to: conditions.to ?? counts.to }); }} />}
          {zoom !== null && <IconButton icon="zoom-out" label={t("Show all of the time in the histogram")} onClick={() => { setZoom(null); }} />}
          {chosen && <IconButton icon="discard" label={t("Any time")} onClick={() => { setZoom(null); onSpan({}); }} />}
        </span>
        <time dateTime={utc(counts.to)} title={utc(counts.to)}>{time(counts.to)}</time></div>
    </div>
  );
}

/** An end of the chosen stretch: arrow keys move it, Escape chooses all again. */
function Edge({ label, bucket, text, onMove, onReset }: { readonly label: string; readonly bucket: number; readonly text: string; readonly onMove: (to: number) => void; readonly onReset: () => void }): JSX.Element {
  return (
    <div
      class="histogram-edge"
      role="slider"
      tabIndex={0}
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={BUCKETS}
      aria-valuenow={bucket}
      aria-valuetext={text}
      style={{ insetInlineStart: `${(bucket / BUCKETS) * 100}%` }}
      onKeyDown={(event) => {
        const to = { ArrowLeft: bucket - 1, ArrowDown: bucket - 1, ArrowRight: bucket + 1, ArrowUp: bucket + 1, PageUp: bucket + 10, PageDown: bucket - 10, Home: 0, End: BUCKETS }[event.key];
        if (to !== undefined) onMove(Math.max(0, Math.min(BUCKETS, to)));
        else if (event.key === "Escape") onReset();
        else return;
        event.preventDefault();
        event.stopPropagation();
      }}
    />
  );
}

/** Asked again as the queue changes, but not all the time. */
function useHistogram(span: Span | null): Counts | null {
  const { client, queue, version } = useInspector();
  const [counts, setCounts] = useState<Counts | null>(null);
  const askedAt = useRef(0);
  const key = `${queue.name} ${span?.from ?? ""} ${span?.to ?? ""}`;
  const asked = useRef("");
  useEffect(() => {
    const wait = asked.current === key ? Math.max(0, askedAt.current + ASK_EVERY_MS - Date.now()) : 0;
    const timer = setTimeout(() => {
      askedAt.current = Date.now();
      asked.current = key;
      client.call("messages.histogram", { queue: queue.name, buckets: BUCKETS, ...(span === null ? {} : span) }).then((answer) => { if (asked.current === key) setCounts(answer); }, () => {
        // The list tells what went wrong; the picture stays as it is.
      });
    }, wait);
    return () => { clearTimeout(timer); };
  }, [client, key, version]);
  return counts;
}

function bars(counts: readonly number[]): string {
  const most = Math.max(1, ...counts);
  return counts.map((value, i) => {
    const height = value === 0 ? 0 : Math.max(1, (value / most) * (HEIGHT - 2));
    return height === 0 ? "" : `M${i + 0.1} ${HEIGHT}v${-height}h0.8v${height}z`;
  }).join("");
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, value) => total + value, 0);
}
