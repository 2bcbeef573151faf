import type { ComponentChildren, JSX } from "preact";

/** A row, the head, and a scroll bar below them. */
const [ROW, HEAD, BAR] = [24, 25, 12];

/** As high as its table's rows, at most `most` of them: a short table leaves the room to what stands below. */
export function Fitted({ rows, most, children }: { readonly rows: number; readonly most: number; readonly children: ComponentChildren }): JSX.Element {
  return <div class="fitted" style={{ height: `${HEAD + BAR + ROW * Math.min(Math.max(1, rows), most)}px` }}>{children}</div>;
}
