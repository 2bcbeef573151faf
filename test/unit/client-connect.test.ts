import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, it } from "node:test";
import { connect } from "../../src/client/connect.ts";
import { placeOf } from "../../src/client/place.ts";
import { stderrLogger, type Logger } from "../../src/client/log.ts";
import { temporaryFolder } from "../support/folder.ts";
import { openQueues } from "../support/queues.ts";

describe("what a URL means", () => {
  it("is a file for a path, a relative one, file: and file:///", async (t) => {
    const cwd = await temporaryFolder(t);
    assert.deepEqual(placeOf({ url: "a/b.db", cwd }), { kind: "file", path: join(cwd, "a", "b.db") });
    assert.deepEqual(placeOf({ url: "file:a b.db", cwd }), { kind: "file", path: join(cwd, "a b.db") });
    assert.deepEqual(placeOf({ url: `file:${join(cwd, "x.db")}`, cwd: "/" }), { kind: "file", path: join(cwd, "x.db") });
    assert.deepEqual(placeOf({ url: pathToFileURL(join(cwd, "with space.db")).href }), { kind: "file", path: join(cwd, "with space.db") });
  });

  it("may be a NATS server's", () => {
    for (const url of ["nats://localhost:4222", "tls://a,b", "nats:"]) assert.deepEqual(placeOf({ url }), { kind: "nats", url });
  });

  it("is said to be unsupported, or unknown, or empty", () => {
    for (const url of ["http://localhost", "https://example.org", "pyqueue:queue.json"]) {
      assert.throws(() => placeOf({ url }), { code: "unsupported", field: "url" });
    }
    assert.throws(() => placeOf({ url: "redis://localhost" }), { code: "invalid-input", message: /redis: is not a kind of URL/ });
    assert.throws(() => placeOf({ url: " " }), { code: "invalid-input", message: /URL is empty/ });
  });
});

describe("connecting", () => {
  it("makes the workspace's file on the first push, which a subfolder then finds", async (t) => {
    const folder = await temporaryFolder(t, { "deep/er/file": "" });
    const queues = await connect({ cwd: folder });
    t.after(() => queues.close());
    await queues.queue("orders").push({ id: 1 });
    assert.ok(existsSync(join(folder, ".queuescope", "queues.db")));
    await using below = await connect({ cwd: join(folder, "deep", "er") });
    assert.deepEqual((await below.queue("orders").pop()).map(({ data }) => data), [{ id: 1 }]);
  });

  it("shares one broker among the handles on a file; the last close closes it", async (t) => {
    const folder = await temporaryFolder(t);
    const url = join(folder, "queues.db");
    const [first, second] = await Promise.all([connect(url), connect(`file:${url}`)]);
    assert.equal(first.broker, second.broker);
    await first.close();
    await first.close();
    await second.queue("orders").push(1);
    await second.close();
    await assert.rejects(second.queue("orders").push(2), { name: "QueuescopeError" });
    await using third = await connect(url);
    assert.notEqual(third.broker, second.broker);
    assert.equal((await third.queue("orders").pop()).length, 1);
  });

  it("refuses every change when it is read-only", async (t) => {
    const queues = await openQueues(t);
    await queues.queue("orders").push(1);
    await using reader = await connect({ url: queues.url, readOnly: true });
    assert.equal((await reader.queue("orders").peek()).length, 1);
    await assert.rejects(reader.queue("orders").push(2), { code: "read-only" });
    await assert.rejects(reader.queue("orders").pop(), { code: "read-only" });
  });

  it("logs what it does without payloads", async (t) => {
    const lines: string[] = [];
    const write = (message: string, fields?: object): void => { lines.push(`${message} ${JSON.stringify(fields)}`); };
    const logger: Logger = { debug: write, info: write, warn: write, error: write };
    const queues = await openQueues(t, { logger });
    await queues.queue("orders").push({ data: "a secret", headers: { token: "another secret" } });
    await queues.queue("orders").limit(1).consume(() => { throw new Error("failed"); });
    assert.ok(lines.some((line) => line.startsWith("pushed ")), lines.join("\n"));
    assert.ok(lines.some((line) => line.startsWith("handled ")), lines.join("\n"));
    assert.ok(!lines.some((line) => line.includes("secret")), lines.join("\n"));
  });

  it("refuses a log level that doesn't exist", () => {
    assert.throws(() => stderrLogger("loud"), { code: "invalid-input", message: /one of debug, info, warn, error/ });
  });
});
