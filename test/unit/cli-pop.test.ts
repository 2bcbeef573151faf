import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { CliFolder, records } from "../support/cli.ts";
import type { Printed } from "../support/cli.ts";

let cli: CliFolder;
before(async () => { cli = await CliFolder.make(); });
after(async () => { await cli[Symbol.asyncDispose](); });

const receiptOf = (delivery: Printed): string => String(delivery["receipt"]);

async function pushed(queue: string, count: number, ...flags: string[]): Promise<void> {
  await cli.json(["push", queue, "-", "--ndjson", ...flags], { stdin: Array.from({ length: count }, (_, n) => `${n}\n`).join("") });
}

describe("queuescope pop", () => {
  it("gives a delivery with every field of a message and of its lease", async () => {
    await pushed("fields", 1);
    const delivery = await cli.one(["pop", "fields", "--lease", "1h"]);
    assert.deepEqual(Object.keys(delivery), ["id", "queue", "partition", "data", "encoding", "headers", "transactionId", "priority", "createdAt", "state", "receipt", "group", "attempt", "deliveryCount", "leaseExpiresAt"]);
    assert.deepEqual([delivery["state"], delivery["group"], delivery["attempt"], delivery["deliveryCount"]], ["leased", "default", 1, 1]);
    const hour = Date.parse(String(delivery["leaseExpiresAt"])) - Date.now();
    assert.ok(hour > 3_000_000 && hour <= 3_600_000, `the lease ends in ${hour} ms`);
  });

  it("shows people the receipt and the data", async () => {
    await pushed("people", 1);
    assert.match(await cli.text(["pop", "people"]), /^m\S+ {2}people {2}attempt 1\n {2}receipt +\S+\n {2}lease ends .* \(in 5m\)\n {2}data +0\n/);
  });

  it("takes a batch, a group of its own, and one partition", async () => {
    await pushed("shared", 2, "--partition", "a");
    await pushed("shared", 1, "--partition", "b");
    assert.equal((await cli.json(["pop", "shared", "--batch", "5", "--group", "one"])).length, 3);
    assert.deepEqual((await cli.json(["pop", "shared", "--batch", "5", "--group", "two", "--partition", "b"])).map(({ partition }) => partition), ["b"]);
  });

  it("starts a new group at new messages with --start new", async () => {
    await pushed("starts", 2);
    assert.deepEqual(await cli.json(["pop", "starts", "--group", "fresh", "--start", "new"]), []);
    await pushed("starts", 1);
    assert.equal((await cli.json(["pop", "starts", "--group", "fresh", "--batch", "9"])).length, 1);
  });

  it("gives no receipt with --at-most-once, and completes the message", async () => {
    await pushed("once", 1);
    const delivery = await cli.one(["pop", "once", "--at-most-once"]);
    assert.deepEqual([delivery["receipt"], delivery["state"], delivery["leaseExpiresAt"]], [null, "completed", null]);
    assert.deepEqual(await cli.json(["pop", "once"]), []);
  });

  it("gives only what was never delivered with --only-new", async () => {
    await pushed("fresh", 2);
    const first = await cli.one(["pop", "fresh"]);
    await cli.json(["release", receiptOf(first)]);
    assert.deepEqual((await cli.json(["pop", "fresh", "--only-new", "--batch", "9"])).map(({ data }) => data), [1]);
  });

  it("says why there is nothing, on stderr, with exit code 0", async () => {
    await cli.json(["queue", "create", "empty"]);
    const ended = await cli.run(["pop", "empty"]);
    assert.deepEqual([ended.code, ended.stdout], [0, ""]);
    assert.match(ended.stderr, /nothing to deliver .* \(empty\)/);
    await cli.json(["queue", "pause", "empty"]);
    assert.match((await cli.run(["pop", "empty"])).stderr, /is paused.*queuescope queue resume empty/);
  });

  it("waits for a message that another process pushes", async () => {
    await cli.json(["queue", "create", "awaited"]);
    const waiting = cli.start(["pop", "awaited", "--wait", "60s", "--json"]);
    await cli.json(["push", "awaited", '"here"']);
    const ended = await waiting.ended;
    assert.equal(ended.code, 0);
    assert.deepEqual(records(ended.stdout).map(({ data }) => data), ["here"]);
  });

  it("takes nothing when Ctrl-C ends the wait", async () => {
    await cli.json(["queue", "create", "aborted"]);
    const waiting = cli.start(["pop", "aborted", "--wait", "60s", "--verbose"]);
    await waiting.until(({ stderr }) => stderr.includes("connected"));
    waiting.child.kill("SIGINT");
    const ended = await waiting.ended;
    assert.deepEqual([ended.code, ended.stdout], [130, ""]);
    await pushed("aborted", 1);
    assert.deepEqual((await cli.json(["pop", "aborted"])).map(({ deliveryCount }) => deliveryCount), [1]);
  });

  it("refuses an unknown queue, and what is out of range", async () => {
    assert.equal((await cli.refused(["pop", "unknown"])).code, "queue-not-found");
    assert.match((await cli.refused(["pop", "empty", "--batch", "0"])).message, /batch/);
    assert.match((await cli.refused(["pop", "empty", "--batch", "10001"])).message, /batch/);
    for (const flags of [["--batch", "many"], ["--wait", "soon"], ["--start", "yesterday"], ["--lease", "-5s"]]) await cli.refused(["pop", "empty", ...flags], { exitCode: 2 });
  });
});

