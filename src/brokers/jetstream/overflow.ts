import { QueuescopeError } from "../../core/index.ts";
import { aheadOf, heldBy } from "./counts.ts";
import type { Definition } from "./definition.ts";
import type { Engine } from "./engine.ts";

/** @throws queue-full */
export async function makeRoom(engine: Engine, queue: Definition, count: number): Promise<void> {
  const { maxSize } = queue.options;
  const there = await undone(engine, queue);
  if (there + count <= maxSize) return;
  throw new QueuescopeError("queue-full", `The queue ${queue.name} is full: ${there} of at most ${maxSize} messages wait, and ${count} more don't fit. Consume some, or raise maxSize.`, { queue: queue.name });
}

/** Messages that some group hasn't completed: those of the group that is furthest behind. */
async function undone(engine: Engine, queue: Definition): Promise<number> {
  const names = await engine.groupNames(queue);
  if (names.length === 0) return aheadOf(engine, queue, () => 0);
  const lags = await Promise.all(names.map(async (name) => {
    const record = await engine.session(queue, name).record(queue);
    if (record === undefined) return 0;
    const { leased, retrying, waiting } = heldBy(record, engine.now());
    return leased + retrying + waiting + (await aheadOf(engine, queue, (priority) => record.at(priority)));
  }));
  return Math.max(0, ...lags);
}
