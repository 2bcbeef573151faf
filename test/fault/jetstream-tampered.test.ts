import assert from "node:assert/strict";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { type TestContext, describe, it } from "node:test";
import { type Broker, textPayload } from "../../src/core/index.ts";
import { natsSkip, startNatsServer } from "../support/nats-server.ts";
import { openAt } from "./support/open.ts";

interface Scene {
  readonly broker: Broker;
  /** By the hand of somebody else. */
  readonly nc: NatsConnection;
}

async function scene(t: TestContext): Promise<Scene> {
  const server = await startNatsServer();
  const broker = await openAt(server.url);
  const nc = await connect({ servers: server.url });
  t.after(async () => {
    await Promise.all([broker.close(), nc.close()]);
    await server.stop();
  });
  return { broker, nc };
}

async function api(nc: NatsConnection, subject: string, body: object = {}): Promise<Record<string, unknown>> {
  return (await nc.request(`$JS.API.${subject}`, JSON.stringify(body))).json<Record<string, unknown>>();
}

async function streams(nc: NatsConnection): Promise<string[]> {
  return ((await api(nc, "STREAM.NAMES"))["streams"] as string[] | null) ?? [];
}

async function store(nc: NatsConnection, subject: string, data: string): Promise<void> {
  const answer = (await nc.request(subject, data)).json<{ error?: unknown }>();
  assert.equal(answer.error, undefined);
}

const push = (broker: Broker, queue: string, ...texts: string[]): Promise<unknown> => broker.messages.push(queue, texts.map((text) => ({ payload: textPayload(text), partition: "p" })));

async function take(broker: Broker, queue: string, group = "default"): Promise<string[]> {
  const deliveries = await broker.messages.pop(queue, { batch: 100, group });
  for (const { ok } of await broker.messages.settle(deliveries.map(({ receipt }) => ({ action: "ack", receipt: receipt ?? "" })))) assert.ok(ok);
  return deliveries.map(({ payload }) => Buffer.from(payload.bytes).toString());
}

describe("streams that others have", { skip: natsSkip() }, () => {
  for (const [what, config] of [
    ["the name of a queue's messages", { name: "QS_orders", subjects: ["theirs.>"] }],
    ["the name of a queue's state", { name: "QSS_orders", subjects: ["theirs.>"] }],
    ["the name, and another retention", { name: "QS_orders", subjects: ["qs.orders.>"], retention: "workqueue" }],
    ["subjects of a queue's messages", { name: "THEIRS", subjects: ["qs.orders.m.>"] }],
    ["subjects of a queue's state", { name: "THEIRS", subjects: ["qs-s.*.g.>"] }],
  ] as const) {
    it(`with ${what}: the queue isn't made, the error says why, and nothing of ours is left`, async (t) => {
      const { broker, nc } = await scene(t);
      await api(nc, `STREAM.CREATE.${config.name}`, config);
      const says = { code: "queue-exists", message: /Change its subjects|Rename or delete it/ };
      await assert.rejects(broker.queues.create("orders"), says);
      await assert.rejects(push(broker, "orders", "a"), says);
      assert.deepEqual((await streams(nc)).sort(), ["QUEUESCOPE", config.name].sort());
      assert.deepEqual((await broker.queues.list()).items, []);
      await api(nc, `STREAM.DELETE.${config.name}`);
      await push(broker, "orders", "a");
      assert.deepEqual(await take(broker, "orders"), ["a"]);
    });
  }
});

