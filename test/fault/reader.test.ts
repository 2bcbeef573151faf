import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { openLocal } from "../../src/brokers/local/index.ts";
import { textPayload } from "../../src/core/index.ts";
import { Child } from "./support/child.ts";
import { temporaryFolder } from "./support/folder.ts";
import { until } from "./support/until.ts";

const MB = 1024 * 1024;

test("a reader held open stops nobody, and the write-ahead log shrinks again when it ends", async (t) => {
  const path = join(temporaryFolder(t), "queues.db");
  const broker = await openLocal(path);
  t.after(() => broker.close());
  const walSize = (): number => statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  const items = Array.from({ length: 100 }, () => ({ payload: textPayload("x".repeat(2_000)) }));
  await broker.messages.push("orders", items);

  const reader = new Child(t, "reader.ts", [path]);
  assert.equal(await reader.says(), 100);
  let pushed = 100;
  for (; walSize() < 20 * MB; pushed += items.length) await broker.messages.push("orders", items);
  assert.equal((await broker.messages.pop("orders", { batch: 10 })).length, 10);
  assert.equal(await reader.ask("count"), 100, "the reader sees what it saw");
  await reader.ask("end");

  await until("the write-ahead log shrinks", async () => {
    await broker.messages.push("orders", items.slice(0, 1));
    pushed++;
    return walSize() < 16 * MB;
  });
  assert.equal((await broker.inspect.stats("orders")).counts.ready, pushed - 10);
});
