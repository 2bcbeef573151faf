import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { after, before, describe, it } from "node:test";
import { CliFolder, records } from "../support/cli.ts";

let cli: CliFolder;
before(async () => {
  cli = await CliFolder.make();
  await writeFile(cli.file("handler.ts"), `
    import { appendFileSync } from "node:fs";
    enum Outcome { Good, Bad }
    export default function handle(message: { data: { n: number } }): void {
      if (message.data.n < 0) throw new Error(\`\${message.data.n} is \${Outcome[Outcome.Bad]}\`);
      appendFileSync("handled.txt", message.data.n + "\\n");
    }`);
});
after(async () => { await cli[Symbol.asyncDispose](); });

describe("queuescope worker", () => {
  it("handles the messages of a queue by a TypeScript module, until nothing is ready", async () => {
    await cli.json(["queue", "create", "work", "--set", "retryLimit=0"]);
    await cli.json(["push", "work", "-", "--ndjson"], { stdin: '{"n":1}\n{"n":-1}\n{"n":2}\n' });
    const ended = await cli.run(["worker", "work", "--handler", "handler.ts", "--drain", "--json"]);
    assert.equal(ended.code, 0, ended.stderr);
    assert.deepEqual(records(ended.stdout), [{ processed: 3, failed: 1, reason: "drained" }]);
    assert.deepEqual((await readFile(cli.file("handled.txt"), "utf8")).trim().split("\n").sort(), ["1", "2"]);
    assert.match(ended.stderr, /completed id=m\S+ queue=work/);
    assert.deepEqual((await cli.json(["dlq", "list", "work"])).map(({ error }) => error), ["-1 is Bad"]);
  });

  it("runs a program for each message", async () => {
    await cli.json(["push", "programs", '{"n":7}']);
    await writeFile(cli.file("program.mjs"), "let text = ''; for await (const chunk of process.stdin) text += chunk; process.exit(JSON.parse(text).data.n === 7 && process.env.MODE === 'x' ? 0 : 1);");
    const ended = await cli.run(["worker", "programs", "--exec", `"${process.execPath}" program.mjs`, "--limit", "1", "--json"], { env: { MODE: "x" } });
    assert.deepEqual(records(ended.stdout), [{ processed: 1, failed: 0, reason: "limit" }], ended.stderr);
  });

  it("runs a worker of queuescope.json by its name, from a folder below too", async () => {
    await writeFile(cli.file("queuescope.json"), JSON.stringify({ workers: { counter: { queue: "counted", handler: "./handler.ts", group: "g" } } }));
    await mkdir(cli.file("below"));
    await cli.json(["push", "counted", '{"n":42}']);
    const ended = await cli.run(["worker", "--name", "counter", "--drain", "--json"], { cwd: cli.file("below") });
    assert.deepEqual(records(ended.stdout), [{ processed: 1, failed: 0, reason: "drained" }], ended.stderr);
    assert.deepEqual((await cli.json(["groups", "list", "counted"])).map(({ name, lag }) => [name, lag]), [["g", 0]]);
    assert.match((await cli.refused(["worker", "--name", "nobody"])).message, /has no worker "nobody"\. It has: counter/);
  });

  it("stops at Ctrl-C with exit code 0, and waits for a queue that doesn't exist yet", async () => {
    const worker = cli.start(["worker", "not-yet", "--handler", "handler.ts", "--json"]);
    await worker.until(({ stderr }) => stderr.includes("waiting for the queue"));
    worker.child.kill("SIGINT");
    const ended = await worker.ended;
    assert.equal(ended.code, 0, ended.stderr);
    assert.deepEqual(records(ended.stdout), [{ processed: 0, failed: 0, reason: "stopped" }]);
  });

  it("at a second Ctrl-C doesn't wait for the handler, and gives its message back; what a handler left open doesn't keep it alive", async () => {
    await writeFile(cli.file("slow.mjs"), "setInterval(() => {}, 1000); export default () => new Promise(() => {});");
    await cli.json(["push", "slow", "1"]);
    const worker = cli.start(["worker", "slow", "--handler", "slow.mjs", "--verbose"]);
    await worker.until(({ stderr }) => /debug started id=/.test(stderr));
    worker.child.kill("SIGINT");
    await worker.until(({ stderr }) => stderr.includes("SIGINT: stopping"));
    worker.child.kill("SIGINT");
    assert.equal((await worker.ended).code, 1);
    assert.deepEqual((await cli.json(["peek", "slow"])).map(({ state }) => state), ["ready"]);
  });

  it("opens a port for a debugger", async () => {
    const worker = cli.start(["worker", "debugged", "--handler", "handler.ts", "--inspect", "--inspect-port", "0"]);
    await worker.until(({ stderr }) => /Debugger listening on ws:/.test(stderr) && stderr.includes("waiting for the queue"));
    worker.child.kill("SIGTERM");
    assert.equal((await worker.ended).code, 0);
  });

  it("refuses a handler that is missing, has none, or doesn't compile, and a program that doesn't exist", async () => {
    await writeFile(cli.file("no-handler.ts"), "export const other = 1;");
    await writeFile(cli.file("broken.ts"), "export default function (");
    await cli.json(["push", "work", '{"n":3}']);
    assert.match((await cli.refused(["worker", "work", "--handler", "missing.ts"])).message, /missing\.ts/);
    assert.match((await cli.refused(["worker", "work", "--handler", "no-handler.ts"])).message, /handler/);
    assert.match((await cli.refused(["worker", "work", "--handler", "broken.ts"])).message, /broken\.ts/);
    assert.match((await cli.refused(["worker", "work", "--exec", "no-such-program --flag"])).message, /no-such-program/);
    assert.equal((await cli.json(["peek", "work"])).length, 1, "nothing was popped");
  });

  it("can't be started without queues or without something that handles them", async () => {
    for (const args of [["worker"], ["worker", "work"], ["worker", "work", "--handler", "a", "--exec", "b"], ["worker", "work", "--handler", "a", "--concurrency", "x"]]) await cli.refused(args, { exitCode: 2 });
  });
});
