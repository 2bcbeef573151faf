import { connect, type NatsConnection } from "@nats-io/transport-node";
import assert from "node:assert/strict";
import { after, before, describe, it, type TestContext } from "node:test";
import { openJetStream } from "../../src/brokers/jetstream/index.ts";
import { textPayload, type Broker, type Delivery } from "../../src/core/index.ts";
import { RemoteBroker } from "../fault/support/remote.ts";
import { natsSkip, startNatsServer, type NatsServer } from "../support/nats-server.ts";
import { startProxy } from "../support/proxy.ts";
import { until } from "../support/until.ts";

const skip = natsSkip();
const item = (text: string, partition?: string): object => ({ payload: textPayload(text), ...(partition === undefined ? {} : { partition }) });
const textOf = ({ payload }: Delivery): string => Buffer.from(payload.bytes).toString();

describe("ownership of a group on JetStream", { skip, timeout: 120_000 }, () => {
  let server: NatsServer;
  let nc: NatsConnection;
  let queues = 0;
  before(async () => {
    server = await startNatsServer();
    nc = await connect({ servers: server.url });
  });
  after(async () => {
    await nc.close();
    await server.stop();
  });

  async function opened(t: TestContext, url = server.url): Promise<Broker> {
    const broker = await openJetStream({ url, reconnect: { wait: 20, maxWait: 200 } });
    t.after(() => broker.close());
    return broker;
  }

  async function remote(t: TestContext, through: readonly string[] = []): Promise<RemoteBroker> {
    const broker = new RemoteBroker(t, [server.url], through);
    assert.equal(await broker.opened(), null);
    return broker;
  }

  async function filled(broker: Broker, texts: readonly string[], partition?: string): Promise<string> {
    const queue = `orders-${++queues}`;
    await broker.messages.push(queue, texts.map((text) => item(text, partition)) as never);
    return queue;
  }

  /** What owners are asked from now on, greetings aside. Who listens like this answers nothing, and must be no hindrance. */
  function questions(t: TestContext): string[] {
    const asked: string[] = [];
    const subscription = nc.subscribe("qs-o.>", { callback: (_error, message) => { if (message.data.length > 0) asked.push(message.string()); } });
    t.after(() => { subscription.unsubscribe(); });
    return asked;
  }

  /** Who stored the last commit of the group, as an owner. */
  async function by(queue: string): Promise<unknown> {
    const answer = (await nc.request(`$JS.API.STREAM.MSG.GET.QSS_${queue}`, JSON.stringify({ last_by_subj: `qs-s.${queue}.g.default` }))).json<{ message?: { data: string } }>();
    return (JSON.parse(Buffer.from(answer.message?.data ?? "", "base64").toString()) as { by?: string }).by;
  }

  async function ack(broker: Broker, deliveries: readonly Delivery[]): Promise<void> {
    const results = await broker.messages.settle(deliveries.map(({ receipt }) => ({ action: "ack", receipt: receipt ?? "" })));
    for (const result of results) assert.ok(result.ok, JSON.stringify(result));
  }

  /** What comes until nothing more does; acked. */
  async function drained(broker: Broker, queue: string): Promise<string[]> {
    const deliveries = await broker.messages.pop(queue, { batch: 100 });
    if (deliveries.length === 0) return [];
    await ack(broker, deliveries);
    return [...deliveries.map(textOf), ...(await drained(broker, queue))];
  }

  async function counts(broker: Broker, queue: string): Promise<readonly [number, number, number]> {
    const { completed, leased, ready } = (await broker.inspect.stats(queue)).counts;
    return [completed, leased, ready];
  }

  it("is with who waits for messages; another process asks it, and acks what it got from its own lease", async (t) => {
    const [owner, other] = [await opened(t), await opened(t)];
    const asked = questions(t);
    const queue = await filled(owner, ["1", "2", "3", "4"]);
    const [first] = await owner.messages.pop(queue, { wait: 1_000 });
    assert.ok(first !== undefined);
    await ack(owner, [first]);
    const id = await by(queue);
    assert.equal(typeof id, "string");
    const before = asked.length;
    const taken = await other.messages.pop(queue, { batch: 2 });
    assert.deepEqual(taken.map(textOf), ["2", "3"]);
    assert.equal(await by(queue), id, "the owner stored the other's lease");
    await ack(other, taken);
    assert.equal(asked.length - before, 2, "it was asked for each call");
    assert.equal(await by(queue), id);
    assert.deepEqual((await drained(owner, queue)), ["4"]);
    assert.deepEqual(await counts(other, queue), [4, 0, 0]);
  });

  it("refuses a stale receipt in the owner's name, and tells the owner's reasons", async (t) => {
    const [owner, other] = [await opened(t), await opened(t)];
    const queue = await filled(owner, ["1"], "p");
    const [held] = await owner.messages.pop(queue, { wait: 1_000 });
    await ack(other, held === undefined ? [] : [held]);
    const [late] = await other.messages.settle([{ action: "ack", receipt: held?.receipt ?? "" }]);
    assert.ok(late?.ok === false && late.error.code === "lease-lost", JSON.stringify(late));
    const [renewed] = await other.messages.renew([held?.receipt ?? ""]);
    assert.ok(renewed?.ok === false && renewed.error.code === "lease-lost", JSON.stringify(renewed));
  });

  it("passes to another process at once when its own is killed, and nothing is lost or doubled", async (t) => {
    const [owner, other] = [await remote(t), await opened(t)];
    const queue = await filled(other, ["1", "2", "3", "4", "5", "6"]);
    const own = await owner.call("messages", "pop", queue, { wait: 1_000, lease: 60_000 });
    const taken = await other.messages.pop(queue, { lease: 60_000 });
    assert.deepEqual([...own, ...taken].map(textOf), ["1", "2"]);
    const asked = questions(t);
    owner.child.signal("SIGKILL");
    await owner.child.exited;
    await ack(other, taken);
    assert.deepEqual(await drained(other, queue), ["3", "4", "5", "6"]);
    assert.ok(asked.length > 0);
    assert.deepEqual(await counts(other, queue), [5, 1, 0], "the killed one's lease is honoured");
    await ack(other, own);
    assert.deepEqual(await counts(other, queue), [6, 0, 0], "its receipt is good in any process");
  });

  it("is no hindrance when its process stands still: others go on, and when it continues both are right", async (t) => {
    const [owner, other] = [await remote(t), await opened(t)];
    const queue = await filled(other, ["1", "2", "3", "4", "5", "6"], "p");
    const [first] = await owner.call("messages", "pop", queue, { wait: 1_000, lease: 60_000 });
    await owner.call("messages", "settle", [{ action: "ack", receipt: first?.receipt ?? "" }]);
    owner.child.signal("SIGSTOP");
    const taken = await other.messages.pop(queue, { batch: 2, lease: 60_000 });
    assert.deepEqual(taken.map(textOf), ["2", "3"]);
    await ack(other, taken.slice(0, 1));
    owner.child.signal("SIGCONT");
    // It hears the question that nobody waits for any more, and does nothing of it.
    assert.deepEqual(await owner.call("messages", "pop", queue, { batch: 5 }), [], "the other's lease holds the partition");
    await ack(other, taken.slice(1));
    const rest = await owner.call("messages", "pop", queue, { batch: 2, lease: 60_000 });
    assert.deepEqual(rest.map(textOf), ["4", "5"]);
    assert.deepEqual(await other.messages.pop(queue), []);
    await owner.call("messages", "settle", rest.map(({ receipt }) => ({ action: "ack", receipt: receipt ?? "" })));
    assert.deepEqual(await drained(other, queue), ["6"]);
    assert.deepEqual(await counts(other, queue), [6, 0, 0]);
  });

  it("is asked whatever its machine's clock says", async (t) => {
    const ahead = encodeURIComponent("const { now } = Date; Date.now = () => now() + 10_000;");
    const [owner, other] = [await remote(t, ["env", `NODE_OPTIONS=--import=data:text/javascript,${ahead}`]), await opened(t)];
    const queue = await filled(other, ["1", "2"]);
    assert.equal((await owner.call("messages", "pop", queue, { wait: 1_000 })).length, 1);
    const id = await by(queue);
    assert.equal(typeof id, "string");
    assert.deepEqual((await other.messages.pop(queue)).map(textOf), ["2"]);
    assert.equal(await by(queue), id, "the owner stored the other's lease");
  });

  it("gives back what it took when nobody waits for it any more", async (t) => {
    const proxy = await startProxy(server.url);
    t.after(() => proxy.stop());
    const [owner, other] = [await opened(t, proxy.url), await opened(t)];
    const queue = await filled(other, ["1", "2", "3", "4"]);
    await owner.messages.pop(queue, { wait: 1_000 });
    assert.deepEqual((await other.messages.pop(queue)).map(textOf), ["2"]);
    proxy.hold("toServer");
    assert.deepEqual((await other.messages.pop(queue)).map(textOf), ["3"], "without the owner");
    proxy.restore();
    await until("the owner to have taken one too", async () => (await other.inspect.stats(queue)).totalDeliveries === 4);
    const [last] = await until("it to be given back", async () => {
      const found = await other.messages.pop(queue);
      return found.length > 0 && found;
    });
    assert.deepEqual([last === undefined ? "" : textOf(last), last?.attempt, last?.deliveryCount], ["4", 1, 2]);
  });

  it("answers what it was asked before it closes", async (t) => {
    const proxy = await startProxy(server.url);
    t.after(() => proxy.stop());
    const [owner, other] = [await opened(t, proxy.url), await opened(t)];
    const queue = await filled(other, ["1", "2", "3"]);
    await owner.messages.pop(queue, { wait: 1_000 });
    await other.messages.pop(queue);
    const id = await by(queue);
    const asked = questions(t);
    await nc.flush();
    proxy.delay(50);
    const popping = other.messages.pop(queue);
    await until("the question", () => asked.length > 0);
    await owner.close();
    assert.deepEqual((await popping).map(textOf), ["3"]);
    assert.equal(await by(queue), id, "the owner stored it");
  });

  for (const action of ["ack", "nack", "dead", "release"] as const) {
    it(`applies a ${action} once whose answer was lost`, async (t) => {
      const proxy = await startProxy(server.url);
      t.after(() => proxy.stop());
      const [owner, other] = [await opened(t), await opened(t, proxy.url)];
      const queue = await filled(owner, ["0", "1"]);
      const [own] = await owner.messages.pop(queue, { wait: 1_000 });
      await ack(owner, own === undefined ? [] : [own]);
      const [held] = await other.messages.pop(queue, { lease: 60_000 });
      const sent = proxy.loseAnswersTo('"once":');
      const settling = other.messages.settle([{ action, receipt: held?.receipt ?? "" }]);
      await sent;
      await until("the owner to have done it", async () => (await counts(owner, queue))[1] === 0);
      proxy.restore();
      const [result] = await settling;
      assert.ok(result?.ok, JSON.stringify(result));
      assert.equal(result.outcome, { ack: "completed", nack: "retrying", release: "released", dead: "dead" }[action]);
      const again = await owner.messages.pop(queue, { wait: action === "nack" || action === "release" ? 10_000 : 0 });
      assert.deepEqual(again.map(({ attempt, deliveryCount }) => [attempt, deliveryCount]), { ack: [], dead: [], nack: [[2, 2]], release: [[1, 2]] }[action]);
      assert.equal((await owner.inspect.deadLetters(queue)).items.length, action === "dead" ? 1 : 0);
    });
  }

  it("is given up by one of two that took it at once, and every message came once", async (t) => {
    const [one, two, pusher] = [await opened(t), await opened(t), await opened(t)];
    const queue = await filled(pusher, ["first"]);
    assert.deepEqual(await drained(pusher, queue), ["first"]);
    const got: string[] = [];
    const stop = new AbortController();
    const consume = async (broker: Broker): Promise<void> => {
      while (!stop.signal.aborted) {
        const deliveries = await broker.messages.pop(queue, { wait: 20_000, batch: 3, signal: stop.signal });
        got.push(...deliveries.map(textOf));
        await ack(broker, deliveries);
      }
    };
    const consuming = Promise.all([consume(one), consume(two)]);
    const pushed: string[] = [];
    for (let round = 0; round < 30; round++) {
      const texts = [0, 1, 2, 3, 4].map((n) => `${round}.${n}`);
      pushed.push(...texts);
      await pusher.messages.push(queue, texts.map((text) => item(text)) as never);
      await until("them to come", () => got.length >= pushed.length);
    }
    const owners = new Set<unknown>();
    for (let n = 0; n < 20; n++) {
      await pusher.messages.push(queue, [item(`last ${n}`)] as never);
      pushed.push(`last ${n}`);
      await until("it to come", () => got.length >= pushed.length);
      owners.add(await by(queue));
    }
    stop.abort();
    await consuming;
    assert.deepEqual(got.sort(), pushed.sort());
    assert.equal(owners.size, 1, `one is left: ${[...owners].join(", ")}`);
  });
});
