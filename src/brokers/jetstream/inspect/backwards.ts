import type { Api, StreamState } from "../api.ts";
import type { LogMessage } from "../message.ts";

/** How often a start is looked for that gives at least a quarter of what is wanted. */
const TRIES = 8;

/**
 * The last up to `most` entries of a stream below the sequence `top`, the latest first; fewer where they are large, none where
 * there are none. The server reads forwards only: so it is asked how many there are from where on, and then for a stretch
 * that ends at `top`.
 * @param filter `null`: entries of whichever subject
 */
export async function lastBelow(api: Api, stream: string, filter: string | null, top: number, most: number, bytes: number): Promise<LogMessage[]> {
  const { state } = await api.streamInfo(stream);
  const first = Math.max(1, state.first_seq);
  let end = Math.min(top, state.last_seq + 1);
  let want = Math.min(most, atOnce(state, bytes));
  // Where nothing was removed, so many sequences are so many entries.
  let from = filter === null ? Math.max(first, end - want) : null;
  while (end > first) {
    from ??= await startOf((seq) => api.countFrom(stream, filter, { seq }), first, end, want);
    if (from === null) return [];
    const { messages, more } = await api.readSome(stream, filter, from, want, { bytes });
    const found = messages.filter(({ seq }) => seq < end);
    if (more && (await goesOn(api, stream, filter, messages.at(-1)?.seq ?? from - 1, end))) {
      // Too large to come at once: then the later half of them.
      want = Math.max(1, Math.floor(found.length / 2));
    } else if (found.length > 0) return found.reverse();
    else end = from;
    from = null;
  }
  return [];
}

/** How many entries of the usual size are so many bytes. */
function atOnce({ messages, bytes: all }: StreamState, bytes: number): number {
  return all === 0 ? Infinity : Math.max(1, Math.floor((bytes * messages) / all));
}

/** Whether there are others behind the last that was read, and below `end`. */
async function goesOn(api: Api, stream: string, filter: string | null, last: number, end: number): Promise<boolean> {
  if (last >= end - 1) return false;
  const next = await api.read(stream, { seq: last + 1, next_by_subj: filter ?? ">" });
  return next !== undefined && next.seq < end;
}

/**
 * A sequence from which on there are at most `most` entries below `end`, and one at least; `null` where there are none.
 * @param count entries from a sequence on
 */
async function startOf(count: (seq: number) => Promise<number>, first: number, end: number, most: number): Promise<number | null> {
  const [all, behind] = await Promise.all([count(first), count(end)]);
  const total = all - behind;
  if (total <= 0) return null;
  if (total <= most) return first;
  // From `low` on there are too many.
  let [low, high] = [first, end];
  // As if they stood evenly.
  let guess = Math.ceil(end - ((end - first) * most) / total);
  for (let tries = 0; high - low > 1; tries++) {
    if (guess <= low || guess >= high) guess = Math.floor((low + high) / 2);
    const there = (await count(guess)) - behind;
    if (there > most) low = guess;
    else {
      if (there * 4 >= most || (there > 0 && tries >= TRIES)) return guess;
      high = guess;
    }
    guess = Math.floor((low + high) / 2);
  }
  return Math.min(high, end - 1);
}
