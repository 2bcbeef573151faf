import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it, type TestContext } from "node:test";
import { connect } from "../../src/client/connect.ts";
import type { Connection } from "../../src/client/connection.ts";
import type { WorkerOptions } from "../../src/jobs/index.ts";
import { temporaryFolder } from "../support/folder.ts";
import { natsSkip, startNatsServer, type NatsServer } from "../support/nats-server.ts";
import { until } from "../support/until.ts";
import { WorkerProcess } from "../support/worker-process.ts";

const numbers = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

const NOTE = `import { appendFileSync } from "node:fs";
export default ({ data, attempt }) => { appendFileSync("handled", data.k + " " + data.n + " " + attempt + " " + process.pid + "\\n"); };`;
/** Ends only when the file `go` is there. */
const SLOW = `import { appendFileSync, existsSync } from "node:fs";
export default async ({ data, attempt }) => {
  appendFileSync("handled", data.k + " " + data.n + " " + attempt + " " + process.pid + "\\n");
  while (!existsSync("go")) await new Promise((resolve) => setTimeout(resolve, 20));
};`;

interface Handled {
  readonly k: string;
  readonly n: number;
  readonly attempt: number;
  readonly pid: string;
}

describe("workers on NATS", { skip: natsSkip(), timeout: 120_000 }, () => {
  let server: NatsServer;
  let queues: Connection;
  let made = 0;
  before(async () => {
    server = await startNatsServer();
    queues = await connect(server.url);
  });
  after(async () => {
    await queues.close();
    await server.stop();
  });
  const fresh = (): string => `work-${++made}`;

  async function folderOf(t: TestContext): Promise<{ folder: string; handled: () => Promise<Handled[]>; worker: (options: Partial<WorkerOptions> & Pick<WorkerOptions, "queues">) => WorkerProcess }> {
    const folder = await temporaryFolder(t, { "package.json": `{ "type": "module" }`, "note.mjs": NOTE, "slow.mjs": SLOW });
    const handled = async (): Promise<Handled[]> => (await readFile(join(folder, "handled"), "utf8").catch(() => "")).split("\n").filter((line) => line !== "").map((line) => {
      const [k = "", n, attempt, pid = ""] = line.split(" ");
      return { k, n: Number(n), attempt: Number(attempt), pid };
    });
    return { folder, handled, worker: (options) => new WorkerProcess(t, { url: server.url, cwd: folder, ...options }) };
  }

  it("share a queue: each message once, in order within each partition, and SIGTERM ends them after what they began", async (t) => {
    const { handled, worker } = await folderOf(t);
    const [keyed, unkeyed] = [fresh(), fresh()];
    const items = (from: number): { k: string; n: number }[] => numbers(100).map((n) => ({ k: `p${n % 10}`, n: from + n }));
    const push = async (from: number): Promise<void> => {
      await queues.queue(keyed).push(items(from).map((data) => ({ data, partition: data.k })));
      await queues.queue(unkeyed).push(items(from).map((data) => ({ data: { ...data, k: "none" } })));
    };
    await push(0);
    const workers = [1, 2].map(() => worker({ queues: [keyed, unkeyed], handler: "note.mjs", concurrency: 4 }));
    for (const each of workers) await each.logged("worker started");
    for (const from of [100, 200, 300]) await push(from);
    await until("all to be handled", async () => (await handled()).length >= 800);
    for (const each of workers) each.signal("SIGTERM");
    for (const each of workers) {
      const { code, summary } = await each.ended;
      assert.deepEqual([code, summary?.["reason"], summary?.["failed"]], [0, "stopped", 0], each.stderr);
    }
    const all = await handled();
    assert.equal(all.length, 800);
    assert.equal(new Set(all.map(({ k, n }) => `${k} ${n}`)).size, 800);
    for (const key of numbers(10).map((n) => `p${n}`)) {
      const seen = all.filter(({ k }) => k === key).map(({ n }) => n);
      assert.deepEqual(seen, seen.toSorted((a, b) => a - b), key);
    }
    for (const name of [keyed, unkeyed]) {
      const { counts } = await queues.queue(name).stats();
      assert.deepEqual([counts.completed, counts.leased, counts.ready], [400, 0, 0]);
    }
    assert.deepEqual((await queues.broker.workers.list()).filter(({ live }) => live), []);
  });

  it("finish at SIGTERM what runs, and release what they hadn't started", async (t) => {
    const { folder, handled, worker } = await folderOf(t);
    const name = fresh();
    await queues.queue(name).push(numbers(3).map((n) => ({ data: { k: "x", n }, partition: "x" })));
    const one = worker({ queues: [name], handler: "slow.mjs" });
    await until("it to begin", async () => (await handled()).length === 1);
    one.signal("SIGTERM");
    await one.logged("stopping");
    await until("others to see it", async () => (await queues.broker.workers.list()).some(({ status, pid }) => status === "stopping" && pid === one.child.pid));
    await writeFile(join(folder, "go"), "");
    const { code, summary } = await one.ended;
    assert.deepEqual([code, summary?.["processed"], summary?.["reason"]], [0, 1, "stopped"], one.stderr);
    const { counts } = await queues.queue(name).stats();
    assert.deepEqual([counts.completed, counts.leased, counts.ready], [1, 0, 2]);
  });

  it("that are killed leave their messages to others when the lease is over, charged", async (t) => {
    const { folder, handled, worker } = await folderOf(t);
    const name = fresh();
    await queues.queue(name).config({ retryDelay: 1 }).create();
    await queues.queue(name).push([{ data: { k: "a", n: 1 }, partition: "a" }, { data: { k: "a", n: 2 }, partition: "a" }, { data: { k: "none", n: 3 } }]);
    const doomed = worker({ queues: [name], handler: "slow.mjs", concurrency: 2, lease: 1_500 });
    await until("it to hold both", async () => (await handled()).length === 2);
    doomed.signal("SIGKILL");
    await doomed.ended;
    await writeFile(join(folder, "go"), "");
    const heir = worker({ queues: [name], handler: "note.mjs", limit: 3 });
    const { code, summary } = await heir.ended;
    assert.deepEqual([code, summary?.["processed"], summary?.["failed"]], [0, 3, 0], heir.stderr);
    const later = (await handled()).slice(2);
    assert.deepEqual(later.filter(({ k }) => k === "a").map(({ n, attempt }) => [n, attempt]), [[1, 2], [2, 1]]);
    assert.deepEqual(later.filter(({ k }) => k === "none").map(({ n, attempt }) => [n, attempt]), [[3, 2]]);
  });

  it("run a program for each message: exit code 0 acks, 100 is a dead letter, any other fails; its own commands reach the same server", async (t) => {
    const { folder, worker } = await folderOf(t);
    const name = fresh();
    await queues.queue(name).config({ retryLimit: 0 }).create();
    const program = `let text = ""; for await (const chunk of process.stdin) text += chunk;
const { data } = JSON.parse(text);
if (process.env.QUEUESCOPE_URL !== ${JSON.stringify(server.url)}) process.exit(7);
if (data === 1) process.exit(0);
process.stderr.write("no " + data + "\\n");
process.exit(data === 2 ? 100 : 1);`;
    await queues.queue(name).push([1, 2, 3]);
    await writeFile(join(folder, "program.mjs"), program);
    const run = worker({ queues: [name], exec: [process.execPath, "program.mjs"], drain: true });
    const { code, summary } = await run.ended;
    assert.deepEqual([code, summary?.["processed"]], [0, 3], run.stderr);
    const letters = (await queues.queue(name).dlq().list()).items;
    assert.deepEqual(letters.map(({ data, error }) => [data, error]), [[2, "no 2"], [3, "no 3"]]);
    assert.equal((await queues.queue(name).stats()).counts.completed, 1);
  });
});
