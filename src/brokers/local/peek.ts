import { DEFAULT_GROUP } from "../../core/index.ts";
import type { Message, PeekRequest } from "../../core/index.ts";
import { deliverable, dueMessages, partitionLane, readyLanes } from "./deliverable.ts";
import type { ReadyLane } from "./deliverable.ts";
import { messageAt, MessageReader } from "./lookup.ts";
import { limitOf, ScanBudget } from "../../core/index.ts";
import type { QueueRow } from "./queue-row.ts";
import type { Unseal } from "./rows.ts";
import type { ReadTx } from "./tx.ts";

/** What pops of this group would give next, whether or not it is paused or held at the moment. */
export function peek(tx: ReadTx, queue: QueueRow, request: PeekRequest, unseal: Unseal): Message[] {
  const limit = limitOf(request.limit, 10, 1_000);
  const reader = new MessageReader(tx, queue, request.group ?? DEFAULT_GROUP, unseal);
  const messages: Message[] = [];
  const budget = new ScanBudget();
  for (const lane of lanesOf(tx, queue, reader, request, limit)) {
    for (const head of deliverable(tx, queue, reader.view, lane)) {
      if (messages.length >= limit || budget.spent) return messages;
      const row = messageAt(tx, head.id);
      if (row === undefined) continue;
      budget.spend(row.body.length);
      messages.push(reader.shown(row));
    }
  }
  for (const row of dueMessages(tx, queue, reader.view, limit - messages.length)) {
    if (budget.spent) break;
    if (request.partition !== undefined && row.name !== request.partition) continue;
    budget.spend(row.body.length);
    messages.push(reader.shownScheduled(row));
  }
  return messages;
}

function lanesOf(tx: ReadTx, queue: QueueRow, reader: MessageReader, { partition }: PeekRequest, limit: number): Iterable<ReadyLane> {
  if (partition === undefined) return readyLanes(tx, queue, reader.view, limit);
  const lane = partitionLane(tx, queue, reader.view, partition);
  return lane === undefined ? [] : [lane];
}
