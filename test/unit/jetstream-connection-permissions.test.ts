import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, it, type TestContext } from "node:test";
import { connect } from "@nats-io/transport-node";
import { connect as connectOld } from "nats";
import { openJetStream, type JetStreamOptions } from "../../src/brokers/jetstream/index.ts";
import { valuePayload, type Broker } from "../../src/core/index.ts";
import { natsSkip, startNatsServer, type NatsServer, type NatsServerOptions } from "../support/nats-server.ts";
import { until } from "../support/until.ts";

async function server(t: TestContext, options: NatsServerOptions = {}): Promise<NatsServer> {
  const started = await startNatsServer(options);
  t.after(() => started.stop());
  return started;
}

async function broker(t: TestContext, options: JetStreamOptions): Promise<Broker> {
  const opened = await openJetStream({ env: {}, ...options });
  t.after(() => opened.close());
  return opened;
}

/** An admin, and ada with these permissions only. */
function accounts(publish: readonly string[], subscribe: readonly string[]): string {
  return `authorization { users: [{ user: admin, password: pw }, { user: ada, password: pw, permissions: { publish: ${JSON.stringify(publish)}, subscribe: ${JSON.stringify(subscribe)} } }] }`;
}

const JSON_ONE = { payload: valuePayload({ id: 1 }) };

describe("queues over a connection without some permission", { skip: natsSkip() }, () => {
  it("to publish to queues: pushing is refused by name, looking goes on", async (t) => {
    const nats = await server(t, { config: accounts(["$JS.API.>"], [">"]) });
    const admin = await broker(t, { url: nats.url, user: "admin", password: "pw" });
    await admin.messages.push("orders", [JSON_ONE]);
    const ada = await broker(t, { url: nats.url, user: "ada", password: "pw" });
    await assert.rejects(ada.messages.push("orders", [JSON_ONE]), { code: "permission-denied", message: /The user ada may not publish to qs\.orders\..*publish: \["qs\.>"\]/ });
    assert.deepEqual((await ada.queues.list()).items.map(({ name }) => name), ["orders"]);
  });

  it("to get answers: opening is refused, naming the inbox", async (t) => {
    const nats = await server(t, { config: accounts([">"], ["qs-n.>"]) });
    await assert.rejects(openJetStream({ url: nats.url, user: "ada", password: "pw", env: {} }), { code: "permission-denied", message: /subscribe to _INBOX\..*\["_INBOX\.>"\]/ });
  });
});

describe("queues over a connection with the permissions that docs/jetstream.md names", { skip: natsSkip() }, () => {
  it("lack nothing: several processes push, pop, settle, redrive and watch", async (t) => {
    const docs = await readFile(new URL("../../docs/jetstream.md", import.meta.url), "utf8");
    const named = (what: string): string[] => JSON.parse(new RegExp(`^${what}: +(\\[.*\\])$`, "m").exec(docs)?.[1] ?? "[]") as string[];
    const nats = await server(t, { config: accounts(named("publish"), named("subscribe")) });
    const login = { url: nats.url, user: "ada", password: "pw" };
    const [one, two] = [await broker(t, login), await broker(t, login)];
    let changes = 0;
    const watch = two.watch(() => { changes += 1; });
    t.after(() => { watch.close(); });
    await one.messages.push("orders", [JSON_ONE, JSON_ONE, { ...JSON_ONE, partition: "p" }]);
    const own = await one.messages.pop("orders", { wait: 1_000 });
    const asked = await two.messages.pop("orders", { batch: 2 });
    assert.deepEqual([own.length, asked.length], [1, 2]);
    const settled = await two.messages.settle([...own, ...asked].map(({ receipt }, i) => ({ action: i === 0 ? "dead" : "ack", receipt: receipt ?? "" })));
    assert.ok(settled.every(({ ok }) => ok));
    assert.equal((await two.repair.redrive("orders", { filter: {} })).redriven.length, 1);
    await two.workers.heartbeat({ id: "w", name: "w", queues: ["orders"], group: "default", host: "h", pid: 1, startedAt: 1, concurrency: 1, status: "idle", current: [], processed: 0, failed: 0, interval: 5_000 });
    await one.queues.delete("orders");
    await until("the changes to be told", () => changes > 0);
    assert.doesNotMatch(nats.log, /violation/i);
  });
});

describe("queues over a caller's own connection", { skip: natsSkip() }, () => {
  for (const [kind, open] of Object.entries({ "@nats-io/transport-node": connect, "nats 2.x": connectOld })) {
    it(`of ${kind} are pushed, popped and settled, and it stays open`, async (t) => {
      const connection = await open({ servers: (await server(t)).url });
      t.after(() => connection.close());
      const queues = await broker(t, { connection });
      await queues.messages.push("orders", [{ ...JSON_ONE, partition: "a.b *", headers: { city: "Zürich" } }, JSON_ONE]);
      const deliveries = await queues.messages.pop("orders", { batch: 10 });
      assert.deepEqual(deliveries.map(({ headers, partition }) => [partition, headers]), [["a.b *", { city: "Zürich" }], [null, {}]]);
      const settled = await queues.messages.settle(deliveries.map(({ receipt }) => ({ action: "ack" as const, receipt: receipt ?? "" })));
      assert.ok(settled.every(({ ok }) => ok));
      await queues.close();
      assert.equal(connection.isClosed(), false);
    });
  }
});
