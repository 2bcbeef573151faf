import assert from "node:assert/strict";
import { type TestContext, describe, it } from "node:test";
import { connect, headers, type NatsConnection } from "@nats-io/transport-node";
import { openJetStream } from "../../src/brokers/jetstream/index.ts";
import { type Broker, textPayload } from "../../src/core/index.ts";
import { natsSkip, startNatsServer } from "../support/nats-server.ts";
import { type Proxy, startProxy } from "../support/proxy.ts";
import { openAt } from "./support/open.ts";
import { RemoteBroker } from "./support/remote.ts";
import { until } from "./support/until.ts";

interface Scene {
  /** Ours, by the straight way. */
  readonly broker: Broker;
  /** In a process that is going to be killed. */
  readonly doomed: RemoteBroker;
  /** The way that process takes. */
  readonly proxy: Proxy;
}

async function scene(t: TestContext): Promise<Scene> {
  const server = await startNatsServer();
  t.after(() => server.stop());
  const proxy = await startProxy(server.url);
  t.after(() => proxy.stop());
  const broker = await openAt(server.url);
  t.after(() => broker.close());
  await broker.queues.create("orders", { retryLimit: 0 });
  const doomed = new RemoteBroker(t, [proxy.url]);
  assert.equal(await doomed.opened(), null);
  return { broker, doomed, proxy };
}

/** The process does it, and is killed once what has this text is on its way to the server, before any answer to it. */
async function killedAfter({ doomed, proxy }: Scene, text: string, act: () => Promise<unknown>): Promise<void> {
  const sent = proxy.loseAnswersTo(text);
  const ended = act().then(() => { throw new Error("It got an answer."); }, () => undefined);
  await Promise.race([sent, doomed.child.exited]);
  doomed.child.signal("SIGKILL");
  await doomed.child.exited;
  proxy.restore();
  await ended;
}

const item = (text: string): { readonly payload: ReturnType<typeof textPayload> } => ({ payload: textPayload(text) });

async function popOne(doomed: RemoteBroker, group = "default"): Promise<string> {
  const [delivery] = await doomed.call("messages", "pop", "orders", { group });
  return delivery?.receipt ?? "";
}

/** What comes to a group until there is no more. */
async function texts(broker: Broker, queue: string, group = "default"): Promise<string[]> {
  const deliveries = await broker.messages.pop(queue, { batch: 100, group });
  await broker.messages.settle(deliveries.map(({ receipt }) => ({ action: "ack", receipt: receipt ?? "" })));
  return deliveries.length === 0 ? [] : [...deliveries.map(({ payload }) => Buffer.from(payload.bytes).toString()), ...(await texts(broker, queue, group))];
}

const INTENT = '"kind":';

async function talker(t: TestContext, { broker }: Scene): Promise<NatsConnection> {
  const nc = await connect({ servers: broker.url });
  t.after(() => nc.close());
  return nc;
}

/** The server remembers ids for two minutes at least: from now on for a moment. */
async function makeForgetful(nc: NatsConnection, queue: string): Promise<void> {
  const { config } = (await nc.request(`$JS.API.STREAM.INFO.QS_${queue}`)).json<{ config: object }>();
  const updated = (await nc.request(`$JS.API.STREAM.UPDATE.QS_${queue}`, JSON.stringify({ ...config, duplicate_window: 100_000_000 }))).json<{ error?: unknown }>();
  assert.equal(updated.error, undefined);
}

async function forgotten(nc: NatsConnection, queue: string, id: string): Promise<void> {
  await until("the server to forget what was pushed", async () => {
    const asked = headers();
    asked.set("Nats-Msg-Id", id);
    // It is told as a duplicate, or else refused.
    asked.set("Nats-Expected-Last-Msg-Id", "=never");
    return (await nc.request(`qs.${queue}.m.0.u.-`, "", { timeout: 5_000, headers: asked })).json<{ duplicate?: boolean }>().duplicate !== true;
  });
}