describe("a stream of ours by somebody's hand", { skip: natsSkip() }, () => {
  for (const stream of ["QS_orders", "QSS_orders"]) {
    it(`deleted (${stream}): the queue says so, others go on, and it can be deleted and made again`, async (t) => {
      const { broker, nc } = await scene(t);
      await push(broker, "orders", "a", "b");
      await push(broker, "other", "c");
      const [delivery] = await broker.messages.pop("orders");
      await api(nc, `STREAM.DELETE.${stream}`);
      await using fresh = await openAt(broker.url);
      for (const one of [broker, fresh]) {
        await assert.rejects(async () => { await push(one, "orders", "d"); await one.messages.pop("orders"); }, { code: "queue-not-found", message: /[Dd]elete the queue/ });
      }
      await broker.messages.settle([{ action: "ack", receipt: delivery?.receipt ?? "" }]).catch(() => undefined);
      assert.deepEqual(await take(broker, "other"), ["c"]);
      await broker.queues.delete("orders");
      await push(broker, "orders", "e");
      assert.deepEqual(await take(broker, "orders"), ["e"]);
      assert.deepEqual(await take(fresh, "orders", "another"), ["e"]);
    });
  }

  it("with messages taken out of it: those that are left come, in order", async (t) => {
    const { broker, nc } = await scene(t);
    await push(broker, "orders", "0", "1", "2", "3", "4", "5");
    const [delivery] = await broker.messages.pop("orders");
    for (const seq of [2, 4, 6]) await api(nc, "STREAM.MSG.DELETE.QS_orders", { seq });
    assert.ok((await broker.messages.settle([{ action: "ack", receipt: delivery?.receipt ?? "" }]))[0]?.ok);
    await broker.close();
    await using fresh = await openAt(broker.url);
    assert.deepEqual(await take(fresh, "orders"), ["2", "4"]);
    await push(fresh, "orders", "6");
    assert.deepEqual(await take(fresh, "orders"), ["6"]);
  });

  it("with other subjects: the queue says so, and goes on when it has them again", async (t) => {
    const { broker, nc } = await scene(t);
    await push(broker, "orders", "a");
    const { config } = (await api(nc, "STREAM.INFO.QS_orders")) as { config: object };
    await api(nc, "STREAM.UPDATE.QS_orders", { ...config, subjects: ["elsewhere.>"] });
    await assert.rejects(push(broker, "orders", "b"), { code: "queue-not-found" });
    await api(nc, "STREAM.UPDATE.QS_orders", config);
    await push(broker, "orders", "c");
    assert.deepEqual(await take(broker, "orders"), ["a", "c"]);
  });

  it("that keeps too little of the state: the group is corrupt and says how to go on", async (t) => {
    const { broker, nc } = await scene(t);
    await push(broker, "orders", "a", "b", "c");
    for (let i = 0; i < 3; i++) await broker.messages.settle((await broker.messages.pop("orders")).map(({ receipt }) => ({ action: "release", receipt: receipt ?? "" })));
    const { config } = (await api(nc, "STREAM.INFO.QSS_orders")) as { config: object };
    await api(nc, "STREAM.UPDATE.QSS_orders", { ...config, max_msgs_per_subject: 1 });
    await broker.close();
    await using fresh = await openAt(broker.url);
    await assert.rejects(fresh.messages.pop("orders"), { code: "corrupt", message: /max_msgs_per_subject/ });
    assert.deepEqual(await take(fresh, "orders", "another"), ["a", "b", "c"], "another group goes on");
  });
});

describe("what others wrote into a group's state", { skip: natsSkip() }, () => {
  for (const [what, data, code] of [
    ["garbage", "garbage", "corrupt"],
    ["nothing", "", "corrupt"],
    ["a list", "[1]", "corrupt"],
    ["an object of others", '{"name":"x"}', "corrupt"],
    ["a record without a head", '{"v":1,"id":"x","chain":[],"before":[]}', "corrupt"],
    ["a head of others", '{"v":1,"id":"x","chain":[],"before":[],"head":{"at":7}}', "corrupt"],
    ["a chain into nowhere", '{"v":1,"id":"x","chain":[4711],"before":[]}', "corrupt"],
    ["a chain of others", '{"v":1,"id":"x","chain":"all"}', "corrupt"],
    ["a newer version", '{"v":2,"id":"x","chain":[],"before":[]}', "version-unsupported"],
  ] as const) {
    it(`${what}: refused by name, other groups and queues go on, and a corrupt group can be deleted`, async (t) => {
      const { broker, nc } = await scene(t);
      await push(broker, "orders", "a", "b");
      await push(broker, "other", "c");
      const [delivery] = await broker.messages.pop("orders");
      await store(nc, "qs-s.orders.g.default", data);
      await using fresh = await openAt(broker.url);
      for (const one of [broker, fresh]) {
        await assert.rejects(one.messages.pop("orders"), { code, message: /qs-s\.orders\.g\.default/ });
        assert.deepEqual(await take(one, "orders", one === broker ? "second" : "third"), ["a", "b"]);
      }
      await assert.rejects(broker.messages.settle([{ action: "ack", receipt: delivery?.receipt ?? "" }]), { code });
      assert.deepEqual(await take(fresh, "other"), ["c"]);
      await push(broker, "orders", "d");
      if (code !== "corrupt") return;
      await fresh.repair.deleteGroup("orders", "default");
      assert.deepEqual(await take(broker, "orders"), ["a", "b", "d"]);
    });
  }

  it("a queue's definition: that queue is refused, the others go on", async (t) => {
    const { broker, nc } = await scene(t);
    await push(broker, "orders", "a");
    await push(broker, "other", "b");
    const [delivery] = await broker.messages.pop("other");
    await store(nc, "qs-m.q.orders", "garbage");
    await store(nc, "qs-m.q.newer", '{"v":2}');
    await using fresh = await openAt(broker.url);
    await assert.rejects(fresh.messages.pop("orders"), { code: "corrupt", message: /qs-m\.q\.orders/ });
    await assert.rejects(push(fresh, "newer", "c"), { code: "version-unsupported", message: /qs-m\.q\.newer/ });
    assert.deepEqual((await fresh.queues.list()).items.map(({ name }) => name), ["other"]);
    assert.ok((await fresh.messages.settle([{ action: "ack", receipt: delivery?.receipt ?? "" }]))[0]?.ok);
    await push(fresh, "other", "d");
    assert.deepEqual(await take(fresh, "other"), ["d"]);
  });
});
