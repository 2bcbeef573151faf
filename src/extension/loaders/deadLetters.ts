import type { Broker, DeadLetterFilter, DeadQueue, RedriveRequest } from "../../core/index.ts";
import type { Connection } from "../connections/connection.ts";
import { type DeadLetterNode, type DeadLettersNode, type DeadQueueNode, listKey } from "../models/nodes.ts";
import { type Paging, takeRows, TO_THE_END } from "./paging.ts";

/** Every queue with dead letters that wait, the most first. */
export async function deadQueues({ inspect }: Broker): Promise<DeadQueue[]> {
  const { items } = await takeRows((page) => inspect.deadQueues(page), TO_THE_END, TO_THE_END);
  return items.toSorted((a, b) => b.waiting - a.waiting || a.queue.localeCompare(b.queue));
}

export async function loadDeadQueues(connection: Connection, amongOthers = false): Promise<DeadQueueNode[]> {
  const broker = await connection.shown();
  if (broker === undefined) return [];
  return (await deadQueues(broker)).map(({ queue, waiting }) => ({ kind: "deadQueue", connection, queue, count: waiting, amongOthers }));
}

/** Of the queues of all connections those with the most dead letters; the rest by More. */
export function shownDeadQueues(queues: readonly DeadQueueNode[], paging: Paging): DeadLettersNode[] {
  const rows = queues.toSorted((a, b) => b.count - a.count).slice(0, paging.rows(ALL_QUEUES));
  return queues.length > rows.length ? [...rows, { kind: "more", list: ALL_QUEUES, remaining: queues.length - rows.length }] : rows;
}

const ALL_QUEUES = "dead queues";

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
