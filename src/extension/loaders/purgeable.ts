import type { Broker } from "../../core/index.ts";
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

async function inPartition({ inspect }: Broker, queue: string, partition: string): Promise<number> {
  const found = await takeRows((page) => inspect.partitions(queue, { ...page, match: partition, sort: "name" }), MOST);
  const scheduled = await takeRows((page) => inspect.browse(queue, { ...page, partition, state: "scheduled" }), MOST);
  return (found.items.find(({ name }) => name === partition)?.messages ?? 0) + scheduled.items.length;
}
