import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { CliFolder } from "../support/cli.ts";
import type { Printed } from "../support/cli.ts";

let cli: CliFolder;
before(async () => { cli = await CliFolder.make(); });
after(async () => { await cli[Symbol.asyncDispose](); });

const text = (record: Printed | undefined, field: string): string => String(record?.[field]);

/** Pushes data and lets each message die at once with an error. @returns the ids of the dead letters */
async function died(queue: string, ...data: string[]): Promise<string[]> {
  for (const one of data) await cli.json(["push", queue, one]);
  const deliveries = await cli.json(["pop", queue, "--batch", "100"]);
  return (await cli.json(["dead", ...deliveries.map((delivery) => text(delivery, "receipt")), "--error", "broken on purpose"])).map((row) => text(row, "deadLetterId"));
}

describe("queuescope dlq list", () => {
  it("lists dead letters with error, times and payload, and finds by text and group", async () => {
    const [id] = await died("listed", '{"customer":"Ada"}', '{"customer":"Bob"}');
    const letters = await cli.json(["dlq", "list", "listed"]);
    assert.equal(letters.length, 2);
    assert.deepEqual(Object.keys(letters[0] ?? {}), ["id", "messageId", "queue", "group", "partition", "data", "encoding", "headers", "transactionId", "priority", "createdAt", "deadAt", "reason", "attempts", "deliveryCount", "error", "stack", "redriven"]);
    assert.deepEqual((await cli.json(["dlq", "list", "listed", "--match", "bob"])).map(({ data }) => data), [{ customer: "Bob" }]);
    assert.deepEqual(await cli.json(["dlq", "list", "listed", "--group", "other"]), []);
    assert.deepEqual((await cli.json(["dlq", "list", "listed", String(id)])).map((letter) => letter["id"]), [id]);
    assert.match(await cli.text(["dlq", "list", "listed"]), /^ID +MESSAGE.*ERROR\n(d\S+ .*broken on purpose\n){2}$/);
    assert.match(await cli.text(["dlq", "list", "listed", String(id)]), /error +broken on purpose[\s\S]*data +\{"customer":"Ada"\}/);
  });

  it("says when there are none, and refuses ids that aren't there", async () => {
    await cli.json(["queue", "create", "alive"]);
    assert.match((await cli.run(["dlq", "list", "alive"])).stderr, /alive has no dead letters/);
    await cli.refused(["dlq", "list", "alive", "d1-999"]);
  });
});

describe("queuescope dlq redrive", () => {
  it("pushes a dead letter again and marks it, and not a second time without --again", async () => {
    const [id = ""] = await died("redriven", '{"n":1}');
    const [row] = await cli.json(["dlq", "redrive", "redriven", id]);
    assert.equal(row?.["status"], "redriven");
    assert.deepEqual((await cli.json(["pop", "redriven"])).map((delivery) => [delivery["id"], delivery["data"]]), [[row["messageId"], { n: 1 }]]);
    const [letter] = await cli.json(["dlq", "list", "redriven"]);
    assert.deepEqual((letter?.["redriven"] as Printed[]).map(({ messageId }) => messageId), [row["messageId"]]);
    assert.equal((await cli.one(["dlq", "redrive", "redriven", id]))["status"], "already-redriven");
    assert.equal((await cli.one(["dlq", "redrive", "redriven", id, "--again"]))["status"], "redriven");
  });

  it("edits one on the way, to another queue and partition", async () => {
    const [id = ""] = await died("source", '{"n":1}');
    assert.equal((await cli.refused(["dlq", "redrive", "source", id, "--to", "target"])).code, "queue-not-found");
    await cli.json(["queue", "create", "target"]);
    await cli.json(["dlq", "redrive", "source", id, "--to", "target", "--partition", "p", "--data", '{"n": 2}', "--header", "mended=yes"]);
    const [message] = await cli.json(["peek", "target"]);
    assert.deepEqual([message?.["data"], message?.["partition"], message?.["headers"]], [{ n: 2 }, "p", { mended: "yes" }]);
    assert.deepEqual((await cli.one(["dlq", "list", "source"]))["data"], { n: 1 }, "the original keeps its data");
  });

  it("redrives all that match, and says how many", async () => {
    await died("matching", '"timeout"', '"other"', '"timeout too"');
    assert.equal(await cli.text(["dlq", "redrive", "matching", "--all", "--match", "timeout"]), "Redrove 2 dead letters of matching to matching.\n");
    assert.equal((await cli.json(["pop", "matching", "--batch", "9"])).length, 2);
    const rest = await cli.run(["dlq", "redrive", "matching", "--all"]);
    assert.equal(rest.stdout, "Redrove 1 dead letter of matching to matching.\n");
    assert.match(rest.stderr, /2 dead letters had been redriven before.*--again/);
  });

  it("wants ids or --all, and JSON for --data", async () => {
    await died("careful", "1");
    await cli.refused(["dlq", "redrive", "careful"], { exitCode: 2 });
    await cli.refused(["dlq", "redrive", "careful", "d1-1", "--all"], { exitCode: 2 });
    await cli.refused(["dlq", "redrive", "careful", "d1-1", "--data", "{oops"]);
    await cli.refused(["dlq", "redrive", "careful", "d1-999"]);
  });
});

describe("queuescope dlq undo", () => {
  it("takes back a redrive that nobody was given, and says why another isn't undone", async () => {
    const [first = "", second = ""] = await died("undone", "1", "2");
    await cli.json(["dlq", "redrive", "undone", first, second]);
    assert.equal(await cli.text(["dlq", "undo", "undone", first]), `${first}  undone\n`);
    assert.deepEqual((await cli.json(["dlq", "list", "undone"])).map(({ redriven }) => (redriven as unknown[]).length), [0, 1]);
    await cli.json(["pop", "undone"]);
    const ended = await cli.run(["dlq", "undo", "undone", second, first, "--json"]);
    assert.equal(ended.code, 1);
    const rows = ended.stdout.trimEnd().split("\n").map((line) => JSON.parse(line) as Printed);
    assert.deepEqual(rows.map(({ deadLetterId, undone }) => [deadLetterId, undone]), [[second, false], [first, false]]);
    assert.match(text(rows[0], "reason"), /is leased in the group "default"/);
    assert.match(text(rows[1], "reason"), /wasn't redriven/);
    await cli.refused(["dlq", "undo", "undone"], { exitCode: 2 });
  });
});

describe("queuescope dlq discard", () => {
  it("deletes those named, and with --all the rest, telling the exact count", async () => {
    const [id = ""] = await died("discarded", "1", "2", "3");
    assert.deepEqual(await cli.json(["dlq", "discard", "discarded", id]), [{ queue: "discarded", discarded: 1 }]);
    await cli.refused(["dlq", "discard", "discarded", id]);
    await cli.refused(["dlq", "discard", "discarded"], { exitCode: 2 });
    assert.equal(await cli.text(["dlq", "discard", "discarded", "--all"]), "Discarded 2 dead letters of discarded.\n");
    assert.deepEqual(await cli.json(["dlq", "list", "discarded"]), []);
  });
});
