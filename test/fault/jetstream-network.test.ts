import assert from "node:assert/strict";
import { connect } from "@nats-io/transport-node";
import { type TestContext, describe, it } from "node:test";
import { type Broker, textPayload } from "../../src/core/index.ts";
import { type NatsServer, natsSkip, startNatsServer } from "../support/nats-server.ts";
import { type Proxy, startProxy } from "../support/proxy.ts";
import { openAt } from "./support/open.ts";
import { until } from "./support/until.ts";

interface Scene {
  readonly server: NatsServer;
  readonly proxy: Proxy;
  /** Through the proxy. */
  readonly broker: Broker;
  /** By the straight way. */
  readonly other: Broker;
}

async function scene(t: TestContext, config = ""): Promise<Scene> {
  const server = await startNatsServer({ config });
  const proxy = await startProxy(server.url);
  const [broker, other] = await Promise.all([openAt(proxy.url), openAt(server.url)]);
  t.after(async () => {
    await Promise.all([broker.close(), other.close()]);
    await proxy.stop();
    await server.stop();
  });
  await other.queues.create("orders");
  return { server, proxy, broker, other };
}

const push = (broker: Broker, ...texts: string[]): Promise<unknown> => broker.messages.push("orders", texts.map((text) => ({ payload: textPayload(text), transactionId: text })));
const acks = (deliveries: Awaited<ReturnType<Broker["messages"]["pop"]>>): { action: "ack"; receipt: string }[] => deliveries.map(({ receipt }) => ({ action: "ack", receipt: receipt ?? "" }));
const textsOf = (deliveries: Awaited<ReturnType<Broker["messages"]["pop"]>>): string[] => deliveries.map(({ payload }) => Buffer.from(payload.bytes).toString());

describe("a network on the way to JetStream", { skip: natsSkip() }, () => {
  it("that loses the answer to a commit: what is stored decides, and it is done once", async (t) => {
    const { proxy, broker, other } = await scene(t);
    await push(other, "a", "b");
    const [first] = await broker.messages.pop("orders", { wait: 1 });
    assert.ok(first !== undefined);
    const sent = proxy.loseAnswersTo("Nats-Expected-Last-Subject-Sequence");
    const settling = broker.messages.settle(acks([first]));
    await sent;
    await until("the commit to be stored", async () => (await other.inspect.groups("orders")).every(({ counts }) => counts.completed === 1));
    proxy.restore();
    const [settled] = await settling;
    assert.ok(settled?.ok, "its answer was lost, and the record tells that it was done");
    assert.equal(settled.outcome, "completed");
    const rest = await other.messages.pop("orders", { batch: 10 });
    assert.deepEqual(textsOf(rest), ["b"]);
    const [group] = await other.inspect.groups("orders");
    assert.equal(group?.counts.completed, 1);
  });

  it("that loses the answer of the owner: what it did is told again, and what it refused", async (t) => {
    const { server, proxy, broker, other } = await scene(t);
    await push(other, "late", "in time");
    // Who waits becomes the owner.
    const kept = await other.messages.pop("orders", { wait: 1, lease: 60_000 });
    assert.deepEqual(textsOf(kept), ["late"]);
    await other.messages.settle([{ action: "release", receipt: kept[0]?.receipt ?? "" }]);
    const late = await broker.messages.pop("orders", { lease: 1 });
    const live = await broker.messages.pop("orders", { lease: 60_000, onlyNew: true });
    assert.deepEqual([textsOf(late), textsOf(live)], [["late"], ["in time"]]);
    const nc = await connect({ servers: server.url });
    t.after(() => nc.close());
    let commits = 0;
    nc.subscribe("qs-s.orders.g.default", { callback: () => { commits += 1; } });
    await nc.flush();
    const sent = proxy.loseAnswersTo("qs-o.");
    const settling = broker.messages.settle(acks([...late, ...live]));
    await sent;
    await until("the owner's commit", () => commits > 0);
    proxy.restore();
    const results = await settling;
    assert.deepEqual(results.map((result) => (result.ok ? result.outcome : result.error.code)), ["lease-lost", "completed"]);
  });

  it("that loses the answer to a push: pushed again with its transaction id, it is there once, in order", async (t) => {
    const { proxy, broker, other } = await scene(t);
    await push(broker, "a");
    const sent = proxy.loseAnswersTo(".m.0.u.");
    const failed = assert.rejects(push(broker, "b", "c"), { code: "unavailable", message: /transactionId/ });
    await sent;
    await until("the messages to be stored", async () => (await other.inspect.stats("orders")).counts.ready === 3);
    proxy.restore();
    await failed;
    const again = await broker.messages.push("orders", ["b", "c", "d"].map((text) => ({ payload: textPayload(text), transactionId: text })));
    assert.deepEqual(again.map(({ status }) => status), ["duplicate", "duplicate", "queued"]);
    assert.deepEqual(textsOf(await broker.messages.pop("orders", { batch: 10 })), ["a", "b", "c", "d"]);
  });

  it("that is cut while a pop waits: the pop goes on when it is back", async (t) => {
    const { proxy, broker, other } = await scene(t);
    const popping = broker.messages.pop("orders", { wait: 30_000 });
    await until("the group", async () => (await other.inspect.groups("orders")).length === 1);
    proxy.cut();
    await push(other, "a");
    proxy.restore();
    assert.deepEqual(textsOf(await popping), ["a"]);
  });

  it("that is too slow for its reader: the server ends the connection, and nothing is lost", async (t) => {
    const { server, proxy, broker, other } = await scene(t, "write_deadline: 500ms");
    await other.messages.push("orders", [{ payload: textPayload("first") }]);
    assert.deepEqual(textsOf(await broker.messages.pop("orders", { wait: 1 })), ["first"]);
    proxy.hold("toClient");
    const large = "x".repeat(900_000);
    let pushed = 0;
    await until("the server to give up on the slow connection", async () => {
      if (!server.log.includes("Slow Consumer") && pushed < 30) await other.messages.push("orders", [{ payload: textPayload(`${pushed++} ${large}`) }]);
      return server.log.includes("Slow Consumer");
    });
    proxy.restore();
    const numbers: number[] = [];
    while (numbers.length < pushed) {
      const deliveries = await broker.messages.pop("orders", { batch: 5, wait: 10_000 });
      assert.ok(deliveries.length > 0, `${numbers.length} of ${pushed} came`);
      numbers.push(...textsOf(deliveries).map((text) => Number.parseInt(text)));
      assert.ok((await broker.messages.settle(acks(deliveries))).every(({ ok }) => ok));
    }
    assert.deepEqual(numbers, Array.from({ length: pushed }, (_, i) => i));
  });
});
