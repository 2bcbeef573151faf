import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { after, before, describe, it } from "node:test";
import { CliFolder } from "../support/cli.ts";
import type { Printed } from "../support/cli.ts";
import { memberText } from "../../src/client/transfer/ndjson.ts";

let cli: CliFolder;
before(async () => { cli = await CliFolder.make(); });
after(async () => { await cli[Symbol.asyncDispose](); });

const KEY = { QUEUESCOPE_ENCRYPTION_KEY: "0123456789abcdef".repeat(4) };
const essence = ({ partition, data, encoding, headers, priority, state }: Printed): unknown => ({ partition, data, encoding, headers, priority, state });

describe("queuescope export and import", () => {
  it("carry messages over without loss", async () => {
    await cli.json(["push", "from", '{"big": 12345678901234567890, "2": 1, "1": "x,}"}', "--header", "a=ä", "--partition", "p", "--id", "tx-1"]);
    await cli.json(["push", "from", "text\twith\u2028odd characters", "--text", "--priority", "3"]);
    await cli.json(["push", "from", "AP8=", "--bytes"]);
    await cli.json(["push", "from", '"later"', "--at", "2999-01-01T00:00:00Z"]);
    await cli.json(["push", "from", '"mortal"', "--ttl", "1d"]);
    assert.equal(await cli.text(["export", "from", "out.ndjson"]), "Exported 5 messages of from to out.ndjson.\n");
    assert.deepEqual(await cli.json(["import", "to", "out.ndjson"]), [{ queue: "to", imported: 5, duplicates: 0, finished: 0, expired: 0 }]);

    const everything = async (queue: string): Promise<Printed[]> => [...(await cli.json(["peek", queue, "--state", "ready"])), ...(await cli.json(["peek", queue, "--state", "scheduled"]))];
    const [before, arrived] = [await everything("from"), await everything("to")];
    assert.deepEqual(arrived.map(essence), before.map(essence));
    assert.match((await cli.run(["peek", "to", "--json"])).stdout, /"data":\{"big": 12345678901234567890, "2": 1, "1": "x,}"}/);
    assert.deepEqual(arrived.map(({ transactionId, id }) => (transactionId === id ? null : transactionId)), ["tx-1", null, null, null, null]);
    const due = await cli.one(["show", String(arrived.at(-1)?.["id"])]);
    assert.equal(due["until"], "2999-01-01T00:00:00.000Z");
  });

  it("go through pipes with -", async () => {
    const ended = await cli.run(["export", "from", "-"]);
    assert.equal(ended.code, 0);
    assert.match(ended.stderr, /Exported 5 messages/);
    assert.equal(await cli.text(["import", "piped", "-"], { stdin: ended.stdout }), "Imported 5 messages into piped.\n");
  });

  it("leave out what is there already, was finished, or has expired, and say so", async () => {
    await cli.json(["push", "finished", "-", "--ndjson"], { stdin: "1\n2\n" });
    await cli.json(["ack", String((await cli.one(["pop", "finished"]))["receipt"])]);
    await cli.json(["export", "finished", "finished.ndjson"]);
    assert.deepEqual(await cli.json(["import", "again", "finished.ndjson"]), [{ queue: "again", imported: 1, duplicates: 0, finished: 1, expired: 0 }]);
    assert.deepEqual(await cli.json(["import", "again", "finished.ndjson", "--all"]), [{ queue: "again", imported: 2, duplicates: 0, finished: 0, expired: 0 }]);
    assert.match(await cli.text(["import", "to", "out.ndjson"]), /^Imported 4 messages[\s\S]*1 left out: their transaction id/);
    const expired = '{"data":1,"expiresAt":"2020-01-01T00:00:00Z"}\n{"data":2}\n';
    assert.deepEqual(await cli.json(["import", "expired", "-"], { stdin: expired }), [{ queue: "expired", imported: 1, duplicates: 0, finished: 0, expired: 1 }]);
  });

  it("check every line before the first is imported", async () => {
    const broken: [string, RegExp][] = [
      ["{oops", /Line 2: it is not JSON/],
      ["[1]", /Line 2: it must be a JSON object/],
      ['{"id":"x"}', /Line 2: it has no "data"/],
      ['{"data":1,"encoding":"xml"}', /Line 2: encoding must be one of/],
      ['{"data":1,"encoding":"text"}', /Line 2: data with encoding text must be text/],
      ['{"data":"%%","encoding":"bytes"}', /Line 2: data is not base64/],
      ['{"data":1,"headers":{"a":1}}', /Line 2: headers must be/],
      ['{"data":1,"deliverAt":"soon"}', /Line 2: deliverAt is not a time/],
      ['{"data":1,"priority":"high"}', /Line 2: priority must be a number/],
    ];
    for (const [line, reason] of broken) {
      const error = await cli.refused(["import", "broken", "-"], { stdin: `{"data":1}\n${line}\n` });
      assert.equal(error.code, "invalid-input");
      assert.match(error.message, reason);
    }
    assert.equal((await cli.refused(["peek", "broken"])).code, "queue-not-found");
    assert.match((await cli.refused(["import", "broken", "missing.ndjson"])).message, /There is no file missing\.ndjson/);
  });

  it("keep the content of encrypted queues to themselves, unless --plaintext", async () => {
    await cli.json(["queue", "create", "secret", "--set", "encryptionEnabled=true"], { env: KEY });
    await cli.json(["push", "secret", '"hush"'], { env: KEY });
    assert.match((await cli.refused(["export", "secret", "secret.ndjson"], { env: KEY })).message, /--plaintext/);
    assert.ok(!(await readdir(cli.path)).includes("secret.ndjson"));
    await cli.json(["export", "secret", "secret.ndjson", "--plaintext"], { env: KEY });
    assert.match(await readFile(cli.file("secret.ndjson"), "utf8"), /"hush"/);
    assert.equal((await cli.refused(["export", "secret", "-", "--plaintext"])).code, "encryption-key-missing");
    assert.equal((await cli.refused(["push", "secret", "1"])).code, "encryption-key-missing");
  });

  it("leave nothing behind where a file can't be written", async () => {
    assert.match((await cli.refused(["export", "from", "no/such/folder.ndjson"])).message, /folder\.ndjson can't be written/);
    await writeFile(cli.file("kept.ndjson"), "precious");
    assert.equal((await cli.refused(["export", "nowhere", "kept.ndjson"])).code, "queue-not-found");
    assert.equal(await readFile(cli.file("kept.ndjson"), "utf8"), "precious");
    assert.deepEqual((await readdir(cli.path)).filter((name) => name.endsWith(".partial")), []);
  });
});

describe("memberText", () => {
  it("finds the text of a member as it stands in the line", () => {
    assert.equal(memberText('{"a":{"data":1},"data": [1, {"data":"}\\\\"}] ,"b":"data"}', "data"), ' [1, {"data":"}\\\\"}] ');
    assert.equal(memberText('{"d\\u0061ta":1e400,"x":2}', "data"), "1e400");
    assert.equal(memberText('{"data":1,"data":2}', "data"), "2", "as for JSON.parse, the last one counts");
  });

  it("isn't troubled by deep nesting", () => {
    const deep = "[".repeat(200_000) + "]".repeat(200_000);
    assert.equal(memberText(`{"data":${deep}}`, "data"), deep);
  });
});
