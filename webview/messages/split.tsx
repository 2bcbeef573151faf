import type { ComponentChildren, JSX } from "preact";
import { useRef } from "preact/hooks";
import * as z from "zod/mini";
import { useRemembered } from "../app/use-remembered.ts";
import { t } from "../l10n.ts";

const LEAST = 20;
const MOST = 80;
const STEP = 4;

/** A list, and beside it (below it where it is narrow) what is looked at. The edge between them is dragged, or moved by the arrow keys. */
export function Split({ open, side, children }: { readonly open: boolean; readonly side: ComponentChildren; readonly children: ComponentChildren }): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const [share, setShare] = useRemembered("split", z.number(), 55);
  const set = (percent: number): void => { setShare(Math.max(LEAST, Math.min(MOST, Math.round(percent)))); };
  const isWide = (): boolean => box.current !== null && getComputedStyle(box.current).flexDirection === "row";
  return (
    <div class={open ? "split open" : "split"} ref={box}>
      <div class="split-main" style={open ? { flexBasis: `${share}%` } : { flexBasis: "100%" }}>{children}</div>
      {open && (
        <div
          class="split-edge"
          role="separator"
          tabIndex={0}
          aria-label={t("Size of the details")}
          aria-valuemin={LEAST}
          aria-valuemax={MOST}
          aria-valuenow={share}
          onPointerDown={(event) => {
            event.preventDefault();
            const edge = event.currentTarget;
            edge.setPointerCapture(event.pointerId);
            edge.onpointermove = ({ clientX, clientY }) => {
              const area = box.current?.getBoundingClientRect();
              if (area !== undefined) set(isWide() ? ((clientX - area.left) / area.width) * 100 : ((clientY - area.top) / area.height) * 100);
            };
            edge.onpointerup = () => { edge.onpointermove = null; };
          }}
          onKeyDown={(event) => {
            const step = { ArrowLeft: -STEP, ArrowUp: -STEP, ArrowRight: STEP, ArrowDown: STEP }[event.key];
            if (step === undefined) return;
            event.preventDefault();
            set(share + step);
          }}
        />
      )}
      {open && <div class="split-side">{side}</div>}
    </div>
  );
}
