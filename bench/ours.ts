import { DatabaseSync } from "node:sqlite";
import { openLocal } from "../src/brokers/local/index.ts";
import type { Broker, Delivery, PopRequest, PushItem, Settlement } from "../src/core/index.ts";
import type { Bench, Side } from "./harness.ts";

export const QUEUE = "bench";
/** 256 bytes of JSON, as in the measurements the design rests on. */
export const BODY: Uint8Array = new TextEncoder().encode(JSON.stringify({ text: "x".repeat(245) }));
const PAYLOAD = { encoding: "json", bytes: BODY } as const;

/** How a row's messages are spread over partitions. */
export type Keys = "none" | "batch" | "mixed";

/** `none`: no partition. `batch`: each batch goes to the next of `partitions`. `mixed`: each message does. */
export function batches(size: number, keys: Keys, partitions = 1_000): () => PushItem[] {
  let n = 0;
  const key = (): string => `customer-${n++ % partitions}`;
  if (keys === "none") return () => Array.from({ length: size }, () => ({ payload: PAYLOAD }));
  if (keys === "mixed") return () => Array.from({ length: size }, () => ({ payload: PAYLOAD, partition: key() }));
  return () => {
    const partition = key();
    return Array.from({ length: size }, () => ({ payload: PAYLOAD, partition }));
  };
}

/** A broker on a new file, with a queue that group `default` has popped from, as in any program that consumes. */
export async function newBroker(bench: Bench): Promise<Broker> {
  const broker = await openLocal(bench.file("queues.db"));
  bench.after(() => broker.close());
  await broker.queues.create(QUEUE);
  await broker.messages.pop(QUEUE);
  return broker;
}

export function pushing(broker: Broker, next: () => readonly PushItem[]): Side {
  return {
    async run() {
      return (await broker.messages.push(QUEUE, next())).length;
    },
  };
}

/** Pushes what a consumer is to take; in batches, because it isn't timed. */
export async function fill(broker: Broker, messages: number, keys: Keys, partitions = 1_000): Promise<void> {
  const size = keys === "batch" ? Math.max(1, Math.min(1_000, Math.ceil(messages / partitions))) : 1_000;
  const next = batches(size, keys, partitions);
  for (let pushed = 0; pushed < messages; pushed += size) await broker.messages.push(QUEUE, next());
}

export function acked({ receipt }: Delivery): Settlement {
  if (receipt === null) throw new Error("A leased delivery has a receipt.");
  return { action: "ack", receipt };
}

/** What is prepared isn't timed, so neither is its checkpoint, which would come due in the middle of what is. */
export function checkpointed(bench: Bench, broker: Broker, side: Side): Side {
  const db = new DatabaseSync(broker.url.slice("file:".length));
  bench.after(() => { db.close(); });
  const checkpoint = db.prepare("PRAGMA wal_checkpoint(PASSIVE)");
  return {
    async prepare(operations) {
      await side.prepare?.(operations);
      checkpoint.get();
    },
    run: () => side.run(),
  };
}

/** Pop, then ack, in two commits. */
export function popAndAck(broker: Broker, keys: Keys, request: PopRequest = {}): Side {
  return {
    prepare: (messages) => fill(broker, messages, keys),
    async run() {
      const deliveries = await broker.messages.pop(QUEUE, request);
      await broker.messages.settle(deliveries.map(acked));
      return counted(deliveries.length);
    },
  };
}

/** A worker's loop: the ack of what it has and the next pop in one commit. */
export function ackWithNextPop(broker: Broker, keys: Keys, request: PopRequest = {}): Side {
  let held: Settlement[] = [];
  return {
    prepare: (messages) => fill(broker, messages, keys),
    async run() {
      const { deliveries } = await broker.messages.settleAndPop(held, QUEUE, request);
      held = deliveries.map(acked);
      return counted(deliveries.length);
    },
  };
}

/** A side that ran out of messages would time empty pops. */
function counted(messages: number): number {
  if (messages === 0) throw new Error("The consumer ran out of messages.");
  return messages;
}
