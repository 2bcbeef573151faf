import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import type { Connection } from "../../src/client/connection.ts";
import { connect } from "../../src/client/connect.ts";
import { findProgram } from "../../src/jobs/exec.ts";
import { runWorker, type WorkerOptions, type WorkerSummary } from "../../src/jobs/index.ts";
import { temporaryFolder } from "../support/folder.ts";
import { until } from "../support/until.ts";
import { WorkerProcess } from "../support/worker-process.ts";

interface Place {
  readonly folder: string;
  readonly url: string;
  readonly queues: Connection;
  readonly run: (exec: string | readonly string[], options?: Partial<WorkerOptions>) => Promise<WorkerSummary>;
}

async function place(t: TestContext, files: Readonly<Record<string, string>>): Promise<Place> {
  const folder = await temporaryFolder(t, files);
  const url = join(folder, "queues.db");
  const queues = await connect(url);
  t.after(() => queues.close());
  await queues.queue("orders").config({ retryLimit: 0, leaseTime: "1m" }).create();
  return {
    folder,
    url,
    queues,
    run: (exec, options = {}) => runWorker({ queues: ["orders"], exec, url, cwd: folder, drain: true, processSignals: false, ...options }),
  };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    // No such process.
    return false;
  }
}

describe("a program as handler", () => {
  it("gets the message as JSON on stdin, untouched, and what it needs in its environment", async (t) => {
    const { folder, url, queues, run } = await place(t, { "keep.sh": `cat > "input-$QUEUESCOPE_ATTEMPT.json"; env > environment` });
    const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const { id } = await queues.queue("orders").push({ data: `{"n": 12345678901234567890}`, encoding: "json", partition: "p 1", headers: { traceparent } });
    await run(["sh", "keep.sh"], { group: "billing", env: { LEVEL: "7" } });
    const input = await readFile(join(folder, "input-1.json"), "utf8");
    assert.ok(input.startsWith(`{"data":{"n": 12345678901234567890},`), input);
    const message = JSON.parse(input) as Record<string, unknown>;
    assert.deepEqual([message["id"], message["queue"], message["partition"], message["group"], message["attempt"], message["encoding"]], [id, "orders", "p 1", "billing", 1, "json"]);
    const environment = (await readFile(join(folder, "environment"), "utf8")).split("\n");
    for (const line of [`QUEUESCOPE_MESSAGE_ID=${id}`, "QUEUESCOPE_QUEUE=orders", "QUEUESCOPE_PARTITION=p 1", "QUEUESCOPE_GROUP=billing", "QUEUESCOPE_ATTEMPT=1", `QUEUESCOPE_TRACEPARENT=${traceparent}`, `QUEUESCOPE_URL=file:${url}`, "LEVEL=7"]) {
      assert.ok(environment.includes(line), line);
    }
  });

  it("acks with 0, makes a dead letter with 100, and fails otherwise with the end of its stderr", async (t) => {
    const { queues, run } = await place(t, { "exit.sh": `read -r line; echo "first line" >&2; echo "reason $1" >&2; exit "$1"` });
    await queues.queue("orders").config({ retryLimit: 1, retryDelay: "1h", backoff: { max: "1h" } }).create();
    for (const code of ["0", "100", "3"]) {
      await queues.queue("orders").push(code);
      await run(["sh", "exit.sh", code], { limit: 1 });
    }
    const states = (await queues.broker.inspect.browse("orders")).items.map(({ state, lastError }) => [state, lastError]);
    assert.deepEqual(states.filter(([state]) => state !== "dead"), [["completed", null], ["retrying", "reason 3"]]);
    const [letter] = (await queues.queue("orders").dlq().list()).items;
    assert.deepEqual([letter?.data, letter?.error, letter?.reason], ["100", "reason 100", "rejected"]);
    assert.match(letter?.stack ?? "", /^exit code 100: sh exit\.sh 100\nfirst line\nreason 100/);
  });

  it("records traces and progress through file descriptor 3", async (t) => {
    const { queues, run } = await place(t, { "trace.sh": `echo '{"eventType":"charged","traceName":["a","b"],"data":{"n":1}}' >&3; echo '{"progress":0.5}' >&3; echo 'no json' >&3` });
    const { id } = await queues.queue("orders").push(1);
    const warnings: string[] = [];
    const log = { debug: () => undefined, info: () => undefined, warn: (text: string) => { warnings.push(text); }, error: () => undefined };
    await run(["sh", "trace.sh"], { log });
    const events = (await queues.broker.inspect.traces({ messageId: id })).items;
    assert.deepEqual(events.filter(({ type }) => type === "charged").map(({ data, names }) => [data, [...names].sort()]), [[`{"n":1}`, ["a", "b"]]]);
    assert.deepEqual(events.filter(({ type }) => type === "progress").map(({ data }) => data), ["0.5"]);
    assert.equal(warnings.filter((text) => text.includes("file descriptor 3")).length, 1);
  });

  it("that needn't read its input, or prints much, is fine", async (t) => {
    const { queues, run } = await place(t, { "loud.sh": `i=0; while [ $i -lt 2000 ]; do echo "$i ----------------------------------------" >&2; i=$((i+1)); done; exit 1` });
    await queues.queue("orders").push("x".repeat(1_000_000));
    const write = process.stderr.write.bind(process.stderr);
    process.stderr.write = () => true;
    try {
      await run("sh loud.sh");
    } finally {
      process.stderr.write = write;
    }
    const [letter] = (await queues.queue("orders").dlq().list()).items;
    assert.match(letter?.error ?? "", /^1999 -+$/);
    assert.ok((letter?.stack ?? "").length < 10_000);
  });

  it("runs a command line with shell syntax in a shell", async (t) => {
    const { folder, queues, run } = await place(t, {});
    await queues.queue("orders").push("a");
    await run(`cat | tr -d '\\n' > "out file" && echo done >> "out file"`);
    assert.match(await readFile(join(folder, "out file"), "utf8"), /"data":"a".*done\n$/);
  });

  it("keeps its lease while it runs", async (t) => {
    const { queues, run } = await place(t, {});
    const { id } = await queues.queue("orders").push("a");
    await run("sleep 1", { lease: 300 });
    const { state, deliveryCount } = await queues.broker.inspect.read(id);
    assert.deepEqual([state, deliveryCount], ["completed", 1]);
  });

  it("is stopped, with all it started, when it loses its lease", async (t) => {
    const { folder, url, queues } = await place(t, { "long.sh": `echo $$ > pid; sleep 600 & echo $! > child; wait` });
    await queues.queue("orders").push("a");
    const worker = new WorkerProcess(t, { queues: ["orders"], exec: "sh long.sh", url, cwd: folder, lease: 600 });
    const pid = async (name: string): Promise<number> => until(`the file ${name}`, async () => Number(await readFile(join(folder, name), "utf8").catch(() => "")) || null);
    const pids = [await pid("pid"), await pid("child")];
    await queues.broker.repair.seek("orders", "default", "new");
    await until("both to be gone", () => pids.every((one) => !isAlive(one)));
    assert.equal((await worker.logged("lease-lost"))["attempt"], 1);
  });

  it("is stopped by the worker's second signal, and its message is released uncharged", async (t) => {
    const { folder, url, queues } = await place(t, { "long.sh": `echo $$ > pid; exec sleep 600` });
    const { id } = await queues.queue("orders").push("a");
    const worker = new WorkerProcess(t, { queues: ["orders"], exec: ["sh", "long.sh"], url, cwd: folder });
    const pid = await until("the program to run", async () => Number(await readFile(join(folder, "pid"), "utf8").catch(() => "")) || null);
    worker.signal("SIGTERM");
    await worker.logged("stopping");
    assert.ok(isAlive(pid));
    worker.signal("SIGTERM");
    assert.equal((await worker.ended).summary?.["reason"], "forced");
    assert.ok(!isAlive(pid));
    const message = await queues.broker.inspect.read(id);
    assert.deepEqual([message.state, message.charges], ["ready", 0]);
  });

  it("that can't be run stops the worker and charges no message", async (t) => {
    const { queues, run } = await place(t, {});
    const { id } = await queues.queue("orders").push("a");
    await assert.rejects(run("no-such-program && true"), { code: "invalid-input", message: /can't be run \(exit code 127\): .*no-such-program/ });
    const message = await queues.broker.inspect.read(id);
    assert.deepEqual([message.state, message.charges], ["ready", 0]);
  });

  it("handles dead letters too", async (t) => {
    const { folder, queues, run } = await place(t, { "keep.sh": "cat > letter.json" });
    await queues.queue("orders").push("a");
    await queues.dead(await queues.queue("orders").pop(), { error: "hopeless" });
    assert.equal((await run(["sh", "keep.sh"], { dlq: true })).processed, 1);
    const letter = JSON.parse(await readFile(join(folder, "letter.json"), "utf8")) as Record<string, unknown>;
    assert.deepEqual([letter["data"], letter["error"], letter["reason"]], ["a", "hopeless", "rejected"]);
    assert.equal(await queues.queue("orders").dlq().count(), 0);
  });
});

describe("a command line", () => {
  it("is split into words, quoted ones kept whole; a path with blanks is found", async (t) => {
    const folder = await temporaryFolder(t, {});
    const program = findProgram(`node "a b.js" 'c d' --flag`, folder);
    assert.deepEqual(program.args, ["a b.js", "c d", "--flag"]);
    assert.match(program.file, /node$/);
    assert.equal(findProgram("FOO=1 node x.js", folder).file, "/bin/sh");
    assert.equal(findProgram(`echo a"b c"`, folder).file, "/bin/sh");
  });
});
