import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { after, before, describe, it } from "node:test";
import { CliFolder, records } from "../support/cli.ts";

let cli: CliFolder;
before(async () => { cli = await CliFolder.make(); });
after(async () => { await cli[Symbol.asyncDispose](); });

describe("queuescope push", () => {
  it("creates the queue and answers id, status, queue, partition and transaction id", async () => {
    const result = await cli.one(["push", "orders", '{"id":1}']);
    assert.deepEqual(Object.keys(result), ["id", "status", "queue", "partition", "transactionId"]);
    assert.equal(result["status"], "queued");
    assert.equal(result["transactionId"], result["id"]);
    assert.equal(result["partition"], null);
  });

  it("says id and status to people", async () => {
    assert.match(await cli.text(["push", "people", "hello", "--partition", "a b"]), /^m\S+ {2}queued {2}partition a b\n$/);
  });

  it("takes data that parses as JSON as JSON, other data as text, and --text forces text", async () => {
    await cli.json(["push", "kinds", '{"a":[1,2]}']);
    await cli.json(["push", "kinds", "not json"]);
    await cli.json(["push", "kinds", "42", "--text"]);
    await cli.json(["push", "kinds", ""]);
    const messages = await cli.json(["peek", "kinds"]);
    assert.deepEqual(messages.map(({ encoding, data }) => [encoding, data]), [["json", { a: [1, 2] }], ["text", "not json"], ["text", "42"], ["text", ""]]);
  });

  it("keeps the text of JSON: big numbers, key order and blanks survive", async () => {
    const text = '{"big": 12345678901234567890, "2": 1.10, "1": null, "e": 1e400}';
    await cli.json(["push", "exact", text]);
    const { stdout } = await cli.run(["peek", "exact", "--json"]);
    assert.ok(stdout.includes(`"data":${text},`), stdout);
  });

  it("takes bytes as base64 and refuses what isn't", async () => {
    await cli.json(["push", "bytes", "--bytes", "AAECAw=="]);
    const [message] = await cli.json(["peek", "bytes"]);
    assert.equal(message?.["encoding"], "bytes");
    assert.equal(message["data"], "AAECAw==");
    const error = await cli.refused(["push", "bytes", "--bytes", "not base64!"]);
    assert.equal(error.code, "invalid-input");
    assert.match(error.message, /base64/);
  });

  it("reads standard input and files; what isn't text is bytes", async () => {
    await cli.json(["push", "input", "-"], { stdin: '{"from":"stdin"}\n' });
    await writeFile(cli.file("data.json"), '{"from":"file"}');
    await cli.json(["push", "input", "--file", "data.json"]);
    await cli.json(["push", "input", "--file", "-"], { stdin: "text\n" });
    await cli.json(["push", "input", "-"], { stdin: Buffer.from([0xff, 0, 1]) });
    const messages = await cli.json(["peek", "input"]);
    assert.deepEqual(messages.map(({ data }) => data), [{ from: "stdin" }, { from: "file" }, "text\n", "/wAB"]);
  });

  it("keeps headers, partition, transaction id and priority", async () => {
    await cli.json(["push", "meta", "1", "--header", "a=1", "--header", "b=x=y", "--id", "tx-1", "--partition", "p"]);
    await cli.json(["push", "meta", "2", "--priority", "7"]);
    const messages = await cli.json(["peek", "meta", "--state", "ready"]);
    const [first, second] = messages;
    assert.deepEqual(first?.["headers"], { a: "1", b: "x=y" });
    assert.deepEqual([first["partition"], first["transactionId"], first["priority"]], ["p", "tx-1", 0]);
    assert.equal(second?.["priority"], 7);
  });

  it("answers a duplicate with the id of the original", async () => {
    const original = await cli.one(["push", "dedup", "1", "--id", "same"]);
    const again = await cli.one(["push", "dedup", "2", "--id", "same"]);
    assert.deepEqual([again["status"], again["id"]], ["duplicate", original["id"]]);
  });

  it("schedules by --delay and --at", async () => {
    const delayed = await cli.one(["push", "later", "1", "--delay", "1h"]);
    const dated = await cli.one(["push", "later", "2", "--at", "2999-01-01"]);
    assert.deepEqual([delayed["status"], dated["status"]], ["scheduled", "scheduled"]);
    const messages = await cli.json(["peek", "later", "--state", "scheduled"]);
    assert.deepEqual(messages.map(({ data, state }) => [data, state]), [[1, "scheduled"], [2, "scheduled"]]);
  });

  it("refuses a missing queue with --no-create", async () => {
    assert.equal((await cli.refused(["push", "nowhere", "1", "--no-create"])).code, "queue-not-found");
  });

  it("refuses what the contract refuses, naming the field", async () => {
    assert.match((await cli.refused(["push", "orders", "1", "--partition", "p", "--priority", "3"])).message, /priority/i);
    assert.match((await cli.refused(["push", "orders", "1", "--priority", "10"])).message, /priority/i);
    assert.match((await cli.refused(["push", "a\u0001b", "1"])).message, /control character/);
    assert.match((await cli.refused(["push", "", "1"])).message, /queue/);
    assert.match((await cli.refused(["push", "orders", "1", "--partition", "tab\there"])).message, /partition/);
  });

  it("can't parse a command line without data, with data twice, or with values that aren't what they must be", async () => {
    for (const args of [["push", "orders"], ["push", "orders", "1", "--file", "x"], ["push", "orders", "1", "--delay", "soon"], ["push", "orders", "1", "--header", "novalue"], ["push", "orders", "1", "--text", "--bytes"], ["push", "orders", "1", "--nonsense"], ["push"]]) {
      const error = await cli.refused(args, { exitCode: 2 });
      assert.equal(error.code, "invalid-input");
      assert.match(error.message, /queuescope push --help/);
    }
  });

  it("says which file it can't read", async () => {
    assert.match((await cli.refused(["push", "orders", "--file", "missing.json"])).message, /missing\.json/);
    assert.match((await cli.refused(["push", "orders", "--file", "."])).message, /folder/);
  });

  it("refuses a payload of more than 64 MiB", async () => {
    await writeFile(cli.file("large.txt"), Buffer.alloc(64 * 1024 * 1024 + 1, "x"));
    assert.equal((await cli.refused(["push", "orders", "--file", "large.txt"])).code, "payload-too-large");
  });
});

