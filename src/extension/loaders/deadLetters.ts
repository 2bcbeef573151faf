import type { Broker, DeadLetterFilter, RedriveRequest } from "../../core/index.ts";
import type { Connection } from "../connections/connection.ts";
import { type DeadLetterNode, type DeadLettersNode, type DeadQueueNode, listKey } from "../models/nodes.ts";
import { type Paging, takeRows } from "./paging.ts";
import { countDead } from "./queues.ts";

/** Queues looked at for dead letters. */
const MOST_QUEUES = 1000;

/** Queues with dead letters that wait, the most first. */
export async function loadDeadQueues(connection: Connection, amongOthers = false): Promise<DeadQueueNode[]> {
  const broker = await connection.shown();
  if (broker === undefined) return [];
  const { items } = await takeRows((page) => broker.queues.list(page), MOST_QUEUES);
  const counted = await Promise.all(items.map(async ({ name }): Promise<DeadQueueNode> => ({ kind: "deadQueue", connection, queue: name, count: await countDead(broker, name), amongOthers })));
  return counted.filter(({ count }) => count > 0).sort((a, b) => b.count - a.count || a.queue.localeCompare(b.queue));
}

export async function loadDeadLetters(parent: DeadQueueNode, paging: Paging): Promise<DeadLettersNode[]> {
  const { connection, queue } = parent;
  const broker = await connection.open();
  const list = listKey(parent);
  const { items, more } = await takeRows((page) => broker.inspect.deadLetters(queue, { ...page, redriven: false }), paging.rows(list));
  const rows = items.map((deadLetter): DeadLetterNode => ({ kind: "deadLetter", connection, queue, deadLetter, view: "deadLetters" }));
  return more ? [...rows, { kind: "more", list, remaining: Math.max(parent.count - rows.length, 0) }] : rows;
}

/** Those that wait now. What dies while somebody is asked about them, or again right after its redrive, is not among them. */
export function waitingNow(): DeadLetterFilter {
  return { redriven: false, to: Date.now() };
}

/** A redrive in steps, each going on where the one before ended: named ones that were redriven already match again otherwise. */
export function redriveSteps({ repair }: Broker, queue: string, request: RedriveRequest): () => Promise<{ readonly done: number; readonly more: boolean }> {
  let after: string | null = null;
  return async () => {
    const { redriven, more, next } = await repair.redrive(queue, after === null ? request : { ...request, after });
    after = next;
    return { done: redriven.filter(({ status }) => status === "redriven").length, more };
  };
}
