import { DEFAULT_GROUP, limitOf, ScanBudget } from "../../../core/index.ts";
import type { Message, PeekRequest } from "../../../core/index.ts";
import type { Definition } from "../definition.ts";
import type { Engine } from "../engine.ts";
import type { LogMessage } from "../message.ts";
import { whereOf } from "../timetable.ts";
import { Deliverable } from "./deliverable.ts";
import { Reading } from "./reading.ts";

/** What pops of this group would give next, in their order, whether or not it is paused or held at the moment. */
export async function peek(engine: Engine, queue: Definition, request: PeekRequest): Promise<Message[]> {
  const limit = limitOf(request.limit, 10, 1_000);
  const reading = await Reading.open(engine, queue, request.group ?? DEFAULT_GROUP);
  const deliverable = new Deliverable(reading);
  const budget = new ScanBudget();
  const found = await fromLog(deliverable, request.partition, limit, budget);
  // Pushed first, given first, whether or not it has a partition.
  found.sort((a, b) => b.place.priority - a.place.priority || a.seq - b.seq);
  const messages = found.map((message) => reading.shown(message, reading.view.of(message)));
  for await (const due of deliverable.due()) {
    for (const message of due) {
      if (messages.length >= limit || budget.spent) return messages;
      if (request.partition !== undefined && whereOf(message).partition !== request.partition) continue;
      budget.spend(message.data.length);
      messages.push(reading.shownScheduled(message));
    }
  }
  return messages;
}

async function fromLog(deliverable: Deliverable, partition: string | undefined, limit: number, budget: ScanBudget): Promise<LogMessage[]> {
  const found: LogMessage[] = [];
  for (const kind of partition === undefined ? deliverable.kinds(limit) : [deliverable.ofPartition(partition, limit)]) {
    for await (const { read, messages } of kind) {
      for (let i = messages.length; i < read; i++) budget.spend(0);
      for (const message of messages) {
        if (found.length >= limit) return found;
        budget.spend(message.data.length);
        found.push(message);
      }
      if (budget.spent || found.length >= limit) return found;
    }
  }
  return found;
}
