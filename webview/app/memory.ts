import * as z from "zod/mini";
import { TABS, type TabName } from "./tabs.ts";

/** What a page keeps when its window is loaded anew. Each tab has a place of its own below `tabs`. */
export interface Remembered {
  readonly connection: string;
  readonly queue: string;
  readonly tab: TabName;
  readonly group: string;
  readonly tabs: Readonly<Record<string, unknown>>;
}

const shape = z.object({
  connection: z.catch(z.string(), ""),
  queue: z.catch(z.string(), ""),
  tab: z.catch(z.enum(TABS), "messages"),
  group: z.catch(z.string(), "default"),
  tabs: z.catch(z.record(z.string(), z.unknown()), {}),
});

/** Whatever was stored, by whichever version: what doesn't fit is as if it had never been. */
export function remembered(stored: unknown): Remembered {
  const parsed = shape.safeParse(typeof stored === "object" && stored !== null ? stored : {});
  return parsed.success ? parsed.data : { connection: "", queue: "", tab: "messages", group: "default", tabs: {} };
}
