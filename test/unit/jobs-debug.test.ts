import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { connect } from "../../src/client/connect.ts";
import { Debugger } from "../support/debugger.ts";
import { temporaryFolder } from "../support/folder.ts";
import { until } from "../support/until.ts";
import { WorkerProcess } from "../support/worker-process.ts";

const PROJECT = {
  "package.json": `{ "name": "shop" }`,
  "tsconfig.json": `{ "compilerOptions": { "baseUrl": ".", "paths": { "@shop/*": ["src/lib/*"] } } }`,
  "src/lib/price.ts": `interface Order { readonly price: number; readonly count: number }

// A comment that shifts lines.
export function total(order: Order): number {
  const sum = order.price * order.count;
  return sum;
}
`,
  "src/handler.ts": `import { total } from "@shop/price";
enum Currency { Euro = "EUR" }

export default async function handle(message: { data: { price: number; count: number } }): Promise<void> {
  const sum = total(message.data);
  console.log(Currency.Euro, sum);
}
`,
};

describe("a worker under a debugger", () => {
  it("stops at breakpoints of the TypeScript handler and of what it imports, and loses no lease there, however long it stands", async (t) => {
    const folder = await temporaryFolder(t, PROJECT);
    const url = join(folder, "queues.db");
    const queues = await connect(url);
    t.after(() => queues.close());
    const { id } = await queues.queue("orders").push({ price: 3, count: 2 });

    const worker = new WorkerProcess(t, { queues: ["orders"], handler: "src/handler.ts", url, cwd: folder, lease: 1_000, limit: 1 }, ["--inspect-brk=127.0.0.1:0"]);
    const address = await until("the inspector's address", () => /ws:\/\/\S+/.exec(worker.stderr)?.[0]);
    const inspector = await Debugger.attach(address);
    t.after(() => { inspector.close(); });
    inspector.breakAt(join(folder, "src", "handler.ts"), 5);
    inspector.breakAt(join(folder, "src", "lib", "price.ts"), 5);
    await inspector.run();
    // --inspect-brk itself stops before the first line.
    await until("the first stop", () => inspector.paused);
    await inspector.resume();

    assert.deepEqual(await inspector.place(), { file: join(folder, "src", "handler.ts"), line: 5 });
    const [first] = (await queues.broker.inspect.leases("orders")).items;
    assert.ok(first);
    // Stand still for longer than two leases.
    await until("two leases to pass", () => Date.now() > first.leaseExpiresAt + 2_000);
    const [kept] = (await queues.broker.inspect.leases("orders")).items;
    assert.ok(kept && kept.leaseExpiresAt > Date.now(), "the lease is still live");
    assert.equal(kept.deliveryCount, 1);
    assert.deepEqual(await queues.queue("orders").pop(), [], "nobody else gets the message");

    await inspector.resume();
    assert.deepEqual(await inspector.place(), { file: join(folder, "src", "lib", "price.ts"), line: 5 });
    await inspector.resume();
    const completed = await worker.logged("completed", { id });
    assert.equal(completed["attempt"], 1);
    // An attached debugger keeps a process from ending.
    inspector.close();
    assert.equal((await worker.ended).code, 0, worker.stderr);
    assert.ok(worker.output.includes("EUR 6"));
    assert.equal((await queues.broker.inspect.read(id)).state, "completed");
  });

  it("is shown as debugging while it stands at a breakpoint", async (t) => {
    const folder = await temporaryFolder(t, { "package.json": `{ "type": "module" }`, "handler.mjs": "export default () => { debugger; };" });
    const url = join(folder, "queues.db");
    const queues = await connect(url);
    t.after(() => queues.close());
    await queues.queue("orders").push(1);
    const worker = new WorkerProcess(t, { queues: ["orders"], handler: "handler.mjs", url, cwd: folder, limit: 1 }, ["--inspect=127.0.0.1:0"]);
    const inspector = await Debugger.attach(await until("the inspector's address", () => /ws:\/\/\S+/.exec(worker.stderr)?.[0]));
    t.after(() => { inspector.close(); });
    await until("the stop", () => inspector.paused);
    const seen = await until("the worker to be shown as debugging", async () => (await queues.broker.workers.list()).find(({ status }) => status === "debugging"));
    assert.equal(seen.live, true);
    assert.equal(seen.current.length, 1);
    await inspector.resume();
    await worker.logged("completed");
    inspector.close();
    assert.equal((await worker.ended).code, 0);
  });
});

