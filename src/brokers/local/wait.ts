import type { Instant } from "../../core/index.ts";
import { findGroup } from "./group-row.ts";
import { findQueue } from "./queue-row.ts";
import type { Store } from "./store.ts";
import type { ReadTx } from "./tx.ts";

/** After a look that found nothing although something is due: it isn't for this pop. Each such look doubles the pause. */
const NOT_FOR_US = { first: 10, longest: 160 };
/** Longest of setTimeout. */
const LONGEST = 2 ** 31 - 1;

/**
 * Tries until something came, the deadline passed, or the signal ended it. Between tries it sleeps until another
 * commit or the next due time.
 */
export async function tryUntil<T>(store: Store, queue: string, group: string, wait: { readonly ms: number; readonly signal: AbortSignal | undefined }, attempt: () => Promise<T[]>): Promise<T[]> {
  const deadline = performance.now() + wait.ms;
  using bell = new Bell(store, wait.signal);
  let pause = NOT_FOR_US.first;
  for (;;) {
    bell.reset();
    const found = await attempt();
    const left = deadline - performance.now();
    if (found.length > 0 || left <= 0 || wait.signal?.aborted === true || store.closed) return found;
    // Looked at outside of the write lock, so that many waiting pops don't stand in each other's way.
    const dueIn = await store.read((tx) => nextDue(tx, queue, group) - tx.now);
    await bell.rings(Math.min(left, dueIn > 0 ? dueIn : pause));
    if (dueIn <= 0) pause = Math.min(pause * 2, NOT_FOR_US.longest);
  }
}

/** When a pop of the group may find something, if nothing changes. */
export function nextDue(tx: ReadTx, queueName: string, groupName: string): Instant {
  const queue = findQueue(tx, queueName);
  const group = queue === undefined ? undefined : findGroup(tx, queue.qid, groupName);
  if (queue === undefined || queue.paused !== 0) return Infinity;
  const scheduled = tx.get<{ at: number | null }>("SELECT min(due) AS at FROM sched INDEXED BY sched_due WHERE qid = ?", queue.qid)?.at ?? Infinity;
  if (group === undefined) return scheduled;
  if (group.paused !== 0 || group.held === 0) return Infinity;
  let at = scheduled;
  for (let prio = 0; prio <= 9; prio++) {
    if ((queue.prios & (1 << prio)) === 0) continue;
    const row = tx.get<{ at: number | null }>("SELECT min(ready_at) AS at FROM cursor INDEXED BY cursor_ready WHERE gid = ? AND prio = ? AND ready_at IS NOT NULL AND lease IS NULL", group.gid, prio);
    at = Math.min(at, row?.at ?? Infinity);
  }
  const leased = tx.get<{ at: number | null }>("SELECT min(expires_at) AS at FROM lease WHERE gid = ? AND keyed = 1", group.gid);
  at = Math.min(at, leased?.at ?? Infinity);
  const young = tx.get("SELECT 1 AS one FROM lane INDEXED BY lane_queue WHERE qid = ? AND lid > ? LIMIT 1", queue.qid, group.made_to);
  return young === undefined ? at : tx.now;
}

/** Rings when something changed or was aborted. */
class Bell implements Disposable {
  readonly #unlisten: () => void;
  readonly #signal: AbortSignal | undefined;
  #rang = false;
  #wake: (() => void) | null = null;
  readonly #ring = (): void => {
    this.#rang = true;
    this.#wake?.();
  };

  constructor(store: Store, signal: AbortSignal | undefined) {
    this.#unlisten = store.signal.listen(this.#ring);
    this.#signal = signal;
    signal?.addEventListener("abort", this.#ring);
  }

  /** Forgets what rang before: whoever looks now sees it. */
  reset(): void {
    this.#rang = false;
  }

  async rings(within: number): Promise<void> {
    if (this.#rang || this.#signal?.aborted === true) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, Math.min(within, LONGEST));
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = null;
  }

  [Symbol.dispose](): void {
    this.#unlisten();
    this.#signal?.removeEventListener("abort", this.#ring);
  }
}
