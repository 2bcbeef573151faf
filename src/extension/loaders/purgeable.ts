import type { Broker, Page, PartitionInfo } from "../../core/index.ts";
import { takeRows } from "./paging.ts";

/** Leases and scheduled messages looked at; nobody confirms a purge by the last digit beyond that. */
const MOST = 1000;

/** How many messages a purge of a queue, or of one partition, takes away: all but those that somebody leases. */
export async function purgeable(broker: Broker, queue: string, partition: string | undefined): Promise<number> {
  const { inspect } = broker;
  const leases = await takeRows((page) => inspect.leases(queue, page), MOST);
  const leased = new Set(leases.items.filter((message) => partition === undefined || message.partition === partition).map(({ id }) => id));
  const stored = partition === undefined ? (await inspect.stats(queue)).messages : await inPartition(broker, queue, partition);
  return Math.max(stored - leased.size, 0);
}

/** Looked for by name among those whose names hold it, however many these are. */
export async function partitionNamed({ inspect }: Broker, queue: string, partition: string, group?: string): Promise<PartitionInfo | undefined> {
  let after: string | undefined;
  do {
    const page: Page<PartitionInfo> = await inspect.partitions(queue, { after, limit: MOST, match: partition, sort: "name", group });
    const found = page.items.find(({ name }) => name === partition);
    if (found !== undefined) return found;
    after = page.next ?? undefined;
  } while (after !== undefined);
  return undefined;
}

async function inPartition(broker: Broker, queue: string, partition: string): Promise<number> {
  const { inspect } = broker;
  const found = await partitionNamed(broker, queue, partition);
  const scheduled = await takeRows((page) => inspect.browse(queue, { ...page, partition, state: "scheduled" }), MOST);
  return (found?.messages ?? 0) + scheduled.items.length;
}
