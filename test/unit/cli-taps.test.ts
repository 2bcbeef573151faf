import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { after, before, describe, it } from "node:test";
import { type CliProcess, CliFolder, records } from "../support/cli.ts";
import { type NatsServer, natsSkip, startNatsServer } from "../support/nats-server.ts";

let cli: CliFolder;
before(async () => { cli = await CliFolder.make(); });
after(async () => { await cli[Symbol.asyncDispose](); });

describe("queuescope tap, publish and bridge", { skip: natsSkip(), timeout: 180_000 }, () => {
  let server: NatsServer;
  let env: Readonly<Record<string, string>>;
  before(async () => {
    server = await startNatsServer();
    env = { QUEUESCOPE_URL: server.url };
  });
  after(async () => { await server.stop(); });

  /** A command that says when it listens; it may not say so on stdout. */
  const listening = async (args: readonly string[], said = /Listening to|Passing on/): Promise<CliProcess> => {
    const started = cli.start(args, { env });
    await started.until(({ stderr }) => said.test(stderr));
    return started;
  };

  it("show what is published, and end after a limit", async () => {
    const tap = await listening(["tap", "show.>", "shown.*", "--limit", "3"]);
    assert.match(await cli.text(["publish", "show.a.b", '{"n": 1}'], { env }), /Published on show\.a\.b \(8 bytes\)/);
    await cli.text(["publish", "shown.c"], { env });
    await cli.text(["publish", "shown.d", "-", "--header", "a=1"], { env, stdin: "line\nline" });
    const { code, stdout } = await tap.ended;
    assert.equal(code, 0);
    assert.deepEqual(stdout.trimEnd().split("\n").map((line) => line.replace(/^\S+ +/, "").trimEnd()), ['show.a.b  {"n": 1}', "shown.c", "shown.d  line\\nline"]);
  });

  it("show messages as JSON, with headers, reply and bytes", async () => {
    // With --json nothing says that it listens: answered requests do.
    const tap = cli.start(["tap", "json.>", "--limit", "2", "--json"], { env });
    let answered = "";
    while (answered === "") answered = (await cli.run(["publish", "json.a", "12345678901234567890", "--header", "x=1", "--header", "x=2", "--request", "--timeout", "100ms"], { env })).stderr.includes("in time") ? "heard" : "";
    await cli.json(["publish", "json.b", "/wA=", "--bytes", "--reply", "answers"], { env });
    const { stdout } = await tap.ended;
    assert.match(stdout, /"data":12345678901234567890,/);
    const [first, second] = records(stdout);
    assert.deepEqual([first?.["subject"], first?.["encoding"], first?.["headers"]], ["json.a", "json", { x: ["1", "2"] }]);
    assert.deepEqual([second?.["data"], second?.["encoding"], second?.["reply"]], ["/wA=", "bytes", "answers"]);
    assert.ok(!Number.isNaN(Date.parse(String(first?.["receivedAt"]))));
  });

  it("end at Ctrl-C, as tail does", async () => {
    const tap = await listening(["tap", "quiet"]);
    tap.child.kill("SIGINT");
    assert.equal((await tap.ended).code, 130);
  });

  it("push what arrives to a queue until the stop, which pushes the rest", async () => {
    const tap = await listening(["tap", "into.>", "--into", "kept", "--queue-group", "g", "--by-subject"]);
    await cli.text(["publish", "into.a", "-", "--lines"], { env, stdin: Array.from({ length: 1000 }, (_, i) => `{"n":${i}}`).join("\n") });
    tap.child.kill("SIGTERM");
    const { code, stdout, stderr } = await tap.ended;
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^1000 messages pushed to kept\.$/m);
    const [stats] = await cli.json(["stats", "kept"], { env });
    assert.equal(stats?.["messages"], 1000);
    const [peeked] = await cli.json(["peek", "kept", "--partition", "into.a", "--limit", "1"], { env });
    assert.deepEqual([peeked?.["data"], peeked?.["partition"], peeked?.["headers"]], [{ n: 0 }, "into.a", { "Tap-Subject": "into.a" }]);
  });

  it("push to a queue of the workspace's file, and confirm to who asks", async () => {
    const tap = await listening(["tap", "safe", "--into", "safe", "--into-url", "file:local.db", "--confirm", "--limit", "1"]);
    const [answer] = await cli.json(["publish", "safe", "keep", "--request"], { env });
    const { id, status } = answer?.["data"] as { id: string; status: string };
    assert.equal(status, "queued");
    assert.equal((await tap.ended).code, 0);
    assert.deepEqual((await cli.json(["peek", "safe", "--url", "file:local.db"])).map((message) => [message["id"], message["data"]]), [[id, "keep"]]);
  });

  it("bridge subjects through a TypeScript module, and count", async () => {
    await writeFile(cli.file("transform.ts"), `
      interface Message { subject: string; data: { n: number } }
      export default function ({ subject, data }: Message): unknown {
        if (data.n === 0) return null;
        if (data.n === 1) throw new Error("not this one");
        return { data: { doubled: data.n * 2 }, headers: { from: subject } };
      }`);
    const bridge = await listening(["bridge", "raw.*", "cooked.$1", "--transform", "transform.ts"]);
    const tap = await listening(["tap", "cooked.>", "--limit", "2"]);
    await cli.text(["publish", "raw.x", "-", "--lines"], { env, stdin: '{"n":0}\n{"n":1}\n{"n":2}\n{"n":3}\n' });
    assert.deepEqual((await tap.ended).stdout.trimEnd().split("\n").map((line) => line.replace(/^\S+ +/, "")), ['cooked.x  {"doubled":4}', 'cooked.x  {"doubled":6}']);
    bridge.child.kill("SIGINT");
    const { code, stdout, stderr } = await bridge.ended;
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^2 messages passed on, 1 left out, 1 failed\.$/m);
    assert.match(stderr, /could not be passed on subject=raw\.x error="not this one"/);
  });

  it("refuse what can't work, and say so", async () => {
    assert.equal((await cli.refused(["bridge", "a.>", "a.b"], { env })).code, "invalid-input");
    assert.equal((await cli.refused(["tap", "a..b"], { env })).code, "invalid-input");
    assert.match((await cli.refused(["publish", "nobody.listens", "x", "--request"], { env })).message, /Nobody answers/);
    assert.match((await cli.refused(["bridge", "a", "b", "--transform", "missing.ts"], { env })).message, /missing\.ts/);
    await cli.refused(["tap", "a", "--confirm"], { env, exitCode: 2 });
    await cli.refused(["tap", "a", "--overflow", "block"], { env, exitCode: 2 });
    await cli.refused(["publish", "a", "x", "--header", "novalue"], { env, exitCode: 2 });
  });
});

describe("queuescope tap, publish and bridge without NATS", () => {
  it("say what they need, and leave no empty file behind", async () => {
    for (const args of [["tap", "a"], ["publish", "a", "x"], ["bridge", "a", "b"], ["tap", "a", "--into", "q"]]) {
      assert.match((await cli.refused(args)).message, /--url nats:/);
    }
    assert.match((await cli.refused(["show", "m1"])).message, /no queues here yet/);
  });
});
