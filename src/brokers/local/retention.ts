import type { QueueOptions } from "../../core/index.ts";
import type { Work } from "./context.ts";
import { groupsOf } from "./group-row.ts";
import type { GroupRow } from "./group-row.ts";
import { messageRange } from "./ids.ts";
import { queuesAfter } from "./queue-row.ts";
import type { QueueRow } from "./queue-row.ts";
import { removeMessages } from "./remove.ts";
import { completedBy, isLeased, placed } from "./standing.ts";
import type { ReadTx } from "./tx.ts";

const AT_ONCE = 200;
const QUEUES_AT_ONCE = 1_000;

type Reason = "retention" | "waited" | "completed";

interface Retired {
  readonly qid: number;
  readonly messages: readonly { readonly id: number; readonly reason: Reason }[];
}

const REASONS: Readonly<Record<Reason, string | null>> = {
  retention: "It was older than the queue keeps messages (retentionSeconds).",
  waited: "It waited longer than the queue lets messages wait (maxWaitTimeSeconds).",
  completed: null,
};

/**
 * Finds messages past their time, some hundred at a time. Old ones that may not go yet don't hide those behind
 * them: the search goes on there, and starts again at the front when it has come to young ones.
 */
export class Retention {
  readonly #places = new Map<number, number>();
  /** Queues up to this name were looked at. */
  #queue = "";

  readonly find = (tx: ReadTx): Retired | null => {
    const queues = queuesAfter(tx, this.#queue, QUEUES_AT_ONCE);
    for (const queue of queues) {
      const messages = this.#retiredOf(tx, queue);
      if (messages.length > 0) return { qid: queue.qid, messages };
      this.#queue = queue.name;
    }
    if (queues.length < QUEUES_AT_ONCE) this.#queue = "";
    return null;
  };

  #retiredOf(tx: ReadTx, queue: QueueRow): Retired["messages"] {
    const { retentionSeconds, completedRetentionSeconds, maxWaitTimeSeconds } = queue.options;
    const shortest = Math.min(...[retentionSeconds, completedRetentionSeconds, maxWaitTimeSeconds].filter((ms) => ms > 0));
    if (shortest === Infinity || queue.pushed === queue.removed) return [];
    const { first, last } = messageRange(queue.qid);
    // Entry times never go back, so the old ones are at the front.
    const rows = tx.all<{ id: number; ts: number }>("SELECT id, ts FROM msg WHERE id > ? AND id <= ? ORDER BY id LIMIT ? + 0", this.#places.get(queue.qid) ?? first, last, AT_ONCE);
    const old = rows.filter(({ ts }) => ts <= tx.now - shortest);
    const end = old.at(-1);
    if (end === undefined || old.length < AT_ONCE) this.#places.delete(queue.qid);
    else this.#places.set(queue.qid, end.id);
    if (old.length === 0) return [];
    const groups = groupsOf(tx, queue.qid);
    return old.flatMap(({ id, ts }) => {
      const reason = reasonFor(tx, queue.options, groups, id, tx.now - ts);
      return reason === null ? [] : [{ id, reason }];
    });
  }
}

function reasonFor(tx: ReadTx, options: QueueOptions, groups: readonly GroupRow[], id: number, age: number): Reason | null {
  const message = placed(tx, id);
  if (message === undefined) return null;
  const completed = groups.length > 0 && groups.every((group) => completedBy(tx, group, message));
  if (options.completedRetentionSeconds > 0 && age >= options.completedRetentionSeconds && completed) return "completed";
  if (options.maxWaitTimeSeconds > 0 && age >= options.maxWaitTimeSeconds && !completed) return "waited";
  if (options.retentionSeconds > 0 && age >= options.retentionSeconds && !groups.some((group) => isLeased(tx, group, message))) return completed ? "completed" : "retention";
  return null;
}

/** What was found is looked at again: it may have changed since. */
export function removeRetired(work: Work, found: Retired): void {
  const { tx } = work;
  const queue = tx.live.queueById(found.qid);
  if (queue === undefined) return;
  const groups = tx.live.groupsOf(queue);
  for (const { id } of found.messages) {
    const row = tx.get<{ ts: number }>("SELECT ts FROM msg WHERE id = ?", id);
    const reason = row === undefined ? null : reasonFor(tx, queue.options, groups, id, tx.now - row.ts);
    if (reason === null) continue;
    const text = REASONS[reason];
    removeMessages(work, queue, [id], text === null ? null : { event: "dropped", reason: text });
  }
}