describe("queuescope push --ndjson", () => {
  it("pushes a message for each line that isn't blank", async () => {
    const results = await cli.json(["push", "lines", "-", "--ndjson"], { stdin: '{"n":1}\n\n"two"\r\n12345678901234567890' });
    assert.equal(results.length, 3);
    const { stdout } = await cli.run(["peek", "lines", "--json"]);
    assert.deepEqual(records(stdout).slice(0, 2).map(({ data }) => data), [{ n: 1 }, "two"]);
    assert.match(stdout, /"data":12345678901234567890,/);
  });

  it("checks every line before the first is pushed, and names the wrong one", async () => {
    await cli.json(["push", "checked", "0"]);
    const error = await cli.refused(["push", "checked", "-", "--ndjson"], { stdin: `${"1\n".repeat(700)}{oops\n` });
    assert.equal(error.code, "invalid-input");
    assert.match(error.message, /^Line 701: /);
    assert.match(error.message, /Nothing was pushed/);
    assert.equal((await cli.json(["peek", "checked", "--limit", "1000"])).length, 1);
  });

  it("streams a file of many batches and sums up for people", async () => {
    await writeFile(cli.file("many.ndjson"), Array.from({ length: 1234 }, (_, n) => `{"n":${n}}\n`).join(""));
    assert.equal(await cli.text(["push", "many", "--file", "many.ndjson", "--ndjson"]), "1234 messages pushed to many.\n");
    const messages = await cli.json(["peek", "many", "--limit", "2"]);
    assert.deepEqual(messages.map(({ data }) => data), [{ n: 0 }, { n: 1 }]);
  });

  it("tells what was stored when a later batch is refused", async () => {
    await cli.json(["queue", "create", "small", "--set", "maxSize=500"]);
    const error = await cli.refused(["push", "small", "-", "--ndjson"], { stdin: "1\n".repeat(700) });
    assert.equal(error.code, "partial-push");
    assert.match(error.message, /Stopped at line 501/);
    assert.equal(records(error.stdout).length, 500);
  });

  it("pushes nothing for an empty input", async () => {
    const ended = await cli.run(["push", "void", "-", "--ndjson"], { stdin: "\n" });
    assert.equal(ended.code, 0);
    assert.match(ended.stderr, /nothing was pushed/i);
  });

  it("doesn't go with --id, --text or --bytes", async () => {
    for (const flag of [["--id", "x"], ["--text"], ["--bytes"]]) await cli.refused(["push", "lines", "-", "--ndjson", ...flag], { exitCode: 2 });
  });
});
