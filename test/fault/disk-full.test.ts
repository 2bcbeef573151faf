import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { PushItem } from "../../src/core/index.ts";
import { temporaryFolder } from "./support/folder.ts";
import { type Refusal, RemoteBroker } from "./support/remote.ts";

const BATCH = 20;
const items = (n: number): PushItem[] => Array.from({ length: BATCH }, (_, i) => ({ payload: { encoding: "text", bytes: Buffer.from(`${n * BATCH + i} ${"x".repeat(20_000)}`) } }));

/** A disk of its own for one process, 8 MB with 4 MB taken; nothing of it is left when the process ends. */
const SMALL_DISK = 'mount -t tmpfs -o size=8m none "$0" && head -c 4194304 /dev/zero > "$0/ballast" && exec "$@"';
const smallDisk = (folder: string): string[] => ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", SMALL_DISK, folder];

/** Pushes batches until one is refused. */
async function fill(broker: RemoteBroker): Promise<{ readonly confirmed: number; readonly refusal: Refusal }> {
  for (let n = 0; n < 10_000; n++) {
    const answer = await broker.attempt("messages", "push", "orders", items(n));
    if ("error" in answer) return { confirmed: n * BATCH, refusal: answer.error };
  }
  throw new Error("The disk didn't get full.");
}

/** Takes everything, in order; answers the numbers that the messages begin with. */
async function takeAll(broker: RemoteBroker): Promise<number[]> {
  const numbers: number[] = [];
  for (;;) {
    const deliveries = await broker.call("messages", "pop", "orders", { batch: 100 });
    if (deliveries.length === 0) return numbers;
    numbers.push(...deliveries.map(({ payload }) => Number.parseInt(Buffer.from(payload.bytes.subarray(0, 12)).toString())));
    const results = await broker.call("messages", "settle", deliveries.map(({ receipt }) => ({ action: "ack", receipt: receipt ?? "" })));
    assert.ok(results.every(({ ok }) => ok));
  }
}

async function opened(t: TestContext, path: string, through: readonly string[]): Promise<RemoteBroker> {
  const broker = new RemoteBroker(t, [path], through);
  assert.equal(await broker.opened(), null);
  await broker.call("queues", "create", "orders");
  return broker;
}

const counting = (upTo: number): number[] => Array.from({ length: upTo }, (_, i) => i);

test("a full disk refuses a push whole with storage-full, and takes it once there is room", async (t) => {
  const folder = temporaryFolder(t);
  const trial = spawnSync("unshare", ["--user", "--map-root-user", "--mount", "mount", "-t", "tmpfs", "-o", "size=8m", "none", folder], { encoding: "utf8" });
  if (trial.status !== 0) {
    t.skip(`this machine gives no private mounts: ${trial.error?.message ?? trial.stderr.trim()}`);
    return;
  }
  const broker = await opened(t, join(folder, "queues.db"), smallDisk(folder));
  const { confirmed, refusal } = await fill(broker);
  assert.equal(refusal.code, "storage-full");
  assert.match(refusal.message, /full/);
  assert.ok(confirmed > 0);
  assert.equal((await broker.call("inspect", "stats", "orders")).counts.ready, confirmed, "the refused batch left nothing behind");
  const [browsed] = (await broker.call("inspect", "browse", "orders", { limit: 1 })).items;
  assert.ok(browsed !== undefined, "what is stored can still be read");

  await broker.removeFile(join(folder, "ballast"));
  await broker.call("messages", "push", "orders", items(confirmed / BATCH));
  assert.deepEqual(await takeAll(broker), counting(confirmed + BATCH));
  assert.equal(await broker.integrity(), "ok");
});

test("a write that the system cuts off half way (file size limit) leaves nothing behind and breaks nothing", { skip: process.platform === "win32" ? "no file size limits on Windows" : false }, async (t) => {
  const path = join(temporaryFolder(t), "queues.db");
  // 4096 blocks of 512 bytes (sh) or of 1024 (bash as sh): 2 or 4 MB a file.
  const limited = await opened(t, path, ["sh", "-c", 'ulimit -f 4096 && exec "$@"', "sh"]);
  const { confirmed, refusal } = await fill(limited);
  assert.ok(["storage-full", "unavailable"].includes(refusal.code), `${refusal.code}: ${refusal.message}`);
  assert.equal((await limited.call("inspect", "stats", "orders")).counts.ready, confirmed);
  limited.child.signal("SIGKILL");
  await limited.child.exited;

  const free = new RemoteBroker(t, [path]);
  assert.equal(await free.opened(), null);
  assert.deepEqual(await takeAll(free), counting(confirmed));
  assert.equal(await free.integrity(), "ok");
});
