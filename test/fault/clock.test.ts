import assert from "node:assert/strict";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { openLocal } from "../../src/brokers/local/index.ts";
import { type Broker, textPayload } from "../../src/core/index.ts";
import { temporaryFolder } from "./support/folder.ts";

const HOUR = 3_600_000;

/** A broker, and the clock it reads. */
async function opened(t: TestContext): Promise<{ readonly broker: Broker; readonly jump: (ms: number) => void }> {
  let shift = 0;
  const broker = await openLocal(join(temporaryFolder(t), "queues.db"), { now: () => Date.now() + shift });
  t.after(() => broker.close());
  return { broker, jump: (ms) => { shift += ms; } };
}

for (const partition of [undefined, "p"]) {
  const kind = partition === undefined ? "no partition" : "a partition";
  const item = (text: string) => ({ payload: textPayload(text), partition });
  const take = async (broker: Broker): Promise<string[]> => {
    const deliveries = await broker.messages.pop("orders", { batch: 10 });
    const results = await broker.messages.settle(deliveries.map(({ receipt }) => ({ action: "ack", receipt: receipt ?? "" })));
    assert.ok(results.every(({ ok }) => ok));
    return deliveries.map(({ payload }) => Buffer.from(payload.bytes).toString());
  };

  test(`a clock that goes back an hour: messages come at once and in order (${kind})`, async (t) => {
    const { broker, jump } = await opened(t);
    await broker.messages.push("orders", [item("1")]);
    assert.deepEqual(await take(broker), ["1"]);
    await broker.messages.push("orders", [item("2")]);
    jump(-HOUR);
    await broker.messages.push("orders", [item("3")]);
    const ahead = (await broker.inspect.peek("orders")).map(({ payload }) => Buffer.from(payload.bytes).toString());
    assert.deepEqual(ahead, ["2", "3"]);
    assert.deepEqual(await take(broker), ["2", "3"]);
    await broker.messages.push("orders", [item("4")]);
    assert.deepEqual(await take(broker), ["4"]);
    const { items } = await broker.inspect.browse("orders");
    const times = items.map(({ createdAt }) => createdAt);
    assert.deepEqual(times, times.toSorted((a, b) => a - b), "entry times never go back");
  });

  test(`a clock that was an hour ahead for a while: what was pushed then comes at once (${kind})`, async (t) => {
    const { broker, jump } = await opened(t);
    await broker.messages.push("orders", [item("1")]);
    assert.deepEqual(await take(broker), ["1"]);
    jump(HOUR);
    await broker.messages.push("orders", [item("2")]);
    jump(-HOUR);
    assert.deepEqual(await take(broker), ["2"]);
  });

  test(`a lease from before the clock went back still holds and can be settled (${kind})`, async (t) => {
    const { broker, jump } = await opened(t);
    await broker.messages.push("orders", [item("1")]);
    const [held] = await broker.messages.pop("orders", { lease: 60_000 });
    jump(-HOUR);
    assert.deepEqual(await broker.messages.pop("orders"), []);
    const [result] = await broker.messages.settle([{ action: "ack", receipt: held?.receipt ?? "" }]);
    assert.equal(result?.ok, true);
  });

  test(`a lease ends when the clock jumps over its end (${kind})`, async (t) => {
    const { broker, jump } = await opened(t);
    await broker.messages.push("orders", [item("1")]);
    const [held] = await broker.messages.pop("orders", { lease: 60_000 });
    jump(HOUR);
    const [result] = await broker.messages.settle([{ action: "ack", receipt: held?.receipt ?? "" }]);
    assert.ok(result?.ok === false && result.error.code === "lease-lost");
    assert.deepEqual(await take(broker), ["1"]);
  });
}
