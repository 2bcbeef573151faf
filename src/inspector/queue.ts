import type { Handlers } from "./handlers.ts";

export const queueHandlers = {
  "page.open": (_params, { host, broker }) =>
    Promise.resolve({
      surface: host.surface,
      connection: {
        id: host.connection.id,
        label: host.connection.label,
        url: broker.url,
        broker: broker.capabilities.broker,
        version: broker.capabilities.version,
        readOnly: broker.readOnly,
        limits: [...broker.capabilities.limits],
        status: host.connection.status(),
      },
      texts: { ...host.texts },
    }),

  "queue.list": async ({ match, after }, { broker }) => {
    const { items, next } = await broker.queues.list({ match, after, limit: 100 });
    return { queues: items.map(({ name, paused, counts }) => ({ name, paused, counts })), next };
  },

  "queue.get": async ({ queue }, { broker }) => {
    const [{ name, paused, createdAt, options }, stats] = await Promise.all([broker.queues.get(queue), broker.inspect.stats(queue)]);
    const { counts, messages, neverDelivered, totalDeliveries, bytes, partitions, firstId, lastId } = stats;
    const groups = stats.groups.map((group) => ({ ...group, workers: [...group.workers] }));
    return { name, paused, createdAt, options: { ...options }, counts, messages, neverDelivered, totalDeliveries, bytes, partitions, firstId, lastId, groups };
  },

  "queue.pause": async ({ queue, paused }, { broker }) => {
    await (paused ? broker.queues.pause(queue) : broker.queues.resume(queue));
    return {};
  },
} satisfies Handlers<"page.open" | "queue.list" | "queue.get" | "queue.pause">;
