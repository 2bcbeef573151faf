import type { Stored } from "../api.ts";
import type { ForeignQueue } from "./layout.ts";
import type { Source } from "./source.ts";

/** What one call may read. */
export interface Bounds {
  /** Messages wanted. */
  readonly limit: number;
  readonly reads: number;
  readonly bytes: number;
}

/**
 * The last messages of a queue below a sequence, the latest first; `next` is where to go on, where there may be more. Without a
 * consumer: stretches of sequences are read forwards, each before the one read last, and longer ones where there was nothing.
 */
export async function below(source: Source, { stream, subject }: ForeignQueue, top: number, { limit, reads, bytes }: Bounds): Promise<{ readonly stored: Stored[]; readonly next: number | null }> {
  const [first, last] = await Promise.all([source.next(stream, subject, 1), source.last(stream, subject)]);
  if (first === undefined || last === undefined) return { stored: [], next: null };
  let end = Math.min(top, last.seq + 1);
  let width = limit;
  for (let left = reads; end > first.seq; ) {
    const from = Math.max(first.seq, end - width);
    const found = await stretch(source, { stream, subject }, from, end, { limit, bytes });
    left -= found.stored.length + 1;
    if (found.whole && found.stored.length > 0) return { stored: found.stored.reverse(), next: from > first.seq ? from : null };
    if (found.whole) [end, width] = [from, width * 2];
    else width = Math.max(1, Math.floor(width / 4));
    // The first stretch is never longer than wanted: by now this call has come on, or has to read less at a time.
    if (left <= 0 && found.whole) break;
  }
  return { stored: [], next: end > first.seq ? end : null };
}

async function stretch(source: Source, { stream, subject }: Pick<ForeignQueue, "stream" | "subject">, from: number, end: number, { limit, bytes }: Omit<Bounds, "reads">): Promise<{ readonly stored: Stored[]; readonly whole: boolean }> {
  const stored: Stored[] = [];
  let size = 0;
  for (let at = from; at < end; ) {
    const one = await source.next(stream, subject, at);
    if (one === undefined || one.seq >= end) break;
    size += one.data.byteLength;
    if (stored.length >= limit || (stored.length > 0 && size > bytes)) return { stored, whole: false };
    stored.push(one);
    at = one.seq + 1;
  }
  return { stored, whole: true };
}
