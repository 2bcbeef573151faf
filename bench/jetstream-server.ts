/** What the JetStream rows share: a server of their own, a broker on it, and a bare connection. */
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { openJetStream } from "../src/brokers/jetstream/index.ts";
import type { Broker } from "../src/core/index.ts";
import { startNatsServer } from "../test/support/nats-server.ts";
import type { Bench } from "./harness.ts";
import { QUEUE } from "./ours.ts";

/** A new nats-server on loopback; its store goes with the row. */
export async function newServer(bench: Bench): Promise<string> {
  const server = await startNatsServer();
  bench.after(() => server.stop());
  return server.url;
}

/** The bare client, which both sides are made with. */
export async function rawConnection(bench: Bench, url: string): Promise<NatsConnection> {
  const nc = await connect({ servers: url });
  bench.after(() => nc.close());
  return nc;
}

/** A broker with a queue that group `default` has popped from, as in any program that consumes. */
export async function natsBroker(bench: Bench, url: string): Promise<Broker> {
  const broker = await openJetStream({ url });
  bench.after(() => broker.close());
  await broker.queues.create(QUEUE);
  await broker.messages.pop(QUEUE);
  return broker;
}
