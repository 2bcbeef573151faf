import type { Handlers } from "./handlers.ts";

type GroupMethod = "groups.members" | "groups.seekPreview" | "groups.seek" | "groups.pause" | "groups.hold" | "groups.step" | "groups.delete";

export const groupHandlers = {
  "groups.members": async ({ queue, group }, { broker }) => {
    const workers = await broker.workers.list();
    const members = workers.filter((worker) => worker.group === group && worker.queues.includes(queue));
    return {
      members: members.map(({ id, name, host, pid, status, live, concurrency, current, processed, failed, startedAt, lastHeartbeatAt }) => ({ id, name, host, pid, status, live, concurrency, current: [...current], processed, failed, startedAt, lastHeartbeatAt })),
    };
  },

  "groups.seekPreview": ({ queue, group, to }, { broker }) => broker.inspect.seekPreview(queue, group, to),

  "groups.seek": async ({ queue, group, to }, { broker }) => {
    await broker.repair.seek(queue, group, to);
    return {};
  },

  "groups.pause": async ({ queue, group, paused }, { broker: { repair } }) => {
    await (paused ? repair.pauseGroup(queue, group) : repair.resumeGroup(queue, group));
    return {};
  },

  "groups.hold": async ({ queue, group, held }, { broker: { repair } }) => {
    await (held ? repair.hold(queue, group) : repair.letGo(queue, group));
    return {};
  },

  "groups.step": async ({ queue, group, count }, { broker }) => {
    await broker.repair.step(queue, group, count);
    return {};
  },

  "groups.delete": async ({ queue, group }, { broker }) => {
    await broker.repair.deleteGroup(queue, group);
    return {};
  },
} satisfies Handlers<GroupMethod>;
