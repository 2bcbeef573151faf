import type { ComponentChildren, JSX } from "preact";
import { ROW_HEIGHT } from "./data-table.tsx";

/** The head, and a scroll bar below the rows. */
const [HEAD, BAR] = [25, 12];

/** As high as its table's rows, at most `most` of them: a short table leaves the room to what stands below. */
export function Fitted({ rows, most, children }: { readonly rows: number; readonly most: number; readonly children: ComponentChildren }): JSX.Element {
  return <div class="fitted" style={{ height: `${HEAD + BAR + ROW_HEIGHT * Math.min(Math.max(1, rows), most)}px` }}>{children}</div>;
}
