import { DEFAULT_GROUP, DEFAULT_OPTIONS, invalidInput, mergeOptions, objectOf, queueName, QueuescopeError } from "../../core/index.ts";
import type { QueueInfo, QueueOptions, QueueOptionsInput, Queues } from "../../core/index.ts";
import { change } from "./context.ts";
import type { Local, Work } from "./context.ts";
import { groupCounts } from "./counts.ts";
import { forgetAcks, groupsOf } from "./group-row.ts";
import type { LiveQueue } from "./live.ts";
import { pageLimit } from "../../core/index.ts";
import { queuesAfter, requireQueue } from "./queue-row.ts";
import type { QueueRow } from "./queue-row.ts";
import type { ReadTx } from "./tx.ts";

/** Queues looked at in one call of `list`: a filter that few match still answers soon. */
const LOOKED_AT = 2_000;
/** Queue ids are 17 bits of a message's id. */
const MOST_QUEUES = 2 ** 17 - 1;

export function queuesFacet(local: Local): Queues {
  const { store } = local;
  return {
    async create(name, options = {}) {
      objectOf(options, "options");
      const merged = mergeOptions(DEFAULT_OPTIONS, options);
      queueName(name);
      return change(local, (work) => {
        if (work.tx.live.findQueue(name) !== undefined) throw new QueuescopeError("queue-exists", `There is a queue ${JSON.stringify(name)} already. Configure it, or choose another name.`, { queue: name });
        return info(work.tx, makeQueue(work, name, merged));
      });
    },
    async configure(name, options) {
      objectOf(options, "options");
      mergeOptions(DEFAULT_OPTIONS, options);
      return change(local, (work) => info(work.tx, configure(work, queueName(name), options)));
    },
    async list(request = {}) {
      objectOf(request, "request");
      const limit = pageLimit(request);
      return store.read((tx) => list(tx, limit, request));
    },
    get: async (name) => store.read((tx) => info(tx, requireQueue(tx, queueName(name)))),
    delete: async (name) => change(local, (work) => { deleteQueue(work, queueName(name)); }),
    pause: async (name) => change(local, (work) => { setPaused(work, queueName(name), 1); }),
    resume: async (name) => change(local, (work) => { setPaused(work, queueName(name), 0); }),
  };
}

/** The queue, made with default options when it isn't there and `create` allows it. @throws queue-not-found */
export function queueForPush(work: Work, name: string, create: boolean): LiveQueue {
  return create ? (work.tx.live.findQueue(name) ?? makeQueue(work, name, DEFAULT_OPTIONS)) : work.tx.live.queue(name);
}

function makeQueue({ tx, crypt }: Work, name: string, options: QueueOptions): LiveQueue {
  if (options.encryptionEnabled) crypt.seal(new Uint8Array(), true); // refuses without a key
  const qid = tx.insert("INSERT INTO queue (name, options, created_at) VALUES (?, ?, ?)", name, storedOptions(options), tx.now);
  if (qid > MOST_QUEUES) throw invalidInput("queue", `This file has had ${MOST_QUEUES} queues, and ids are never used again. Start another file.`);
  return tx.live.queue(name);
}

function configure({ tx, crypt }: Work, name: string, input: QueueOptionsInput): LiveQueue {
  const queue = tx.live.queue(name);
  const options = mergeOptions(queue.options, input);
  if (options.encryptionEnabled !== queue.options.encryptionEnabled && queue.pushed - queue.removed + queue.scheduled > 0) {
    throw invalidInput("encryptionEnabled", `encryptionEnabled can be changed only while the queue is empty, but ${name} holds ${queue.pushed - queue.removed + queue.scheduled} messages. Purge them, or use another queue.`);
  }
  if (options.encryptionEnabled) crypt.seal(new Uint8Array(), true); // refuses without a key
  tx.run("UPDATE queue SET options = ? WHERE qid = ?", storedOptions(options), queue.qid);
  // What cursors wait for may have changed: let the next pop look at them all.
  if (options.delayedProcessing !== queue.options.delayedProcessing || options.windowBuffer !== queue.options.windowBuffer) {
    tx.run("UPDATE cursor SET ready_at = ? WHERE lease IS NULL AND ready_at > ? AND gid IN (SELECT gid FROM grp WHERE qid = ?)", tx.now, tx.now, queue.qid);
  }
  queue.options = options;
  return queue;
}

/** Only what differs from the defaults, so that a later default reaches older queues. */
function storedOptions(options: QueueOptions): string {
  const defaults: Readonly<Record<string, unknown>> = { ...DEFAULT_OPTIONS };
  return JSON.stringify(Object.fromEntries(Object.entries(options).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(defaults[name]))));
}

function setPaused({ tx }: Work, name: string, paused: 0 | 1): void {
  tx.run("UPDATE queue SET paused = ? WHERE qid = ?", paused, tx.live.queue(name).qid);
}

/** At once for everybody; its rows follow in small steps. */
function deleteQueue({ tx }: Work, name: string): void {
  const { qid } = tx.live.queue(name);
  tx.run("INSERT INTO gone (gid) SELECT gid FROM grp WHERE qid = ?", qid);
  for (const { gid } of groupsOf(tx, qid)) forgetAcks(tx, gid);
  tx.run("DELETE FROM grp WHERE qid = ?", qid);
  tx.run("DELETE FROM queue WHERE qid = ?", qid);
  tx.run("INSERT INTO gone_queue (qid) VALUES (?)", qid);
  tx.live.forgetQueue(qid);
}

function list(tx: ReadTx, limit: number, request: Parameters<Queues["list"]>[0] & object): { items: QueueInfo[]; next: string | null } {
  const match = request.match?.toLowerCase();
  const rows = queuesAfter(tx, request.after ?? "", LOOKED_AT);
  const items: QueueInfo[] = [];
  for (const row of rows) {
    if (match !== undefined && !row.name.toLowerCase().includes(match)) continue;
    if (request.namespace !== undefined && row.options.namespace !== request.namespace) continue;
    if (request.task !== undefined && row.options.task !== request.task) continue;
    items.push(info(tx, row));
    if (items.length === limit) return { items, next: row.name };
  }
  return { items, next: rows.length === LOOKED_AT ? (rows.at(-1)?.name ?? null) : null };
}

function info(tx: ReadTx, queue: QueueRow): QueueInfo {
  return { name: queue.name, options: queue.options, paused: queue.paused !== 0, createdAt: queue.created_at, counts: groupCounts(tx, queue, DEFAULT_GROUP).states };
}
