import { histogramBounds } from "../../../core/index.ts";
import type { Instant } from "../../../core/index.ts";
import type { Definition } from "../definition.ts";
import type { Engine } from "../engine.ts";
import { Entries } from "../entries.ts";

/** The server counts; no message is read. */
export async function histogram(engine: Engine, queue: Definition, request: { readonly from: Instant; readonly to: Instant; readonly buckets: number }): Promise<number[]> {
  const bounds = histogramBounds(request);
  const entries = await Entries.open(engine, queue);
  const since = await Promise.all(bounds.map((at) => entries.since(at)));
  return since.slice(1).map((after, i) => Math.max(0, (since[i] ?? after) - after));
}
