import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import type { Connection } from "../../src/client/connection.ts";
import { connect } from "../../src/client/connect.ts";
import { runWorker } from "../../src/jobs/index.ts";
import { temporaryFolder } from "../support/folder.ts";
import { until } from "../support/until.ts";
import { WorkerProcess } from "../support/worker-process.ts";

interface Place {
  readonly folder: string;
  readonly url: string;
  readonly queues: Connection;
}

async function place(t: TestContext, files: Readonly<Record<string, string>> = {}): Promise<Place> {
  const folder = await temporaryFolder(t, { "package.json": `{ "type": "module" }`, ...files });
  const url = join(folder, "queues.db");
  const queues = await connect(url);
  t.after(() => queues.close());
  return { folder, url, queues };
}

/** Ends only when the file `go` is there. */
const SLOW = `import { existsSync } from "node:fs";
export default async () => { while (!existsSync("go")) await new Promise((resolve) => setTimeout(resolve, 20)); };`;

describe("a worker", () => {
  it("handles messages, and logs each with id, queue, partition, attempt, duration and outcome", async (t) => {
    const { folder, url, queues } = await place(t, { "handler.ts": `enum Kind { Good, Bad }
export const handler = (message: { data: Kind }) => { if (message.data === Kind.Bad) throw new RangeError("bad one"); };` });
    await queues.queue("orders").config({ retryLimit: 0 }).create();
    const [good, bad] = await queues.queue("orders").push([{ data: 0, partition: "p" }, { data: 1 }]);
    const worker = new WorkerProcess(t, { queues: ["orders"], handler: "handler.ts", url, cwd: folder, drain: true });
    const { code, summary } = await worker.ended;
    assert.equal(code, 0, worker.stderr);
    assert.deepEqual([summary?.["processed"], summary?.["failed"], summary?.["reason"]], [2, 1, "drained"]);
    const completed = await worker.logged("completed");
    assert.deepEqual([completed["id"], completed["queue"], completed["partition"], completed["attempt"], typeof completed["ms"]], [good?.id, "orders", "p", 1, "number"]);
    const dead = await worker.logged("dead");
    assert.deepEqual([dead["id"], dead["error"]], [bad?.id, "RangeError: bad one"]);
    const [letter] = (await queues.queue("orders").dlq().list()).items;
    assert.equal(letter?.id, dead["deadLetter"]);
    assert.ok(letter?.stack?.includes(`${join(folder, "handler.ts")}:2:`), letter?.stack ?? "no stack");
  });

  it("is seen by others while it works: what it does now, and how much it has done", async (t) => {
    const { folder, url, queues } = await place(t, { "slow.mjs": SLOW, "fast.mjs": "export default () => {};" });
    await queues.queue("orders").push(1);
    const { id } = await queues.queue("orders").push(2);
    await queues.queue("orders").limit(1).consume(() => undefined);
    const worker = new WorkerProcess(t, { queues: ["orders"], handler: "slow.mjs", url, cwd: folder, name: "slow one", group: "default" });
    const seen = await until("the worker to be busy", async () => (await queues.broker.workers.list()).find(({ status }) => status === "busy"));
    assert.deepEqual([seen.name, seen.queues, seen.group, seen.pid, seen.live, seen.current], ["slow one", ["orders"], "default", worker.child.pid, true, [id]]);
    const [leased] = (await queues.broker.inspect.leases("orders")).items;
    assert.equal(leased?.worker, seen.id);
    worker.signal("SIGTERM");
    await until("it to be stopping", async () => (await queues.broker.workers.list()).some(({ status }) => status === "stopping"));
    await writeFile(join(folder, "go"), "");
    assert.equal((await worker.ended).code, 0);
    assert.deepEqual(await queues.broker.workers.list(), []);
  });

  it("on the first signal finishes what runs and releases what wasn't started", async (t) => {
    const { folder, url, queues } = await place(t, { "slow.mjs": `${SLOW.replace("export default", "const wait =")} await wait();` });
    const orders = queues.queue("orders");
    await orders.push([1, 2, 3].map((data) => ({ data, partition: "a" })));
    const worker = new WorkerProcess(t, { queues: ["orders"], exec: [process.execPath, "slow.mjs"], url, cwd: folder, batch: 3 });
    await worker.logged("started", { queue: "orders" });
    worker.signal("SIGINT");
    await worker.logged("stopping");
    await writeFile(join(folder, "go"), "");
    const { summary } = await worker.ended;
    assert.deepEqual([summary?.["processed"], summary?.["reason"]], [1, "stopped"]);
    const { counts } = await orders.stats();
    assert.deepEqual([counts.completed, counts.ready, counts.leased], [1, 2, 0]);
  });

  it("finishes what runs when its terminal is closed", { skip: process.platform === "win32" ? "no such signal" : false }, async (t) => {
    const { folder, url, queues } = await place(t, { "slow.mjs": SLOW });
    const orders = queues.queue("orders");
    await orders.push(1);
    const worker = new WorkerProcess(t, { queues: ["orders"], handler: "slow.mjs", url, cwd: folder });
    await worker.logged("started", { queue: "orders" });
    worker.child.stdout?.destroy();
    worker.child.stderr?.destroy();
    worker.signal("SIGHUP");
    await until("it to be stopping", async () => (await queues.broker.workers.list()).some(({ status }) => status === "stopping"));
    await writeFile(join(folder, "go"), "");
    await worker.ended;
    const { counts } = await orders.stats();
    assert.deepEqual([counts.completed, counts.leased], [1, 0]);
    assert.deepEqual(await queues.broker.workers.list(), []);
  });

  it("on the second signal doesn't wait, and releases without charging", async (t) => {
    const { folder, url, queues } = await place(t, { "slow.mjs": SLOW });
    const orders = queues.queue("orders");
    const { id } = await orders.push(1);
    const worker = new WorkerProcess(t, { queues: ["orders"], handler: "slow.mjs", url, cwd: folder });
    await worker.logged("started", { queue: "orders" });
    worker.signal("SIGINT");
    await worker.logged("stopping");
    worker.signal("SIGINT");
    const { summary } = await worker.ended;
    assert.equal(summary?.["reason"], "forced");
    const message = await queues.broker.inspect.read(id);
    assert.deepEqual([message.state, message.charges], ["ready", 0]);
  });

  it("keeps the lease of a handler that takes longer", async (t) => {
    const { folder, url, queues } = await place(t, { "long.mjs": "export default () => new Promise((resolve) => setTimeout(resolve, 900));" });
    const orders = queues.queue("orders");
    const { id } = await orders.push(1);
    const summary = await runWorker({ queues: ["orders"], handler: "long.mjs", url, cwd: folder, lease: 300, limit: 1, processSignals: false });
    assert.deepEqual(summary, { processed: 1, failed: 0, reason: "limit" });
    const message = await queues.broker.inspect.read(id);
    assert.deepEqual([message.state, message.deliveryCount], ["completed", 1]);
  });

  it("takes several queues, and its limit is that of all of them", async (t) => {
    const { folder, url, queues } = await place(t, { "ok.mjs": "export default () => {};" });
    await queues.queue("a").push([1, 2, 3]);
    await queues.queue("b").push([1, 2, 3]);
    const summary = await runWorker({ queues: ["a", "b"], handler: "ok.mjs", url, cwd: folder, limit: 4, processSignals: false });
    assert.deepEqual(summary, { processed: 4, failed: 0, reason: "limit" });
  });

  it("waits for a queue that doesn't exist, saying so", async (t) => {
    const { folder, url, queues } = await place(t, { "ok.mjs": "export default () => {};" });
    const worker = new WorkerProcess(t, { queues: ["later"], handler: "ok.mjs", url, cwd: folder, limit: 1 });
    await worker.logged("waiting for the queue to be created", { queue: "later" });
    await queues.queue("later").push(1);
    assert.equal((await worker.ended).summary?.["processed"], 1);
  });

  it("can be given one message only", async (t) => {
    const { folder, url, queues } = await place(t, { "ok.mjs": "export default () => {};" });
    const orders = queues.queue("orders");
    const [first, second] = await orders.push([1, 2]);
    assert.ok(first && second);
    const summary = await runWorker({ queues: ["orders"], handler: "ok.mjs", url, cwd: folder, messageId: second.id, concurrency: 4, processSignals: false });
    assert.equal(summary.processed, 1);
    assert.deepEqual([(await queues.broker.inspect.read(first.id)).state, (await queues.broker.inspect.read(second.id)).state], ["ready", "completed"]);
    const again = runWorker({ queues: ["orders"], handler: "ok.mjs", url, cwd: folder, messageId: second.id, processSignals: false });
    await assert.rejects(again, { code: "message-not-found", message: /is completed for group default/ });
    await assert.rejects(runWorker({ queues: ["other"], handler: "ok.mjs", url, cwd: folder, messageId: first.id, processSignals: false }), { code: "invalid-input", message: /is in queue orders, not in other/ });
  });

  it("finds the one message in whichever of its queues it is", async (t) => {
    const { folder, url, queues } = await place(t, { "ok.mjs": "export default () => {};" });
    await queues.queue("a").push(1);
    const { id } = await queues.queue("b").push(2);
    const summary = await runWorker({ queues: ["a", "b"], handler: "ok.mjs", url, cwd: folder, messageId: id, processSignals: false });
    assert.equal(summary.processed, 1);
    assert.equal((await queues.broker.inspect.read(id)).state, "completed");
    assert.equal((await queues.queue("a").stats()).neverDelivered, 1);
  });

  it("handles dead letters: success discards, failure keeps", async (t) => {
    const { folder, url, queues } = await place(t, { "review.mjs": `export default async (letter, { trace }) => { await trace({ eventType: "reviewed" }); if (letter.data === 2) throw new Error("no"); };` });
    const orders = queues.queue("orders");
    await orders.push([1, 2]);
    await queues.dead(await orders.batch(2).pop());
    const summary = await runWorker({ queues: ["orders"], handler: "review.mjs", url, cwd: folder, dlq: true, processSignals: false });
    assert.deepEqual(summary, { processed: 2, failed: 1, reason: "drained" });
    assert.deepEqual((await orders.dlq().list()).items.map(({ data }) => data), [2]);
  });

  it("is refused before it takes anything when it is asked for the impossible", async (t) => {
    const { folder, url, queues } = await place(t);
    await queues.queue("orders").push(1);
    const refused = async (options: object, message: RegExp): Promise<void> => {
      await assert.rejects(runWorker({ queues: ["orders"], url, cwd: folder, processSignals: false, ...options }), { code: "invalid-input", message });
    };
    await refused({}, /either a handler/);
    await refused({ handler: "a.ts", exec: "b" }, /either a handler/);
    await refused({ handler: "missing.ts" }, /There is no handler file/);
    await refused({ queues: [], handler: "a.ts" }, /at least one queue/);
    await refused({ exec: "no-such-program --flag" }, /There is no program "no-such-program" on the PATH/);
    await refused({ exec: "./package.json" }, /isn't executable/);
    await refused({ exec: "" }, /command to run is empty/);
    assert.equal((await queues.queue("orders").stats()).neverDelivered, 1);
  });
});
