import { checkPriority, checkPushItems, DEFAULT_PARTITION } from "../../core/index.ts";
import type { Encoding, Instant, PushItem, QueueOptions } from "../../core/index.ts";
import { storedHeaders } from "./rows.ts";

/** A message on its way in, checked. */
export interface Incoming {
  readonly encoding: Encoding;
  readonly body: Uint8Array;
  /** JSON, not yet sealed. */
  readonly headers: Uint8Array | null;
  readonly partition: string | null;
  readonly priority: number | undefined;
  readonly transactionId: string | null;
  readonly deliverAt: Instant | null;
  readonly ttl: number | undefined;
  /** For a redriven message: the only group that gets it, and the dead letter it was made from. */
  readonly onlyGroup?: string | null;
  readonly origin?: number | null;
}

/** @throws invalid-input, payload-too-large */
export function checkedItems(items: readonly PushItem[]): Incoming[] {
  checkPushItems(items);
  return items.map((item) => ({
    encoding: item.payload.encoding,
    body: item.payload.bytes,
    headers: item.headers === undefined ? null : storedHeaders(item.headers),
    partition: item.partition ?? null,
    priority: item.priority,
    transactionId: item.transactionId ?? null,
    deliverAt: item.deliverAt === undefined ? null : Math.trunc(item.deliverAt),
    ttl: item.ttl === undefined ? undefined : Math.round(item.ttl),
  }));
}

/** Where the queue's options put a message. */
export function placeOf(item: Pick<Incoming, "partition" | "priority">, options: QueueOptions): { readonly partition: string | null; readonly priority: number } {
  if (item.partition !== null) return { partition: item.partition, priority: 0 };
  if (options.ordered) return { partition: DEFAULT_PARTITION, priority: 0 };
  return { partition: null, priority: item.priority ?? options.priority };
}

/** An ordered queue gives every message a partition. @throws invalid-input */
export function checkOrdered(items: readonly Incoming[], options: QueueOptions): void {
  if (!options.ordered) return;
  for (const { priority } of items) if (priority !== undefined) checkPriority(priority, DEFAULT_PARTITION, "priority");
}
