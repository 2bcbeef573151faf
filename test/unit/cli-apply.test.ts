import assert from "node:assert/strict";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { describe, it } from "node:test";
import { CliFolder } from "../support/cli.ts";

async function folderWith(file: unknown): Promise<CliFolder> {
  const cli = await CliFolder.make();
  await writeFile(cli.file("queuescope.json"), typeof file === "string" ? file : JSON.stringify(file));
  return cli;
}

describe("queuescope apply", () => {
  it("creates and configures what queuescope.json describes, and says each difference", async () => {
    await using cli = await folderWith({ queues: { mails: { retryLimit: 5 }, orders: { leaseTime: "30s", ordered: true } } });
    await cli.json(["queue", "create", "mails", "--set", "ttl=1h"]);
    await cli.json(["queue", "create", "unmentioned"]);
    const dry = await cli.run(["apply", "--dry-run"]);
    assert.equal(dry.stdout, "~ mails\n    retryLimit  3 -> 5\n+ orders\n    leaseTime  30s\n    ordered    true\n");
    assert.equal(dry.stderr, "1 queue to create, 1 to configure, 0 unchanged.\n");
    assert.deepEqual((await cli.json(["queue", "list"])).map(({ name }) => name), ["mails", "unmentioned"]);

    const applied = await cli.json(["apply"]);
    assert.deepEqual(applied.map(({ queue, action, dryRun }) => [queue, action, dryRun]), [["mails", "configure", false], ["orders", "create", false]]);
    assert.deepEqual(applied[0]?.["changes"], [{ option: "retryLimit", from: "3", to: "5" }]);
    const mails = await cli.one(["queue", "show", "mails"]);
    const { retryLimit, ttl } = mails["options"] as { retryLimit: number; ttl: number };
    assert.deepEqual([retryLimit, ttl], [5, 3600], "what the file doesn't name stays");
    assert.deepEqual((await cli.json(["queue", "list"])).map(({ name }) => name), ["mails", "orders", "unmentioned"], "nothing is deleted");

    const again = await cli.run(["apply"]);
    assert.deepEqual([again.code, again.stdout, again.stderr], [0, "", "queuescope.json and the queues agree.\n"]);
  });

  it("is found from a folder below, puts queues on their connections, and a dry run makes no file", async () => {
    await using cli = await folderWith({ connections: { main: { url: "file:main.db" }, other: { url: "file:data/other.db" } }, queues: { a: {}, b: { connection: "other" } } });
    await mkdir(cli.file("data"));
    const before = await readdir(cli.path);
    await cli.json(["apply", "--dry-run"], { cwd: cli.file("data") });
    assert.deepEqual(await readdir(cli.path), before);
    assert.deepEqual((await cli.json(["apply"], { cwd: cli.file("data") })).map(({ queue, connection }) => [queue, connection]), [["a", "main"], ["b", "other"]]);
    assert.deepEqual((await cli.json(["queue", "list", "--url", "file:main.db"])).map(({ name }) => name), ["a"]);
    assert.deepEqual((await cli.json(["queue", "list", "--url", "file:data/other.db"])).map(({ name }) => name), ["b"]);
  });

  it("tells a refused queue and makes the others", async () => {
    await using cli = await folderWith({ queues: { full: { encryptionEnabled: true }, fine: {} } });
    await cli.json(["push", "full", "1"]);
    const ended = await cli.run(["apply", "--json"], { env: { QUEUESCOPE_ENCRYPTION_KEY: "ab".repeat(32) } });
    assert.equal(ended.code, 1);
    assert.match(ended.stderr, /"error".*encrypt/i);
    assert.deepEqual((await cli.json(["queue", "list"])).map(({ name }) => name), ["fine", "full"]);
  });

  it("refuses a file that is missing, no JSON, or says what can't be, naming the place", async () => {
    await using empty = await CliFolder.make();
    assert.match((await empty.refused(["apply"])).message, /no queuescope\.json here or in a folder above/);
    for (const [content, reason] of [["{", /queuescope\.json: .*line 1/], ['{"queues":{"a":{"leastTime":1}}}', /queues\.a/], ['{"queues":{"a":{"leaseTime":"soon"}}}', /leaseTime/], ['{"queues":{"a":{"connection":"x"}}}', /"x"/]] as const) {
      await using cli = await folderWith(content);
      assert.match((await cli.refused(["apply"])).message, reason);
    }
  });
});
