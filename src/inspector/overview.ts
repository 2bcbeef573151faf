import { type GroupInfo, isQueuescopeError } from "../core/index.ts";
import type { QueueLag } from "../protocol/index.ts";
import type { Handlers } from "./handlers.ts";

/** Queues asked about at a time: a server far away shouldn't be asked one by one, nor all at once. */
const AT_ONCE = 8;

export const overviewHandlers = {
  "queue.lags": async ({ queues }, { broker, signal }) => {
    const lags: QueueLag[] = [];
    const waiting = [...queues];
    const work = async (): Promise<void> => {
      for (let queue = waiting.shift(); queue !== undefined && !signal.aborted; queue = waiting.shift()) {
        const groups = await unlessGone(broker.inspect.groups(queue));
        if (groups !== undefined) lags.push(lagOf(queue, groups));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    return { lags };
  },
} satisfies Handlers<"queue.lags">;

function lagOf(queue: string, groups: readonly GroupInfo[]): QueueLag {
  const worst = groups.reduce<GroupInfo | undefined>((last, group) => (last === undefined || group.lag > last.lag ? group : last), undefined);
  const dead = groups.reduce((sum, { counts }) => sum + counts.dead, 0);
  return { queue, groups: groups.length, dead, worst: worst === undefined ? null : { group: worst.name, lag: worst.lag, oldestReadyAge: worst.oldestReadyAge } };
}

async function unlessGone<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (isQueuescopeError(error) && error.code === "queue-not-found") return undefined;
    throw error;
  }
}
