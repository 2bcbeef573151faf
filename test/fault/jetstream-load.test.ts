import { type TestContext, describe, it } from "node:test";
import type { Broker } from "../../src/core/index.ts";
import { startCluster } from "../support/nats-cluster.ts";
import { natsSkip, startNatsServer } from "../support/nats-server.ts";
import { type Direction, startProxy } from "../support/proxy.ts";
import { temporaryFolder } from "./support/folder.ts";
import { KillLoop } from "./support/kill-loop.ts";
import { openAt } from "./support/open.ts";
import { Random, seedFromEnvironment } from "./support/random.ts";

const SLOTS = 6;

async function opened(t: TestContext, url: string): Promise<Broker> {
  const broker = await openAt(url);
  t.after(() => broker.close());
  return broker;
}

function random(t: TestContext): Random {
  const seed = seedFromEnvironment();
  t.diagnostic(`QUEUESCOPE_SEED=${seed}`);
  return new Random(seed);
}

describe("nothing is lost, doubled or reordered on JetStream under load", { skip: natsSkip() }, () => {
  it("while the server is killed and started again on its store", { timeout: 120_000 }, async (t) => {
    const server = await startNatsServer();
    t.after(() => server.stop());
    const broker = await opened(t, server.url);
    const loop = await KillLoop.prepare(t, random(t), temporaryFolder(t), broker, () => server.url);
    const stop = await loop.run();
    for (let kill = 0; kill < 4; kill++) {
      await loop.progress();
      await server.restart("SIGKILL");
    }
    await loop.progress();
    await stop();
    await loop.check(broker);
  });

  it("while leaders of its streams are killed, come back, and step down", { timeout: 180_000 }, async (t) => {
    const cluster = await startCluster();
    t.after(() => cluster.stop());
    const broker = await opened(t, cluster.url);
    const loop = await KillLoop.prepare(t, random(t), temporaryFolder(t), broker, () => cluster.url);
    const stop = await loop.run();
    for (const stream of ["QS_orders", "QSS_orders"]) {
      await loop.progress();
      const leader = await cluster.leaderOf(stream);
      await leader.kill("SIGKILL");
      await loop.progress();
      await leader.start();
      await cluster.settled(stream);
      await cluster.stepDown(stream);
    }
    await loop.progress();
    await stop();
    await loop.check(broker);
  });

  it("while answers, then everything is lost on the way, and connections end", { timeout: 120_000 }, async (t) => {
    const server = await startNatsServer();
    t.after(() => server.stop());
    const proxies = await Promise.all(Array.from({ length: SLOTS }, () => startProxy(server.url)));
    t.after(() => Promise.all(proxies.map((proxy) => proxy.stop())));
    const broker = await opened(t, server.url);
    const loop = await KillLoop.prepare(t, random(t), temporaryFolder(t), broker, (slot) => proxies[slot]?.url ?? "");
    const stop = await loop.run();
    for (const lost of ["toClient", "both", "end"] as const) {
      // One of each kind: the others go on, and take over what these held.
      const cut = proxies.filter((_, slot) => slot % 2 === 0);
      for (const proxy of cut) weather(proxy, lost);
      await loop.progress();
      for (const proxy of cut) proxy.restore();
      await loop.progress();
    }
    await stop();
    await loop.check(broker);
  });
});

function weather(proxy: Awaited<ReturnType<typeof startProxy>>, lost: Direction | "end"): void {
  if (lost === "end") proxy.cut();
  else proxy.drop(lost);
}
