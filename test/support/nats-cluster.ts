/** A cluster of real nats-servers on loopback, ready for streams with replicas. */
import { connect as connectNats, type NatsConnection } from "@nats-io/transport-node";
import { freePort } from "../../src/client/nats-server/port.ts";
import { startNatsServer, type NatsServer, type NatsServerOptions } from "./nats-server.ts";
import { until } from "./until.ts";

export interface NatsClusterOptions extends Pick<NatsServerOptions, "version" | "env"> {
  /** Added to the configuration of every server. Readiness is looked for without credentials. */
  readonly config?: string;
}

/** The servers are named n1, n2, ... */
export class NatsCluster implements AsyncDisposable {
  readonly servers: readonly NatsServer[];

  constructor(servers: readonly NatsServer[]) {
    this.servers = servers;
  }

  /** Of all servers, with commas between. */
  get url(): string {
    return this.servers.map(({ url }) => url).join(",");
  }

  /** The server that leads the stream, waited for while there is an election. */
  async leaderOf(stream: string): Promise<NatsServer> {
    return this.#ask(async (nc) => await until(`a leader of ${stream}`, async () => this.#named((await streamInfo(nc, stream)).cluster?.leader), PATIENCE_S));
  }

  /** Resolves when every replica of the stream follows its leader and none is behind. */
  async settled(stream: string): Promise<void> {
    await this.#ask(async (nc) => await until(`the replicas of ${stream}`, async () => {
      const cluster = (await streamInfo(nc, stream)).cluster;
      return cluster?.leader !== undefined && (cluster.replicas ?? []).every(({ current, offline }) => current && offline !== true);
    }, PATIENCE_S));
  }

  /** Another server leads the stream when this resolves. */
  async stepDown(stream: string): Promise<void> {
    await this.#ask(async (nc) => {
      const before = (await streamInfo(nc, stream)).cluster?.leader;
      await ask(nc, `STREAM.LEADER.STEPDOWN.${stream}`);
      await until(`another leader of ${stream}`, async () => {
        const leader = (await streamInfo(nc, stream)).cluster?.leader;
        return leader !== undefined && leader !== "" && leader !== before;
      }, PATIENCE_S);
    });
  }

  async stop(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.stop()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #named(name: string | undefined): NatsServer | undefined {
    return name === undefined || name === "" ? undefined : this.servers[Number(name.slice(1)) - 1];
  }

  async #ask<T>(question: (nc: NatsConnection) => Promise<T>): Promise<T> {
    const nc = await connectNats({ servers: this.servers.filter(({ isRunning }) => isRunning).map(({ url }) => url) });
    try {
      return await question(nc);
    } finally {
      await nc.close();
    }
  }
}

/** Resolves when a stream with as many replicas as there are servers has been made (and deleted again). */
export async function startCluster(size = 3, options: NatsClusterOptions = {}): Promise<NatsCluster> {
  // Routes have to be known before the servers start.
  const routes = await Promise.all(Array.from({ length: size }, freePort));
  const starts = await Promise.allSettled(routes.map((port, index) => startNatsServer({ ...options, config: memberConfig(index, port, routes, options.config) })));
  const cluster = new NatsCluster(starts.flatMap((start) => start.status === "fulfilled" ? [start.value] : []));
  try {
    for (const start of starts) if (start.status === "rejected") throw start.reason;
    await becomeReady(cluster);
  } catch (error) {
    await cluster.stop();
    throw error;
  }
  return cluster;
}

function memberConfig(index: number, port: number, routes: readonly number[], more = ""): string {
  const others = routes.map((route) => `nats-route://127.0.0.1:${route}`).join(", ");
  // Without no_advertise clients learn every server's address and go around a proxy.
  return `server_name: n${index + 1}\ncluster { name: test, listen: "127.0.0.1:${port}", routes: [${others}], no_advertise: true }\n${more}\n`;
}

/** An election takes four seconds and more; on a busy machine several are held. */
const PATIENCE_S = 60;
const PROBE = "queuescope-test-probe";

async function becomeReady(cluster: NatsCluster): Promise<void> {
  const nc = await connectNats({ servers: cluster.servers.map(({ url }) => url) });
  try {
    const config = { name: PROBE, subjects: [PROBE], num_replicas: cluster.servers.length, storage: "memory" };
    await until("the cluster to make a stream with replicas", async () => (await ask(nc, `STREAM.CREATE.${PROBE}`, config)).error === undefined, PATIENCE_S);
    await cluster.settled(PROBE);
    await until("the cluster to delete it again", async () => (await ask(nc, `STREAM.DELETE.${PROBE}`)).error === undefined);
  } finally {
    await nc.close();
  }
}

interface Answer {
  readonly error?: { readonly code: number; readonly description: string };
  readonly cluster?: { readonly leader?: string; readonly replicas?: readonly { readonly current: boolean; readonly offline?: boolean }[] };
}

async function streamInfo(nc: NatsConnection, stream: string): Promise<Answer> {
  return await ask(nc, `STREAM.INFO.${stream}`);
}

/** An answer that doesn't come, because there is no leader yet, is an error to try again after. */
async function ask(nc: NatsConnection, what: string, request: object = {}): Promise<Answer> {
  try {
    return (await nc.request(`$JS.API.${what}`, JSON.stringify(request), { timeout: 1_000 })).json<Answer>();
  } catch (error) {
    return { error: { code: 503, description: String(error) } };
  }
}
