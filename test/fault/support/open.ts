import { openJetStream } from "../../../src/brokers/jetstream/index.ts";
import { openLocal } from "../../../src/brokers/local/index.ts";
import { type Broker, isQueuescopeError } from "../../../src/core/index.ts";

/** Queues in a file, or at a NATS URL: to there a process comes back at once. */
export function openAt(where: string): Promise<Broker> {
  return isNats(where) ? openJetStream({ url: where, reconnect: { wait: 20, maxWait: 200 }, onBackgroundError: blame }) : openLocal(where);
}

export function isNats(where: string): boolean {
  return where.startsWith("nats:");
}

/** A server that is away is to be expected, and a stream that a test deleted; anything else in the background is a bug. */
function blame(error: unknown): void {
  if (!isAway(error) && !isQueuescopeError(error, "queue-not-found")) throw error;
}

/** Of a server that was killed, or has no leader yet: what was called may be done or not. */
export function isAway(error: unknown): boolean {
  return isQueuescopeError(error, "unavailable") || isQueuescopeError(error, "busy") || (isQueuescopeError(error, "partial-push") && isAway(error.cause));
}
