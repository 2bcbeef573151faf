import assert from "node:assert/strict";
import { readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { openLocal } from "../../src/brokers/local/index.ts";
import { type Broker, isQueuescopeError, textPayload } from "../../src/core/index.ts";
import { temporaryFolder } from "./support/folder.ts";
import { until } from "./support/until.ts";

const skip = process.platform === "win32" ? "Windows doesn't let an open file go" : false;
const ITEM = { payload: textPayload("a") };

async function opened(t: TestContext, path: string): Promise<Broker> {
  const broker = await openLocal(path);
  t.after(() => broker.close());
  await broker.messages.push("orders", [ITEM]);
  return broker;
}

/** The path is looked at every few milliseconds, not for each call. */
async function refusesSoon(broker: Broker): Promise<void> {
  await until("a call is refused", () => broker.inspect.stats("orders").then(() => false, () => true));
}

function refusedAs(what: string, path: string): (error: unknown) => boolean {
  return (error) => isQueuescopeError(error, "unavailable") && error.message.includes(what) && error.message.includes(path);
}

test("a file that was deleted while open: every call says so, and a new connection makes a new file", { skip }, async (t) => {
  const path = join(temporaryFolder(t), "queues.db");
  const broker = await opened(t, path);
  const [delivery] = await broker.messages.pop("orders");
  rmSync(path);
  const refused = refusedAs("deleted", path);
  await refusesSoon(broker);
  await assert.rejects(broker.messages.push("orders", [ITEM]), refused);
  await assert.rejects(broker.messages.pop("orders"), refused);
  await assert.rejects(broker.messages.settle([{ action: "ack", receipt: delivery?.receipt ?? "" }]), refused);
  await assert.rejects(broker.inspect.stats("orders"), refused);
  await broker.close();
  const again = await opened(t, path);
  assert.equal((await again.inspect.stats("orders")).counts.ready, 1);
});

test("a wait for messages ends when the file is deleted", { skip }, async (t) => {
  const path = join(temporaryFolder(t), "queues.db");
  const broker = await opened(t, path);
  // The group has nothing left to set up, so that the wait looks once and sleeps.
  for (let calls = 0; calls < 3; calls++) await broker.messages.pop("orders", { atMostOnce: true });
  const failed = assert.rejects(broker.messages.pop("orders", { wait: 600_000 }), refusedAs("deleted", path));
  for (let calls = 0; calls < 20; calls++) await broker.inspect.stats("orders");
  rmSync(path);
  await failed;
});

test("a file that was replaced while open: calls say so, and the new file stays as it is", { skip }, async (t) => {
  const folder = temporaryFolder(t);
  const [path, other] = [join(folder, "queues.db"), join(folder, "other.db")];
  await (await opened(t, other)).close();
  const broker = await opened(t, path);
  const before = readFileSync(other);
  renameSync(other, path);
  await refusesSoon(broker);
  await assert.rejects(broker.messages.push("orders", [ITEM]), refusedAs("replaced", path));
  await broker.close();
  assert.deepEqual(readFileSync(path), before);
});
