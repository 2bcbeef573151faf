import assert from "node:assert/strict";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { openLocal } from "../../src/brokers/local/index.ts";
import { type Broker, isQueuescopeError, type PushItem, textPayload } from "../../src/core/index.ts";
import { Child } from "./support/child.ts";
import { temporaryFolder } from "./support/folder.ts";
import { RemoteBroker } from "./support/remote.ts";

const skip = process.platform === "win32" ? "Windows can't stop a process" : false;

async function openedOn(t: TestContext): Promise<{ readonly path: string; readonly broker: Broker }> {
  const path = join(temporaryFolder(t), "queues.db");
  const broker = await openLocal(path);
  t.after(() => broker.close());
  return { path, broker };
}

/** Another process takes the message and is stopped; its lease runs out, somebody else gets it; then it goes on. */
async function stoppedHolder(t: TestContext, item: PushItem): Promise<void> {
  const { path, broker } = await openedOn(t);
  await broker.messages.push("orders", [item]);
  const holder = new RemoteBroker(t, [path]);
  assert.equal(await holder.opened(), null);
  const [held] = await holder.call("messages", "pop", "orders", { lease: 150 });
  assert.equal(held?.attempt, 1);
  holder.child.signal("SIGSTOP");

  const [taken] = await broker.messages.pop("orders", { wait: 20_000, lease: 60_000 });
  assert.equal(taken?.id, held.id);
  assert.equal(taken.attempt, 2);

  holder.child.signal("SIGCONT");
  const [late] = await holder.call("messages", "settle", [{ action: "ack", receipt: held.receipt ?? "" }]);
  assert.ok(late?.ok === false && late.error.code === "lease-lost", JSON.stringify(late));
  const [renewed] = await holder.call("messages", "renew", [held.receipt ?? ""]);
  assert.ok(renewed?.ok === false && renewed.error.code === "lease-lost", JSON.stringify(renewed));
  const [acked] = await broker.messages.settle([{ action: "ack", receipt: taken.receipt ?? "" }]);
  assert.equal(acked?.ok, true, "the late ack didn't end the new lease");
}

test("a stopped holder's late ack is refused: partition", { skip }, (t) => stoppedHolder(t, { payload: textPayload("a"), partition: "p" }));
test("a stopped holder's late ack is refused: no partition", { skip }, (t) => stoppedHolder(t, { payload: textPayload("a") }));

test("a process stopped in a transaction makes others say busy, and nothing is left when it is killed", { skip }, async (t) => {
  const { path, broker } = await openedOn(t);
  await broker.queues.create("orders");
  const holder = new Child(t, "lock-holder.ts", [path]);
  assert.equal(await holder.says(), "locked");
  holder.signal("SIGSTOP");
  await assert.rejects(broker.messages.push("orders", [{ payload: textPayload("a") }]), (error) => isQueuescopeError(error, "busy"));
  assert.equal((await broker.inspect.stats("orders")).counts.ready, 0, "reading needs no lock");
  holder.signal("SIGKILL");
  await holder.exited;
  await broker.messages.push("orders", [{ payload: textPayload("b") }]);
  assert.equal((await broker.messages.pop("orders")).length, 1);
  assert.equal((await broker.queues.list()).items.length, 1, "what the killed process had begun is gone");
});
