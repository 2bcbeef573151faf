import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { describe, it } from "node:test";
import { parseWorkspace, readWorkspaceFile } from "../../src/client/workspace-file.ts";
import { findWorkspaceFile, workspaceDatabase } from "../../src/client/workspace.ts";
import { isQueuescopeError } from "../../src/core/index.ts";
import { temporaryFolder } from "../support/folder.ts";

const ROOT = join(import.meta.dirname, "..", "..");

function refusal(content: string): string {
  try {
    parseWorkspace(content);
  } catch (error) {
    if (isQueuescopeError(error, "invalid-input")) return error.message;
    throw error;
  }
  assert.fail(`It should be refused: ${content}`);
}

describe("queuescope.json", () => {
  it("holds connections, queues with their options, and workers", () => {
    const workspace = parseWorkspace(`{
      // Comments and trailing commas are fine.
      "connections": { "local": { "url": "file:.queuescope/queues.db" }, "shared": { "url": "nats://host:4222", "credentials": { "env": "NATS_TOKEN" }, "readOnly": true } },
      "queues": { "orders": { "leaseTime": "5m", "retryLimit": 5, "backoff": { "kind": "list", "delays": ["1s", "5s"] } }, "events": { "connection": "shared", "ttl": null } },
      "workers": { "charge": { "queue": "orders", "handler": "src/charge.ts", "concurrency": 4, "env": { "LEVEL": "1" } }, "resize": { "queue": ["a", "b"], "command": ["python3", "resize.py"] }, },
    }`);
    assert.deepEqual(workspace.connections.get("shared"), { url: "nats://host:4222", credentials: { env: "NATS_TOKEN" }, readOnly: true });
    assert.deepEqual(workspace.queues.get("orders"), { options: { leaseTime: "5m", retryLimit: 5, backoff: { kind: "list", delays: ["1s", "5s"] } } });
    assert.deepEqual(workspace.queues.get("events"), { connection: "shared", options: { ttl: null } });
    assert.deepEqual(workspace.workers.get("charge"), { queues: ["orders"], handler: "src/charge.ts", concurrency: 4, env: { LEVEL: "1" } });
    assert.deepEqual(workspace.workers.get("resize"), { queues: ["a", "b"], command: ["python3", "resize.py"] });
  });

  it("may be empty", () => {
    assert.equal(parseWorkspace("{}").queues.size, 0);
  });

  it("is refused with the place and the reason", () => {
    assert.match(refusal(`{\n  "queues": {,}\n}`), /not JSON: .* at line 2, column 14/);
    assert.match(refusal(`{ "queue": {} }`), /Unrecognized key: "queue"/);
    assert.match(refusal(`{ "queues": { "a": { "leaseTime": "5x" } } }`), /queues\.a\.leaseTime .*duration such as/);
    assert.match(refusal(`{ "queues": { "a": { "leasTime": 5 } } }`), /queues\.a .*"leasTime"/);
    assert.match(refusal(`{ "queues": { "a": { "priority": 10 } } }`), /queues\.a: priority must be a whole number from 0 to 9/);
    assert.match(refusal(`{ "queues": { "a": { "connection": "b" } } }`), /queues\.a\.connection names "b", which is not in connections \(there: none\)/);
    assert.match(refusal(`{ "workers": { "w": { "queue": "a" } } }`), /workers\.w has neither a handler nor a command/);
    assert.match(refusal(`{ "workers": { "w": { "queue": "a", "handler": "x.ts", "command": "y" } } }`), /workers\.w has a handler and a command/);
    assert.match(refusal(`[]`), /expected object/);
  });

  it("never holds a password", () => {
    assert.match(refusal(`{ "connections": { "a": { "url": "nats://me:secret@host" } } }`), /connections\.a\.url holds a password/);
    assert.match(refusal(`{ "connections": { "a": { "url": "nats://host", "credentials": "secret" } } }`), /connections\.a\.credentials/);
  });

  it("is read from a file whose name stands in every error", async (t) => {
    const folder = await temporaryFolder(t, { "queuescope.json": `{ "queues": { "a": { "retryLimit": -1 } } }` });
    await assert.rejects(readWorkspaceFile(join(folder, "queuescope.json")), (error: Error) => error.message.startsWith(`${join(folder, "queuescope.json")}: queues.a.retryLimit`));
    await assert.rejects(readWorkspaceFile(join(folder, "gone.json")), { code: "unavailable" });
  });

  it("has a JSON schema made from what the code checks", () => {
    execFileSync(process.execPath, [join(ROOT, "scripts", "make-schema.ts"), "--check"], { stdio: "pipe" });
  });

  it("is that of the example, too", async () => {
    const workspace = await readWorkspaceFile(join(ROOT, "examples", "orders", "queuescope.json"));
    assert.deepEqual([...workspace.workers.keys()], ["charge", "ship", "invoice", "statistics", "review-failed-orders"]);
  });
});

describe("the workspace of a folder", () => {
  it("is found by walking up to the nearest database or queuescope.json", async (t) => {
    const folder = await temporaryFolder(t, { "outer/queuescope.json": "{}", "outer/inner/.queuescope/queues.db": "", "outer/inner/deep/file": "", "outer/other/file": "" });
    assert.equal(findWorkspaceFile(join(folder, "outer", "inner", "deep")), join(folder, "outer", "queuescope.json"));
    assert.equal(workspaceDatabase(join(folder, "outer", "inner", "deep")), join(folder, "outer", "inner", ".queuescope", "queues.db"));
    assert.equal(workspaceDatabase(join(folder, "outer", "other")), join(folder, "outer", ".queuescope", "queues.db"));
  });

  it("is the folder itself when nothing is found, and a folder of compiled handlers isn't taken for one", async (t) => {
    const folder = await temporaryFolder(t, { ".queuescope/build/.gitignore": "*", "package/file": "" });
    assert.equal(findWorkspaceFile(folder), null);
    assert.equal(workspaceDatabase(join(folder, "package")), join(folder, "package", ".queuescope", "queues.db"));
  });
});
