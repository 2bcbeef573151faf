import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { CliFolder } from "../support/cli.ts";
import type { Printed } from "../support/cli.ts";

let cli: CliFolder;
before(async () => { cli = await CliFolder.make(); });
after(async () => { await cli[Symbol.asyncDispose](); });

const options = (queue: Printed): Printed => queue["options"] as Printed;

describe("queuescope queue", () => {
  it("creates a queue with options in their units", async () => {
    const queue = await cli.one(["queue", "create", "made", "--set", "leaseTime=2m", "--set", "retryDelay=250", "--set", "backoff=1s,5s", "--set", "ordered=true", "--set", "namespace=shop"]);
    assert.deepEqual([options(queue)["leaseTime"], options(queue)["retryDelay"], options(queue)["ordered"], options(queue)["namespace"]], [120, 250, true, "shop"]);
    assert.deepEqual(options(queue)["backoff"], { kind: "list", delays: [1000, 5000], max: 60000, jitter: 0.1 });
    assert.equal((await cli.refused(["queue", "create", "made"])).code, "queue-exists");
  });

  it("configures: names what changed, keeps the rest, and default resets", async () => {
    await cli.json(["queue", "create", "tuned", "--set", "retryLimit=7", "--set", "ttl=1h"]);
    assert.equal(await cli.text(["queue", "configure", "tuned", "--set", "retryLimit=default", "--set", "leaseTime=30"]), "Configured queue tuned:\n  leaseTime   5m -> 30s\n  retryLimit  7 -> 3\n");
    const queue = await cli.one(["queue", "show", "tuned"]);
    assert.deepEqual([options(queue)["retryLimit"], options(queue)["leaseTime"], options(queue)["ttl"]], [3, 30, 3600]);
    assert.equal(await cli.text(["queue", "configure", "tuned", "--set", "leaseTime=30s"]), "tuned has these options already.\n");
  });

  it("refuses options that don't exist or can't be, naming them", async () => {
    assert.match((await cli.refused(["queue", "create", "bad", "--set", "leastTime=5"])).message, /leastTime.*Options: leaseTime/);
    assert.match((await cli.refused(["queue", "create", "bad", "--set", "retryLimit=-1"])).message, /retryLimit/);
    assert.match((await cli.refused(["queue", "create", "bad", "--set", "backoff={oops"])).message, /backoff/);
    assert.match((await cli.refused(["queue", "create", "bad", "--set", "ordered=maybe"])).message, /ordered must be true or false/);
    await cli.refused(["queue", "create", "bad", "--set", "noequals"]);
    await cli.refused(["queue", "configure", "made"], { exitCode: 2 });
    assert.equal((await cli.refused(["queue", "configure", "nowhere", "--set", "ttl=1h"])).code, "queue-not-found");
    assert.equal((await cli.refused(["queue", "show", "bad"])).code, "queue-not-found");
  });

  it("lists queues by part of the name and by namespace", async () => {
    assert.deepEqual((await cli.json(["queue", "list", "--match", "MAD"])).map(({ name }) => name), ["made"]);
    assert.deepEqual((await cli.json(["queue", "list", "--namespace", "shop"])).map(({ name }) => name), ["made"]);
    assert.match(await cli.text(["queue", "list"]), /^QUEUE +READY[\s\S]*^made +0/m);
    assert.match((await cli.run(["queue", "list", "--match", "zzz"])).stderr, /No queue matches/);
  });

  it("shows people which options differ from the defaults", async () => {
    assert.match(await cli.text(["queue", "show", "made"]), /leaseTime +2m \(default: 5m\)/);
  });

  it("pauses and resumes", async () => {
    await cli.json(["push", "paused", "1"]);
    await cli.json(["queue", "pause", "paused"]);
    assert.deepEqual(await cli.json(["pop", "paused"]), []);
    assert.match(await cli.text(["queue", "list"]), /^paused .*paused$/m);
    await cli.json(["queue", "resume", "paused"]);
    assert.equal((await cli.json(["pop", "paused"])).length, 1);
  });

  it("purges all, by state, by partition and by text, and tells how many", async () => {
    await cli.json(["push", "purged", "-", "--ndjson"], { stdin: '"a"\n"b"\n"needle"\n' });
    await cli.json(["push", "purged", '"p"', "--partition", "p"]);
    await cli.json(["push", "purged", '"later"', "--delay", "1h"]);
    assert.deepEqual(await cli.json(["queue", "purge", "purged", "--match", "needle"]), [{ name: "purged", removed: 1 }]);
    assert.equal(await cli.text(["queue", "purge", "purged", "--partition", "p"]), "Removed 1 message of purged.\n");
    assert.deepEqual(await cli.json(["queue", "purge", "purged", "--state", "scheduled"]), [{ name: "purged", removed: 1 }]);
    assert.equal(await cli.text(["queue", "purge", "purged"]), "Removed 2 messages of purged.\n");
    assert.deepEqual(await cli.json(["peek", "purged"]), []);
  });

  it("purges more than one step takes", async () => {
    await cli.json(["push", "large", "-", "--ndjson"], { stdin: "1\n".repeat(2500) });
    assert.deepEqual(await cli.json(["queue", "purge", "large"]), [{ name: "large", removed: 2500 }]);
  });

  it("deletes a queue and tells what went with it", async () => {
    await cli.json(["push", "gone", "-", "--ndjson"], { stdin: "1\n2\n3\n" });
    await cli.json(["dead", String((await cli.one(["pop", "gone"]))["receipt"])]);
    assert.match(await cli.text(["queue", "delete", "gone"]), /^Deleted queue gone with 2 messages, 1 dead letter and 1 group\.\n$/);
    assert.equal((await cli.refused(["queue", "delete", "gone"])).code, "queue-not-found");
  });
});