/** Ids of the intents that the group's record has, or had. */
async function intents(nc: NatsConnection, what: "set" | "del"): Promise<string[]> {
  const found: string[] = [];
  for (let seq = 1; ; ) {
    const { message } = (await nc.request("$JS.API.STREAM.MSG.GET.QSS_orders", JSON.stringify({ seq, next_by_subj: "qs-s.orders.g.default" }))).json<{ message?: { seq: number; data: string } }>();
    if (message === undefined) return found.filter((name) => name.startsWith("i")).map((name) => name.slice(1));
    const patch = JSON.parse(Buffer.from(message.data, "base64").toString()) as { readonly set?: object; readonly del?: readonly string[] };
    found.push(...(what === "set" ? Object.keys(patch.set ?? {}) : (patch.del ?? [])));
    seq = message.seq + 1;
  }
}

describe("a process on JetStream that is killed between a commit and what follows from it", { skip: natsSkip() }, () => {
  it("leaves a dead letter to whoever comes next, who makes it once", async (t) => {
    const own = await scene(t);
    const { broker, doomed } = own;
    await broker.messages.push("orders", [item("bad"), item("good")]);
    const receipt = await popOne(doomed);
    await killedAfter(own, `${INTENT}"dead"`, () => doomed.attempt("messages", "settle", [{ action: "dead", receipt, error: { message: "poison" } }]));

    assert.deepEqual(await texts(broker, "orders"), ["good"], "it doesn't come again");
    const [letter] = await until("the dead letter", async () => {
      const { items } = await broker.inspect.deadLetters("orders");
      return items.length > 0 && items;
    });
    assert.equal(letter?.error, "poison");
    await using another = await openAt(broker.url);
    assert.deepEqual(await texts(another, "orders"), []);
    assert.equal((await another.inspect.deadLetters("orders")).items.length, 1);
  });

  it("leaves a transaction's pushes to whoever comes next, who pushes each once, in order", async (t) => {
    const own = await scene(t);
    const { broker, doomed } = own;
    await broker.queues.create("next");
    await broker.messages.push("orders", [item("order")]);
    const receipt = await popOne(doomed);
    const push = [{ queue: "next", items: [1, 2, 3].map((n) => ({ ...item(`of order ${n}`), partition: "p" })) }];
    await killedAfter(own, `${INTENT}"push"`, () => doomed.attempt("messages", "transact", { settle: [{ action: "ack", receipt }], push }));

    assert.deepEqual(await texts(broker, "orders"), [], "it was completed");
    // Whoever touches the group's record with a commit finishes it.
    await broker.messages.push("orders", [item("another")]);
    assert.deepEqual(await texts(broker, "orders"), ["another"]);
    await until("the transaction's pushes", async () => (await broker.inspect.stats("next")).counts.ready === 3);
    assert.deepEqual(await texts(broker, "next"), ["of order 1", "of order 2", "of order 3"]);
    await using another = await openAt(broker.url);
    assert.deepEqual([await texts(another, "orders"), await texts(another, "next")], [[], []]);
  });

  it("leaves a transaction's push that was stored to whoever comes next, who doesn't push it again, whatever its queue deduplicates", async (t) => {
    const own = await scene(t);
    const { broker, doomed } = own;
    await broker.queues.create("next", { dedupWindowSeconds: 0 });
    await broker.messages.push("orders", [item("order")]);
    const receipt = await popOne(doomed);
    const push = [{ queue: "next", items: [{ ...item("of the order"), transactionId: "one" }] }];
    await killedAfter(own, "Nats-Msg-Id: intent=", () => doomed.attempt("messages", "transact", { settle: [{ action: "ack", receipt }], push }));

    await broker.messages.push("orders", [item("another")]);
    assert.deepEqual(await texts(broker, "orders"), ["another"]);
    // What was left is done now, or with this one at the latest.
    await using another = await openAt(broker.url);
    await another.messages.push("orders", [item("last")]);
    assert.deepEqual(await texts(another, "orders"), ["last"]);
    await until("the transaction to be finished", async () => (await another.inspect.stats("next")).counts.ready > 0);
    assert.deepEqual(await texts(broker, "next"), ["of the order"]);
  });

  for (const [kind, more] of [["", {}], [" scheduled", { deliverAt: Date.now() + 3_000_000 }]] as const) {
    it(`leaves a transaction's${kind} push that was stored to whoever comes hours later, when the server has forgotten its id, and isn't pushed again`, async (t) => {
      const own = await scene(t);
      const { broker, doomed } = own;
      const nc = await talker(t, own);
      await broker.queues.create("next");
      await makeForgetful(nc, "next");
      await broker.messages.push("orders", [item("order")]);
      const receipt = await popOne(doomed);
      const push = [{ queue: "next", items: [{ ...item("of the order"), ...more }] }];
      await killedAfter(own, "Nats-Msg-Id: intent=", () => doomed.attempt("messages", "transact", { settle: [{ action: "ack", receipt }], push }));
      const [left = ""] = await intents(nc, "set");
      await forgotten(nc, "next", `intent=${left}`);

      const hoursLater = () => openJetStream({ url: broker.url, now: () => Date.now() + 3 * 3_600_000 });
      await using later = await hoursLater();
      if (kind !== "") assert.deepEqual(await texts(later, "next"), ["of the order"], "its time came meanwhile");
      await later.messages.push("orders", [item("another")]);
      assert.deepEqual(await texts(later, "orders"), ["another"]);
      await until("the transaction to be finished", async () => (await intents(nc, "del")).includes(left));
      await using last = await hoursLater();
      assert.deepEqual(await texts(last, "next"), kind === "" ? ["of the order"] : []);
    });
  }

  it("leaves what a transaction settles in another group to whoever comes next", async (t) => {
    const own = await scene(t);
    const { broker, doomed } = own;
    await broker.messages.push("orders", [item("order")]);
    const settle = [await popOne(doomed, "one"), await popOne(doomed, "two")].map((receipt) => ({ action: "ack", receipt }) as const);
    await killedAfter(own, `${INTENT}"settle"`, () => doomed.attempt("messages", "transact", { settle, push: [] }));

    await broker.messages.push("orders", [item("another")]);
    assert.deepEqual(await texts(broker, "orders", "one"), ["another"]);
    await until("the other group's message to be completed", async () => (await broker.inspect.groups("orders")).every(({ counts }) => counts.leased === 0));
    assert.deepEqual(await texts(broker, "orders", "two"), ["another"]);
  });

  it("leaves what a transaction settles in another group for as long as it takes: its lease there doesn't end before", async (t) => {
    const own = await scene(t);
    const { broker, doomed } = own;
    const nc = await talker(t, own);
    await broker.messages.push("orders", [item("order")]);
    const settle = [await popOne(doomed), await popOne(doomed, "two")].map((receipt) => ({ action: "ack", receipt }) as const);
    await killedAfter(own, `${INTENT}"settle"`, () => doomed.attempt("messages", "transact", { settle, push: [{ queue: "next", items: [item("of the order")] }] }));
    const left = await intents(nc, "set");

    // Nobody has come to the first group since: its lease of before would have run out hours ago.
    await using later = await openJetStream({ url: broker.url, now: () => Date.now() + 3 * 3_600_000 });
    assert.deepEqual(await texts(later, "orders", "two"), []);
    await until("the transaction to be finished there", async () => (await later.inspect.groups("orders")).find(({ name }) => name === "two")?.counts.completed === 1);
    await later.messages.push("orders", [item("another")]);
    assert.deepEqual([await texts(later, "orders"), await texts(later, "orders", "two")], [["another"], ["another"]]);
    await until("its pushes", async () => left.length > 1 && (await intents(nc, "del")).length >= left.length);
    assert.deepEqual(await texts(later, "next"), ["of the order"]);
  });

  it("frees what a transaction that wasn't stored would have settled in another group", async (t) => {
    const own = await scene(t);
    const { broker, doomed } = own;
    await broker.queues.configure("orders", { retryLimit: 3 });
    await broker.messages.push("orders", [item("order")]);
    const settle = [await popOne(doomed), await popOne(doomed, "two")].map((receipt) => ({ action: "ack", receipt }) as const);
    await killedAfter(own, '"bonds"', () => doomed.attempt("messages", "transact", { settle, push: [] }));

    await using later = await openJetStream({ url: broker.url, now: () => Date.now() + 3 * 3_600_000 });
    for (const group of ["default", "two"]) {
      const [again] = await until(`it to come again to ${group}`, async () => {
        const found = await later.messages.pop("orders", { group, wait: 1_000 });
        return found.length > 0 && found;
      });
      assert.deepEqual([again?.payload.bytes.length, again?.attempt], [5, 2]);
    }
  });

  for (const [moment, text] of [["has entered", ".m.0.u."], ["is marked as entered", "qs-s.orders.f."]] as const) {
    it(`brings a scheduled message in once, killed when it ${moment}`, async (t) => {
      const own = await scene(t);
      const { broker, doomed } = own;
      const due = Date.now() + 1_500;
      const [pushed] = await broker.messages.push("orders", [{ ...item("later"), deliverAt: due }]);
      await killedAfter(own, text, () => doomed.attempt("messages", "pop", "orders", { wait: 20_000 }));

      const [delivery, ...more] = await broker.messages.pop("orders", { batch: 10, wait: 10_000 });
      assert.equal(delivery?.id, pushed?.id, "by the id that its pusher knows");
      assert.deepEqual(more, []);
      await broker.messages.settle([{ action: "ack", receipt: delivery?.receipt ?? "" }]);
      await using another = await openAt(broker.url);
      assert.deepEqual(await texts(another, "orders"), []);
      assert.equal((await another.inspect.stats("orders")).counts.scheduled, 0);
      assert.equal((await another.inspect.browse("orders", { limit: 10 })).items.length, 1);
    });
  }

  it("brings a scheduled message in once, even when it was removed before its place among the scheduled ones was", async (t) => {
    const own = await scene(t);
    const { broker, doomed } = own;
    const nc = await talker(t, own);
    await broker.messages.push("orders", [{ ...item("later"), deliverAt: Date.now() + 1_500 }]);
    await killedAfter(own, "qs-s.orders.f.", () => doomed.attempt("messages", "pop", "orders", { wait: 20_000 }));
    const removed = (await nc.request("$JS.API.STREAM.PURGE.QS_orders", JSON.stringify({ filter: "qs.orders.m.>" }))).json<{ purged: number }>();
    assert.equal(removed.purged, 1);
    assert.deepEqual(await texts(broker, "orders"), []);
    assert.equal((await broker.inspect.stats("orders")).counts.scheduled, 0);
  });

  it("leaves a dead letter that it redrove marked to whoever comes hours later, and isn't redriven again, to whichever queue", async (t) => {
    const own = await scene(t);
    const { broker, doomed } = own;
    const nc = await talker(t, own);
    await broker.queues.create("next");
    await broker.queues.create("other");
    await makeForgetful(nc, "next");
    await broker.messages.push("orders", [item("bad")]);
    const [settled] = await doomed.call("messages", "settle", [{ action: "dead", receipt: await popOne(doomed) }]);
    const id = settled?.ok === true ? (settled.deadLetterId ?? "") : "";
    await killedAfter(own, "Nats-Msg-Id: redrive", () => doomed.attempt("repair", "redrive", "orders", { filter: {}, to: "next" }));
    await assert.rejects(broker.repair.redrive("orders", { filter: {}, to: "other" }), { code: "busy" }, "it may still be under way");

    await using later = await openJetStream({ url: broker.url, now: () => Date.now() + 3 * 3_600_000 });
    for (const to of ["other", "next"]) {
      const { redriven } = await later.repair.redrive("orders", { filter: { ids: [id] }, to });
      assert.deepEqual(redriven.map(({ status }) => status), ["already-redriven"]);
    }
    assert.deepEqual([await texts(later, "next"), await texts(later, "other")], [["bad"], []]);
    const { redriven } = await later.repair.redrive("orders", { filter: {}, to: "other", again: true });
    assert.deepEqual([redriven.map(({ status }) => status), await texts(later, "other")], [["redriven"], ["bad"]]);
  });

  it("leaves a dead letter that it only claimed to whoever redrives it later", async (t) => {
    const own = await scene(t);
    const { broker, doomed } = own;
    await broker.queues.create("next");
    await broker.messages.push("orders", [item("bad")]);
    await doomed.call("messages", "settle", [{ action: "dead", receipt: await popOne(doomed) }]);
    await killedAfter(own, "qs-s.orders.c.", () => doomed.attempt("repair", "redrive", "orders", { filter: {} }));
    await using later = await openJetStream({ url: broker.url, now: () => Date.now() + 60_000 });
    const { redriven } = await later.repair.redrive("orders", { filter: {}, to: "next" });
    assert.deepEqual([redriven.map(({ status }) => status), await texts(later, "next")], [["redriven"], ["bad"]]);
  });
});
