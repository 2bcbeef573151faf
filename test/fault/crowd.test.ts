import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { openLocal } from "../../src/brokers/local/index.ts";
import { textPayload } from "../../src/core/index.ts";
import { bundled, Child } from "./support/child.ts";
import { temporaryFolder } from "./support/folder.ts";

const MESSAGES = 1_200;
const PROCESSES = 6;

for (const keyed of [false, true]) {
  test(`${PROCESSES} processes that pop one queue at once get each message once (${keyed ? "20 partitions" : "no partition"})`, async (t) => {
    const folder = temporaryFolder(t);
    await bundled(folder, ["taker.ts"]);
    const path = join(folder, "queues.db");
    const broker = await openLocal(path);
    t.after(() => broker.close());
    const items = Array.from({ length: MESSAGES }, (_, n) => ({ payload: textPayload(String(n)), ...(keyed ? { partition: `p${n % 20}` } : {}) }));
    const ids = (await broker.messages.push("orders", items)).map(({ id }) => id);

    const crowd = Array.from({ length: PROCESSES }, () => new Child(t, join(folder, "taker.mjs"), [path]));
    for (const child of crowd) assert.equal(await child.says(), "ready");
    const taken = await Promise.all(crowd.map(async (child) => (await child.ask("go")) as string[]));

    assert.deepEqual(taken.flat().sort(), [...ids].sort(), "all of them, none twice");
    assert.equal((await broker.inspect.stats("orders")).counts.completed, MESSAGES);
  });
}

test("processes that open a new file at the same moment all get it", async (t) => {
  const folder = temporaryFolder(t);
  await bundled(folder, ["taker.ts"]);
  const path = join(folder, "queues.db");
  const crowd = Array.from({ length: PROCESSES }, () => new Child(t, join(folder, "taker.mjs"), [path]));
  for (const child of crowd) assert.equal(await child.says(), "ready");
});
