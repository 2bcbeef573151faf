import type { Watch } from "../../core/index.ts";
import type { Store } from "./store.ts";
import type { ReadTx } from "./tx.ts";

/** Bursts of changes are told once in this time. */
const MERGED = 50;
/** Longest of setTimeout, with room for clocks that are moved. */
const LONGEST = 60_000;

/** Calls back after changes, and when time changes something by itself: a message comes due, a lease runs out, a retry may go. */
export function watchChanges(store: Store, onChange: () => void, onError: (error: unknown) => void): Watch {
  let telling: NodeJS.Timeout | null = null;
  let due: NodeJS.Timeout | null = null;
  let toldAt = 0;
  let closed = false;

  const tell = (): void => {
    telling = null;
    toldAt = performance.now();
    try {
      onChange();
    } catch (error) {
      onError(error);
    }
    void waitForDue();
  };
  const change = (): void => {
    if (store.closed) return;
    telling ??= setTimeout(tell, Math.max(0, toldAt + MERGED - performance.now())).unref();
  };
  const waitForDue = async (): Promise<void> => {
    try {
      const inMs = await store.read((tx) => nextChange(tx) - tx.now);
      if (closed) return;
      if (due !== null) clearTimeout(due);
      due = inMs === Infinity ? null : setTimeout(change, Math.min(inMs + 1, LONGEST)).unref();
    } catch {
      due = null; // The file is gone or locked: the next change tries again, and calls report why.
    }
  };
  const unlisten = store.signal.listen(change);
  void waitForDue();
  const close = (): void => {
    closed = true;
    unlisten();
    for (const timer of [telling, due]) if (timer !== null) clearTimeout(timer);
  };
  return { close, [Symbol.dispose]: close };
}

/** Live leases whose ends are looked at; there are seldom more, and an index of them would cost every pop. */
const LEASES = 5_000;

/** The next time after now at which a state changes without anybody's doing. */
function nextChange(tx: ReadTx): number {
  const row = tx.get<{ at: number | null }>(
    `SELECT min(at) AS at FROM (
       SELECT min(due) AS at FROM sched INDEXED BY sched_next WHERE due > ?1
       UNION ALL SELECT min(expires_at) FROM (SELECT expires_at FROM lease LIMIT ${LEASES}) WHERE expires_at > ?1
       UNION ALL SELECT min(visible_at) FROM exc INDEXED BY exc_next WHERE visible_at > ?1)`, tx.now);
  return row?.at ?? Infinity;
}