describe("queuescope ack, nack, release, dead, renew", () => {
  it("acks in another process what was popped in one", async () => {
    await pushed("acks", 1);
    const delivery = await cli.one(["pop", "acks"]);
    const row = await cli.one(["ack", receiptOf(delivery)]);
    assert.deepEqual(row, { receipt: delivery["receipt"], ok: true, id: delivery["id"], outcome: "completed", retryAt: null, deadLetterId: null });
    assert.deepEqual(await cli.json(["pop", "acks"]), []);
  });

  it("acks everything before a receipt with --cumulative", async () => {
    await pushed("cumulative", 3, "--partition", "p");
    const deliveries = await cli.json(["pop", "cumulative", "--batch", "3"]);
    await cli.json(["ack", receiptOf(deliveries[2] ?? {}), "--cumulative"]);
    assert.equal((await cli.one(["stats", "cumulative"]))["neverDelivered"], 0);
    assert.deepEqual(await cli.json(["peek", "cumulative", "--state", "leased"]), []);
  });

  it("retries a nacked message after the given delay, with its error", async () => {
    await pushed("nacks", 1);
    const delivery = await cli.one(["pop", "nacks"]);
    const row = await cli.one(["nack", receiptOf(delivery), "--error", "no luck", "--delay", "1h"]);
    assert.equal(row["outcome"], "retrying");
    assert.ok(Date.parse(String(row["retryAt"])) > Date.now());
    const message = await cli.one(["show", String(delivery["id"])]);
    assert.deepEqual([message["state"], message["lastError"], message["charges"]], ["retrying", "no luck", 1]);
  });

  it("delivers a released message again at once, as the same attempt", async () => {
    await pushed("released", 1);
    await cli.json(["release", receiptOf(await cli.one(["pop", "released"]))]);
    const again = await cli.one(["pop", "released"]);
    assert.deepEqual([again["attempt"], again["deliveryCount"]], [1, 2]);
  });

  it("makes a dead letter", async () => {
    await pushed("deads", 1);
    const row = await cli.one(["dead", receiptOf(await cli.one(["pop", "deads"])), "--error", "hopeless"]);
    assert.equal(row["outcome"], "dead");
    const [letter] = await cli.json(["dlq", "list", "deads"]);
    assert.deepEqual([letter?.["id"], letter?.["error"], letter?.["reason"]], [row["deadLetterId"], "hopeless", "rejected"]);
  });

  it("renews a lease", async () => {
    await pushed("renewals", 1);
    const delivery = await cli.one(["pop", "renewals", "--lease", "1m"]);
    const row = await cli.one(["renew", receiptOf(delivery), "--lease", "2h"]);
    assert.ok(Date.parse(String(row["leaseExpiresAt"])) > Date.parse(String(delivery["leaseExpiresAt"])));
  });

  it("answers a row for each receipt and exit code 1 if any is stale", async () => {
    await pushed("rows", 2);
    const [first, second] = await cli.json(["pop", "rows", "--batch", "2"]);
    await cli.json(["ack", receiptOf(first ?? {})]);
    const ended = await cli.run(["ack", receiptOf(first ?? {}), receiptOf(second ?? {}), "--json"]);
    assert.equal(ended.code, 1);
    assert.deepEqual(records(ended.stdout).map(({ ok }) => ok), [false, true]);
    assert.deepEqual((records(ended.stdout)[0]?.["error"] as Printed)["code"], "lease-lost");
    assert.match(ended.stderr, /^\{"error":\{"code":"lease-lost","message":"1 of 2 receipts/);
  });

  it("refuses a stale, a foreign and a meaningless receipt as an error of its own", async () => {
    await pushed("stale", 1);
    const receipt = receiptOf(await cli.one(["pop", "stale"]));
    await cli.json(["ack", receipt]);
    for (const action of ["ack", "nack", "release", "dead", "renew"]) assert.equal((await cli.refused([action, receipt])).code, "lease-lost");
    for (const foreign of ["nonsense", `${receipt}AA`, `x${receipt}`]) await cli.refused(["ack", foreign]);
    await cli.refused(["ack"], { exitCode: 2 });
  });
});
