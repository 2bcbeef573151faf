import { setImmediate as turn } from "node:timers/promises";
import { afterNumber, pageLimit } from "../../core/index.ts";
import type { DeadQueue, Page, PageRequest } from "../../core/index.ts";
import { queueById } from "./queue-row.ts";
import type { Store } from "./store.ts";
import type { ReadTx } from "./tx.ts";

/** More of one queue than this nobody counts. */
export const MOST_COUNTED = 10_000;
/** Dead letters that are counted in one read, and that one call goes on for. */
const STEP = 5_000;
const COUNTED_IN_CALL = 20_000;

/** From indexes alone: no data is read, however large it is. */
const COUNT = "SELECT count(*) AS n, max(did) AS last, ifnull(sum(EXISTS (SELECT 1 FROM redrive WHERE redrive.did = step.did)), 0) AS redriven";
const OF_QUEUE = `${COUNT} FROM (SELECT did FROM dead INDEXED BY dead_queue WHERE qid = ? AND did > ? ORDER BY did LIMIT ${STEP}) AS step`;
const OF_GROUP = `${COUNT} FROM (SELECT did FROM dead INDEXED BY dead_group WHERE qid = ? AND grp = ? AND did > ? ORDER BY did LIMIT ${STEP}) AS step`;
/** From queue to queue, over those alone that have some. */
const NEXT_QUEUE = "SELECT qid FROM dead INDEXED BY dead_queue WHERE qid > ? ORDER BY qid LIMIT 1";

interface Counted {
  readonly n: number;
  readonly last: number | null;
  readonly redriven: number;
}

/** What a count is asked for: those of one group, that were redriven or that weren't; left out, all. */
export interface DeadKind {
  readonly group?: string | undefined;
  readonly redriven?: boolean | undefined;
}

/** At most `limit`, in steps that leave the event loop free. */
export async function countDead(store: Store, qid: number, { group, redriven }: DeadKind, limit: number): Promise<number> {
  let count = 0;
  for (let after = 0; count < limit; ) {
    const step = await store.read((tx) => counted(tx, qid, group, after));
    if (step.last === null) break;
    count += redriven === undefined ? step.n : redriven ? step.redriven : step.n - step.redriven;
    after = step.last;
    await turn();
  }
  return Math.min(count, limit);
}

/** In the order in which the queues were made. */
export async function deadQueues(store: Store, request: PageRequest): Promise<Page<DeadQueue>> {
  const limit = pageLimit(request);
  const items: DeadQueue[] = [];
  let place = afterNumber(request.after);
  for (let left = COUNTED_IN_CALL; left > 0 && items.length < limit; left -= 1) {
    const from = place;
    const next = await store.read((tx) => nextQueue(tx, from));
    if (next === undefined) return { items, next: null };
    place = next.qid;
    // One that was deleted leaves its dead letters to be swept.
    if (next.name === undefined) continue;
    const waiting = await countDead(store, next.qid, { redriven: false }, MOST_COUNTED);
    left -= waiting;
    if (waiting > 0) items.push({ queue: next.name, waiting });
  }
  return { items, next: String(place) };
}

function nextQueue(tx: ReadTx, after: number): { readonly qid: number; readonly name: string | undefined } | undefined {
  const qid = tx.get<{ qid: number }>(NEXT_QUEUE, after)?.qid;
  return qid === undefined ? undefined : { qid, name: queueById(tx, qid)?.name };
}

function counted(tx: ReadTx, qid: number, group: string | undefined, after: number): Counted {
  const found = group === undefined ? tx.get<Counted>(OF_QUEUE, qid, after) : tx.get<Counted>(OF_GROUP, qid, group, after);
  return found ?? { n: 0, last: null, redriven: 0 };
}
