/** What the tests of JetStream stand on: servers that restart with their data, clusters with replicas, a network that fails. */
import { connect, type NatsConnection } from "@nats-io/transport-node";
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test, type TestContext } from "node:test";
import { startCluster } from "../support/nats-cluster.ts";
import { natsSkip, startNatsServer } from "../support/nats-server.ts";
import { startProxy } from "../support/proxy.ts";
import { temporaryFolder } from "../support/folder.ts";
import { until } from "../support/until.ts";

async function client(context: TestContext, url: string): Promise<NatsConnection> {
  const nc = await connect({ servers: url.split(","), reconnectTimeWait: 20, maxReconnectAttempts: -1 });
  context.after(() => nc.close());
  return nc;
}

async function api(nc: NatsConnection, subject: string, request: object = {}): Promise<{ error?: { description: string }; state?: { messages: number } }> {
  return (await nc.request(`$JS.API.${subject}`, JSON.stringify(request))).json();
}

for (const version of ["newest", "2.9"] as const) {
  const skip = natsSkip(version);

  test(`a ${version} server keeps port and data over a kill, and leaves nothing behind when it is stopped`, { skip }, async (context) => {
    const server = await startNatsServer({ version });
    context.after(() => server.stop());
    assert.ok(version === "newest" ? Number(server.version.split(".")[1]) >= 12 : server.version.startsWith("2.9."), server.version);
    const nc = await client(context, server.url);
    assert.equal((await api(nc, "STREAM.CREATE.s", { name: "s", subjects: ["s"] })).error, undefined);
    await nc.request("s", "1");
    const { port, pid } = server;
    await server.restart("SIGKILL");
    assert.equal(server.port, port);
    assert.notEqual(server.pid, pid);
    const info = await until("the data of before", async () => await api(nc, "STREAM.INFO.s").catch(() => undefined));
    assert.equal(info.state?.messages, 1);
    await nc.close();
    await server.stop();
    assert.equal(server.isRunning, false);
    assert.equal(existsSync(server.storeDir), false);
  });

  test(`a ${version} cluster has streams with three replicas and elects another leader`, { skip }, async (context) => {
    const cluster = await startCluster(3, { version });
    context.after(() => cluster.stop());
    const nc = await client(context, cluster.url);
    assert.equal((await api(nc, "STREAM.CREATE.s", { name: "s", subjects: ["s"], num_replicas: 3 })).error, undefined);
    await cluster.settled("s");
    const leader = await cluster.leaderOf("s");
    await leader.kill();
    assert.notEqual(await cluster.leaderOf("s"), leader);
  });
}

test("a server that can't start says why, and one that stands still can be stopped", { skip: natsSkip() }, async () => {
  await assert.rejects(startNatsServer({ config: "max_payload: nonsense" }), /ended at its start.*nats\.conf:1/s);
  const server = await startNatsServer();
  await server.kill("SIGSTOP");
  await server.stop();
  assert.equal(server.isRunning, false);
});

test("a store that was given outlives its server", { skip: natsSkip() }, async (context) => {
  const storeDir = await temporaryFolder(context);
  const server = await startNatsServer({ storeDir });
  await server.stop();
  assert.equal(existsSync(storeDir), true);
});

test("the proxy loses answers while their requests are carried out, and ends what can't go on", { skip: natsSkip() }, async (context) => {
  const server = await startNatsServer();
  context.after(() => server.stop());
  const proxy = await startProxy(server.url);
  context.after(() => proxy.stop());
  const direct = await client(context, server.url);
  const nc = await client(context, proxy.url);
  await api(direct, "STREAM.CREATE.s", { name: "s", subjects: ["s"] });
  await nc.request("s", "answered");

  const again = new Promise<void>((resolve) => {
    void (async () => { for await (const { type } of nc.status()) if (type === "reconnect") resolve(); })();
  });
  proxy.drop("toClient");
  nc.publish("s", "lost answer", { reply: "nobody" });
  await until("the request to be carried out", async () => (await api(direct, "STREAM.INFO.s")).state?.messages === 2);
  await assert.rejects(nc.request("s", "no answer", { timeout: 100 }), /timeout/);
  proxy.restore();
  await again;
  await nc.request("s", "answered again");
  assert.equal((await api(direct, "STREAM.INFO.s")).state?.messages, 4);
});

test("the proxy holds bytes back without losing any, delays them in order, and refuses after a cut", { skip: natsSkip() }, async (context) => {
  const server = await startNatsServer();
  context.after(() => server.stop());
  const proxy = await startProxy(server.url);
  context.after(() => proxy.stop());
  const direct = await client(context, server.url);
  const nc = await client(context, proxy.url);
  const arrived: string[] = [];
  direct.subscribe("held", { callback: (_error, message) => { arrived.push(message.string()); } });
  await direct.flush();

  proxy.hold("toServer");
  nc.publish("held", "1");
  await direct.flush();
  assert.deepEqual(arrived, []);
  proxy.restore();
  proxy.delay(60);
  nc.publish("held", "2");
  await nc.flush();
  proxy.delay(0);
  nc.publish("held", "3");
  await until("all to arrive", () => arrived.length === 3);
  assert.deepEqual(arrived, ["1", "2", "3"]);

  proxy.cut();
  await assert.rejects(connect({ servers: proxy.url, reconnect: false, timeout: 2_000 }));
  assert.equal(proxy.connections, 0);
  proxy.restore();
  await until("the connection to come back", async () => await nc.flush().then(() => !nc.isClosed(), () => false));
});
