import { histogramBounds } from "../../core/index.ts";
import type { Instant } from "../../core/index.ts";
import { firstIdSince } from "./entry-time.ts";
import type { QueueRow } from "./queue-row.ts";
import type { ReadTx } from "./tx.ts";

/** Up to this many ids in the whole span, messages are counted one by one: exact, without those that were removed. */
const COUNTABLE = 20_000;

/** By binary search over the ids, so that a billion messages cost as much as a thousand. */
export function histogram(tx: ReadTx, queue: QueueRow, request: { readonly from: Instant; readonly to: Instant; readonly buckets: number }): number[] {
  const bounds = histogramBounds(request).map((at) => firstIdSince(tx, queue, at));
  const [lowest = 0, highest = 0] = [bounds[0], bounds.at(-1)];
  const exact = highest - lowest <= COUNTABLE;
  return bounds.slice(1).map((end, i) => {
    const start = bounds[i] ?? end;
    return exact ? (tx.get<{ n: number }>("SELECT count(*) AS n FROM msg WHERE id >= ? AND id < ?", start, end)?.n ?? 0) : end - start;
  });
}
