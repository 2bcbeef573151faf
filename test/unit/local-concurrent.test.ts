import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { openLocal } from "../../src/brokers/local/index.ts";
import { textPayload } from "../../src/core/index.ts";
import { temporaryFolder } from "../support/folder.ts";

test("calls of one connection that overlap in every way don't take each other's numbers", async (t) => {
  const broker = await openLocal(join(await temporaryFolder(t), "queues.db"));
  t.after(() => broker.close());
  const pushed: Promise<string>[] = [];
  const hopping: Promise<void>[] = [];
  const push = (): void => {
    pushed.push(broker.messages.push("orders", [{ payload: textPayload("a") }]).then(([result]) => result?.id ?? ""));
  };
  for (let n = 0; n < 50; n++) {
    push();
    for (let hops = 0; hops < 8; hops++) {
      let later = Promise.resolve();
      for (let hop = 0; hop < hops; hop++) later = later.then(() => undefined);
      hopping.push(later.then(push));
      if (hops === n % 8) push();
    }
    await broker.inspect.stats("orders");
  }
  await Promise.all(hopping);
  const ids = await Promise.all(pushed);
  assert.equal(new Set(ids).size, ids.length);
  assert.equal((await broker.inspect.stats("orders")).counts.ready, ids.length);
});
