import { type Message, type MessageState, DEFAULT_GROUP, DEFAULT_OPTIONS, type GroupInfo, mergeOptions, type QueueInfo, type StateCounts } from "../../../core/index.ts";
import type { Stored } from "../api.ts";
import type { ForeignQueue, Layout } from "./layout.ts";

/** What is known of all of a queue's messages, without reading them. */
export async function countsOf(layout: Layout, queue: ForeignQueue): Promise<StateCounts> {
  const [dead, scheduled] = await Promise.all([layout.deadCount(queue), layout.scheduled(queue)]);
  const { consumer, messages } = queue;
  const ready = consumer === null ? messages : Math.min(consumer.num_pending, messages);
  // Until its worker acknowledges it, JetStream counts a message as delivered: one that waits for its retry too.
  const leased = consumer === null ? 0 : Math.min(consumer.num_ack_pending, messages - ready);
  const completed = layout.keepsCompleted ? Math.max(0, messages - ready - leased - dead) : 0;
  return { ready, scheduled: scheduled.length, leased, retrying: 0, completed, dead };
}

/**
 * JetStream doesn't tell which messages are delivered and unacknowledged, only that they lie between the ack floor and
 * the last delivered one. Where acknowledged messages are kept, one in between counts as leased while any is.
 */
export function stateOf(layout: Layout, { consumer }: ForeignQueue, seq: number, dead: ReadonlySet<number>): MessageState {
  if (dead.has(seq)) return "dead";
  if (consumer === null || seq > consumer.delivered.stream_seq) return "ready";
  if (!layout.keepsCompleted) return "leased";
  return seq <= consumer.ack_floor.stream_seq || consumer.num_ack_pending === 0 ? "completed" : "leased";
}

export function messageOf(layout: Layout, queue: ForeignQueue, stored: Stored, state: MessageState): Message {
  const id = layout.idOf(queue.stream, stored.seq);
  const { payload, headers, transactionId, priority, charges, note } = layout.decode(stored);
  return {
    id,
    queue: queue.name,
    partition: null,
    payload,
    headers: Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith("Nats-"))),
    transactionId: transactionId ?? id,
    priority,
    createdAt: stored.at,
    expiresAt: null,
    redrivenFrom: null,
    editedAt: null,
    state,
    group: queue.consumer?.name ?? DEFAULT_GROUP,
    charges,
    deliveryCount: state === "ready" ? 0 : 1,
    until: state === "leased" ? leaseEnd(queue) : null,
    worker: null,
    lastError: note,
  };
}

/** At the latest: the last delivery's lease, unless its worker asked for more. */
export function leaseEnd({ consumer }: ForeignQueue): number | null {
  const [last, wait] = [consumer?.delivered.last_active, consumer?.config.ack_wait];
  return last === undefined || wait === undefined ? null : Date.parse(last) + wait / 1e6;
}

export async function infoOf(layout: Layout, queue: ForeignQueue): Promise<QueueInfo> {
  return {
    name: queue.name,
    options: mergeOptions(DEFAULT_OPTIONS, queue.options),
    paused: queue.consumer?.paused === true,
    createdAt: queue.createdAt,
    counts: await countsOf(layout, queue),
  };
}

/** The one group there is: the workers that share the durable consumer. */
export function groupOf({ consumer }: ForeignQueue, counts: StateCounts, oldestReadyAge: number | null, workers: readonly string[]): GroupInfo {
  return {
    name: consumer?.name ?? DEFAULT_GROUP,
    start: "all",
    paused: consumer?.paused === true,
    held: null,
    counts,
    lag: counts.ready + counts.leased,
    oldestReadyAge,
    workers,
  };
}
