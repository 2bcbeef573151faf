import { invalidInput } from "../../core/index.ts";
import type { Instant } from "../../core/index.ts";
import { firstIdSince } from "./entry-time.ts";
import { checkedSpan } from "./metrics.ts";
import type { QueueRow } from "./queue-row.ts";
import type { ReadTx } from "./tx.ts";

/** Up to this many ids in the whole span, messages are counted one by one: exact, without those that were removed. */
const COUNTABLE = 20_000;

/** By binary search over the ids, so that a billion messages cost as much as a thousand. */
export function histogram(tx: ReadTx, queue: QueueRow, request: { readonly from: Instant; readonly to: Instant; readonly buckets: number }): number[] {
  const { from, to } = checkedSpan(request);
  const { buckets } = request;
  if (!Number.isSafeInteger(buckets) || buckets < 1 || buckets > 1_000) throw invalidInput("buckets", `buckets must be a whole number from 1 to 1000, but is ${buckets}.`);
  const bounds = Array.from({ length: buckets + 1 }, (_, i) => firstIdSince(tx, queue, Math.round(from + ((to - from) * i) / buckets)));
  const [lowest = 0, highest = 0] = [bounds[0], bounds[buckets]];
  const exact = highest - lowest <= COUNTABLE;
  return bounds.slice(1).map((end, i) => {
    const start = bounds[i] ?? end;
    return exact ? (tx.get<{ n: number }>("SELECT count(*) AS n FROM msg WHERE id >= ? AND id < ?", start, end)?.n ?? 0) : end - start;
  });
}
