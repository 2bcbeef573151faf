import { type Broker, type Instant, isQueuescopeError, SCAN_LIMIT } from "../core/index.ts";
import type { MessageFilter, MessageRow, Order } from "../protocol/index.ts";
import type { Handlers } from "./handlers.ts";
import { messageRow } from "./messages-row.ts";

/** Messages that one call reads by their ids at the same time. */
const AT_ONCE = 16;

/** Pages of the table, and how what it shows stands now. */
export const messageListHandlers = {
  "messages.browse": async ({ queue, filter, order, after, limit }, { broker }) => {
    const { items, next } = await broker.inspect.browse(queue, { ...filter, order, after, limit });
    const partial = next !== null && items.length < limit;
    return { rows: items.map(messageRow), next, partial, read: partial ? SCAN_LIMIT : items.length, reached: partial ? await enteredAt(broker, next) : null };
  },

  "messages.rows": async ({ queue, filter, order, after, ids }, { broker }) => {
    const wanted = new Set(ids);
    const rows = new Map<string, MessageRow>();
    // Without conditions they stand together, but for the first of the queue: one call reads them.
    if (after !== undefined && !isSparse(filter)) {
      const { items } = await broker.inspect.browse(queue, { group: filter.group, partition: filter.partition, order, after, limit: Math.min(1000, ids.length) });
      for (const message of items) if (wanted.has(message.id)) rows.set(message.id, messageRow(message));
    }
    await inTurn(ids.filter((id) => !rows.has(id)), async (id) => {
      const message = await unlessGone(() => broker.inspect.read(id, filter.group));
      if (message !== null) rows.set(id, messageRow(message));
    });
    return { rows: ids.flatMap((id) => rows.get(id) ?? []) };
  },

  "messages.at": async ({ queue, group, at }, { broker }) => {
    const { items } = await broker.inspect.browse(queue, { group, from: at, scheduled: false, limit: 1 });
    return { id: items[0]?.id ?? null };
  },

  "messages.histogram": async ({ queue, from, to, buckets }, { broker }) => {
    const end = to ?? ((await edge(broker, queue, "newest")) ?? Date.now()) + 1;
    const start = from ?? (await edge(broker, queue, "oldest")) ?? end;
    // Whole milliseconds, at least one to a span.
    const first = Math.min(start, end - buckets);
    return { from: first, to: end, counts: await broker.inspect.histogram(queue, { from: first, to: end, buckets }) };
  },
} satisfies Handlers<"messages.browse" | "messages.rows" | "messages.at" | "messages.histogram">;

/** Whether what matches is scattered among what doesn't. */
function isSparse({ state, match }: MessageFilter): boolean {
  return state !== undefined || match !== undefined;
}

/** When the message at a place entered; `null` where none is any more. */
async function enteredAt(broker: Broker, place: string): Promise<Instant | null> {
  const message = await unlessGone(() => broker.inspect.read(place));
  return message === null || message.state === "scheduled" ? null : message.createdAt;
}

/** When the first or the last message entered; `null` where there is none. */
async function edge(broker: Broker, queue: string, order: Order): Promise<Instant | null> {
  const { items } = await broker.inspect.browse(queue, { order, scheduled: false, limit: 1 });
  return items[0]?.createdAt ?? null;
}

/** `null` for what was removed meanwhile. */
export async function unlessGone<T>(read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch (error) {
    if (isQueuescopeError(error) && error.code === "message-not-found") return null;
    throw error;
  }
}

async function inTurn<T>(items: readonly T[], act: (item: T) => Promise<void>): Promise<void> {
  for (let from = 0; from < items.length; from += AT_ONCE) await Promise.all(items.slice(from, from + AT_ONCE).map(act));
}

