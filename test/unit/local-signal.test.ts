import assert from "node:assert/strict";
import { chmodSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { openLocal } from "../../src/brokers/local/index.ts";
import { textPayload } from "../../src/core/index.ts";
import { temporaryFolder } from "../support/folder.ts";
import { until } from "../support/until.ts";

const item = { payload: textPayload("m") };
const asRoot = process.geteuid?.() === 0 ? false : "only root can become another user";

test("where others can't be told of changes, the queues work, and waits end all the same", async (t) => {
  const path = join(await temporaryFolder(t), "queues.db");
  mkdirSync(`${path}.sig`);
  const [one, other] = [await openLocal(path), await openLocal(path)];
  t.after(() => Promise.all([one.close(), other.close()]));
  await one.messages.push("orders", [item]);
  assert.equal((await other.messages.pop("orders", { wait: 30_000 })).length, 1);
  const waiting = other.messages.pop("orders", { wait: 30_000 });
  await one.messages.push("orders", [item]);
  assert.equal((await waiting).length, 1);
});

test("in another user's file, which may be written, what was stored isn't reported as failed", { skip: asRoot }, async (t) => {
  const path = join(await temporaryFolder(t), "queues.db");
  const owner = await openLocal(path);
  await owner.messages.push("orders", [item]);
  chmodSync(dirname(path), 0o777);
  for (const file of ["", "-wal", "-shm", ".sig"]) chmodSync(path + file, 0o666);
  t.after(() => owner.close());
  let heard = 0;
  const watching = owner.watch(() => { heard += 1; });
  t.after(() => { watching.close(); });
  process.seteuid?.(65534);
  try {
    await using guest = await openLocal(path);
    assert.equal((await guest.messages.push("orders", [item])).length, 1);
    assert.equal((await guest.messages.pop("orders", { batch: 2 })).length, 2);
  } finally {
    process.seteuid?.(0);
  }
  await until("the owner to hear of it", () => heard > 0);
});
