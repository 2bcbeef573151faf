import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { after, before, describe, it } from "node:test";
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { streamsCommand } from "../../src/cli/commands/streams.ts";
import { Output } from "../../src/cli/output.ts";
import { Session } from "../../src/cli/session.ts";
import type { Act } from "../../src/cli/session.ts";
import type { Broker } from "../../src/core/index.ts";
import { CliFolder, type Printed, records } from "../support/cli.ts";
import { ForeignWorld, naqPickle } from "../support/foreign.ts";
import { natsSkip, startNatsServer, type NatsServer } from "../support/nats-server.ts";

/** The command on the streams of a real server. */
async function run(world: ForeignWorld, args: readonly string[], json = true): Promise<{ stdout: string; stderr: string }> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const out = new Output(stdout as unknown as NodeJS.WriteStream, stderr as unknown as NodeJS.WriteStream, json);
  class OnServer extends Session {
    override missing(): Promise<null> { return Promise.resolve(null); }
    override broker(): Promise<Broker> { return Promise.resolve({ streams: world.foreign.streams, url: world.handle.url } as Broker); }
  }
  const act: Act = (body) => async (...given) => {
    await using session = new OnServer(out, new AbortController().signal, {});
    await body(session, ...given);
  };
  const command: CommandUnknownOpts = streamsCommand(act);
  await command.parseAsync(args, { from: "user" });
  return { stdout: String(stdout.read() ?? ""), stderr: String(stderr.read() ?? "") };
}

async function json(world: ForeignWorld, ...args: string[]): Promise<Printed[]> {
  return records((await run(world, args)).stdout);
}

describe("queuescope streams", { skip: natsSkip() }, () => {
  let server: NatsServer;
  let world: ForeignWorld;
  before(async () => {
    server = await startNatsServer();
    world = await ForeignWorld.open(server.url);
    await world.makeStream("orders", ["orders.>"]);
    for (const n of [1, 2, 3]) await world.store(`orders.${n}`, `{"n":${n},"big":12345678901234567890}`);
    await world.store("orders.strange", naqPickle("cycle"));
    await world.store("orders.hostile", "\u001b]0;owned\u0007");
    await world.makeDurable("orders", "billing", "orders.>");
    await world.makeBucket("naq_results");
    await world.put("naq_results", "b'aa11'", naqPickle("result"));
  });
  after(async () => {
    await world[Symbol.asyncDispose]();
    await server.stop();
  });

  it("list tells streams from buckets", async () => {
    assert.deepEqual((await json(world, "list")).map(({ name, kind, messages }) => [name, kind, messages]), [["naq_results", "bucket", 1], ["orders", "stream", 5]]);
    assert.deepEqual((await json(world, "list", "--kind", "stream")).map(({ name }) => name), ["orders"]);
    assert.match((await run(world, ["list"], false)).stdout, /^NAME +KIND +MESSAGES +SIZE +CONSUMERS +SUBJECTS\n/);
  });

  it("show has limits, consumers and subjects with counts", async () => {
    const [shown] = await json(world, "show", "orders", "--match", "strange");
    assert.deepEqual(shown?.["subjectCounts"], [{ subject: "orders.strange", messages: 1 }]);
    assert.deepEqual((shown["consumerList"] as Printed[]).map(({ name, pending }) => [name, pending]), [["billing", 5]]);
    const { stdout } = await run(world, ["show", "orders"], false);
    assert.match(stdout, /billing +5 +0 +0 +orders\.>/);
    assert.match(stdout, /orders\.1 +1/);
  });

  it("peek shows messages in order, from one on, of a subject, with numbers as they were", async () => {
    const { stdout } = await run(world, ["peek", "orders", "--limit", "2", "--after", "1"]);
    assert.deepEqual(records(stdout).map(({ sequence }) => sequence), [2, 3]);
    assert.match(stdout, /"big":12345678901234567890/);
    assert.deepEqual((await json(world, "peek", "orders", "--subject", "orders.3")).map(({ subject }) => subject), ["orders.3"]);
  });

  it("peek shows what can't be read raw, with the reason, and nothing that steers a terminal", async () => {
    const { stdout } = await run(world, ["peek", "orders"], false);
    assert.match(stdout, /orders\.strange .*bytes! .*refers back to itself/);
    assert.match(stdout, /\\u001b\]0;owned/);
    // eslint-disable-next-line no-control-regex -- exactly this must not come out
    assert.doesNotMatch(stdout, /\u001b\]/);
  });

  it("keys and value show a bucket, a pickle as JSON", async () => {
    assert.deepEqual((await json(world, "keys", "naq_results")).map(({ key }) => key), ["b'aa11'"]);
    const [entry] = await json(world, "value", "naq_results", "aa11");
    assert.deepEqual([entry?.["format"], (entry?.["data"] as { status: string }).status], ["pickle", "completed"]);
    assert.match((await run(world, ["value", "naq_results", "aa11"], false)).stdout, /form +pickle/);
  });

  it("keep-dead-letters makes a stream of Queuescope's own, and deletes it", async () => {
    assert.deepEqual(await json(world, "keep-dead-letters"), [{ keepsDeadLetters: true }]);
    assert.equal(await world.foreign.streams.keepsDeadLetters(), true);
    assert.deepEqual((await json(world, "list")).map(({ name }) => name), ["naq_results", "orders"]);
    await json(world, "keep-dead-letters", "--off");
    assert.equal(await world.foreign.streams.keepsDeadLetters(), false);
  });
});

describe("queuescope streams on a local file", () => {
  it("says that streams are JetStream's, and makes no file", async () => {
    await using cli = await CliFolder.make();
    const { code, message } = await cli.refused(["streams", "list"]);
    assert.equal(code, "unsupported");
    assert.match(message, /--url nats:\/\/HOST/);
    await cli.json(["push", "orders", "1"]);
    assert.equal((await cli.refused(["streams", "peek", "x"])).code, "unsupported");
  });
});
