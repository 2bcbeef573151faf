import assert from "node:assert/strict";
import { it } from "node:test";
import { connect } from "@nats-io/transport-node";
import { openJetStream } from "../../src/brokers/jetstream/index.ts";
import { payloadText, textPayload } from "../../src/core/index.ts";
import { natsSkip, startNatsServer } from "../support/nats-server.ts";
import { until } from "../support/until.ts";

it("a transaction's pushes that were refused follow as soon as they can, without another process", { skip: natsSkip("newest") }, async (t) => {
  const server = await startNatsServer({ version: "newest" });
  t.after(() => server.stop());
  const broker = await openJetStream({ url: server.url });
  t.after(() => broker.close());
  const nc = await connect({ servers: server.url });
  t.after(() => nc.close());
  const limit = async (max_msgs: number): Promise<void> => {
    const { config } = (await nc.request("$JS.API.STREAM.INFO.QS_next")).json<{ config: object }>();
    await nc.request("$JS.API.STREAM.UPDATE.QS_next", JSON.stringify({ ...config, max_msgs }));
  };
  const push = (queue: string, name: string): Promise<unknown> => broker.messages.push(queue, [{ payload: textPayload(name) }]);
  const take = async (queue: string): Promise<string[]> => {
    const deliveries = await broker.messages.pop(queue, { batch: 10 });
    await broker.messages.settle(deliveries.map(({ receipt }) => ({ action: "ack", receipt: receipt ?? "" })));
    return deliveries.map(({ payload }) => payloadText(payload));
  };

  await push("next", "there");
  await push("orders", "order");
  await limit(1);
  const [order] = await broker.messages.pop("orders");
  await assert.rejects(broker.messages.transact({ settle: [{ action: "ack", receipt: order?.receipt ?? "" }], push: [{ queue: "next", items: [{ payload: textPayload("of the order") }] }] }), { code: "storage-full" });
  await limit(-1);
  await push("orders", "another");
  assert.deepEqual(await take("orders"), ["another"]);
  await until("the push", async () => (await broker.inspect.stats("next")).counts.ready === 2);
  assert.deepEqual(await take("next"), ["there", "of the order"]);
});

it("a transaction's push that is refused holds back those behind it in its partition, and only them", { skip: natsSkip("newest") }, async (t) => {
  const server = await startNatsServer({ version: "newest" });
  t.after(() => server.stop());
  const broker = await openJetStream({ url: server.url });
  t.after(() => broker.close());
  const nc = await connect({ servers: server.url });
  t.after(() => nc.close());
  const limit = async (max_msg_size: number): Promise<void> => {
    const { config } = (await nc.request("$JS.API.STREAM.INFO.QS_next")).json<{ config: object }>();
    await nc.request("$JS.API.STREAM.UPDATE.QS_next", JSON.stringify({ ...config, max_msg_size }));
  };
  const stored = async (): Promise<string[]> => (await broker.inspect.browse("next")).items.map(({ partition, payload }) => `${partition} ${payloadText(payload).trim()}`);
  await broker.queues.create("next");
  await broker.messages.push("orders", [{ payload: textPayload("order") }, { payload: textPayload("another") }]);
  const [order] = await broker.messages.pop("orders");
  await limit(2_000);
  const items = [["a", "1".padEnd(4_000)], ["a", "2"], ["a", "3"], ["b", "1"]].map(([partition = "", text = ""]) => ({ partition, payload: textPayload(text) }));
  await assert.rejects(broker.messages.transact({ settle: [{ action: "ack", receipt: order?.receipt ?? "" }], push: [{ queue: "next", items }] }));
  await until("the push to the other partition", async () => (await stored()).includes("b 1"));
  assert.deepEqual(await stored(), ["b 1"]);
  await limit(-1);
  const [another] = await broker.messages.pop("orders");
  await broker.messages.settle([{ action: "ack", receipt: another?.receipt ?? "" }]);
  await until("the rest", async () => (await stored()).length === 4);
  assert.deepEqual(await stored(), ["b 1", "a 1", "a 2", "a 3"]);
});
