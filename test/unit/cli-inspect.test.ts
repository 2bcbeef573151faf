import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { CliFolder, records } from "../support/cli.ts";
import type { Printed } from "../support/cli.ts";

let cli: CliFolder;
before(async () => {
  cli = await CliFolder.make();
  await cli.json(["push", "orders", "-", "--ndjson"], { stdin: '{"n":1}\n{"n":2,"customer":"Ada"}\n{"n":3}\n' });
  await cli.json(["push", "orders", '{"n":4}', "--partition", "customer-7"]);
  await cli.json(["push", "orders", '{"n":5}', "--delay", "1h"]);
});
after(async () => { await cli[Symbol.asyncDispose](); });

const numbers = (messages: readonly Printed[]): unknown[] => messages.map(({ data }) => (data as { n: number }).n);

describe("queuescope peek", () => {
  it("shows the next messages with exactly the fields of a message", async () => {
    const messages = await cli.json(["peek", "orders", "--limit", "2"]);
    assert.deepEqual(numbers(messages), [1, 2]);
    assert.deepEqual(Object.keys(messages[0] ?? {}), ["id", "queue", "partition", "data", "encoding", "headers", "transactionId", "priority", "createdAt", "state"]);
  });

  it("finds messages by state, text, partition, and goes on after one", async () => {
    assert.deepEqual(numbers(await cli.json(["peek", "orders", "--state", "scheduled"])), [5]);
    assert.deepEqual(numbers(await cli.json(["peek", "orders", "--match", "ada"])), [2]);
    assert.deepEqual(numbers(await cli.json(["peek", "orders", "--partition", "customer-7"])), [4]);
    const [, second] = await cli.json(["peek", "orders"]);
    assert.deepEqual(numbers(await cli.json(["peek", "orders", "--after", String(second?.["id"]), "--state", "ready"])), [3, 4]);
  });

  it("shows the newest first, and goes on to older ones", async () => {
    const newest = await cli.json(["peek", "orders", "--newest", "--limit", "3"]);
    assert.deepEqual(numbers(newest), [5, 4, 3]);
    assert.deepEqual(numbers(await cli.json(["peek", "orders", "--newest", "--after", String(newest[2]?.["id"])])), [2, 1]);
    assert.deepEqual(numbers(await cli.json(["peek", "orders", "--newest", "--state", "ready", "--limit", "1"])), [4]);
  });

  it("shows people a table, one line a message, with nothing cut in a pipe", async () => {
    const long = "x".repeat(500);
    await cli.json(["push", "table", long]);
    const lines = (await cli.text(["peek", "table"])).trimEnd().split("\n");
    assert.equal(lines.length, 2);
    assert.match(lines[0] ?? "", /^ID +STATE +AGE +DATA$/);
    assert.ok(lines[1]?.endsWith(long));
  });

  it("can't be made to steer a terminal by what a message holds", async () => {
    await cli.json(["push", "hostile", "-"], { stdin: "\u001b]0;owned\u0007\u001b[2J\u202etxt\r\nsecond line" });
    const shown = await cli.text(["peek", "hostile"]) + await cli.text(["pop", "hostile"]);
    // eslint-disable-next-line no-control-regex -- exactly these must not come out
    assert.doesNotMatch(shown, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    assert.match(shown, /\\u001b\]0;owned/);
  });

  it("takes nothing and says what to do when nothing is ready", async () => {
    await cli.json(["queue", "create", "quiet"]);
    const ended = await cli.run(["peek", "quiet"]);
    assert.deepEqual([ended.code, ended.stdout], [0, ""]);
    assert.match(ended.stderr, /queuescope push quiet DATA/);
    assert.match((await cli.run(["peek", "orders", "--match", "nothing like it"])).stderr, /No message of orders matches/);
    assert.equal((await cli.one(["stats", "orders"]))["totalDeliveries"], 0);
  });

  it("refuses an unknown state on the command line, and an unknown queue", async () => {
    assert.match((await cli.refused(["peek", "orders", "--state", "odd"], { exitCode: 2 })).message, /ready, scheduled, leased/);
    assert.equal((await cli.refused(["peek", "unknown"])).code, "queue-not-found");
    await cli.refused(["peek", "orders", "--after", "nonsense"]);
  });
});

describe("queuescope show", () => {
  it("shows all that is known about messages, one a record", async () => {
    const [first, second] = await cli.json(["peek", "orders"]);
    const shown = await cli.json(["show", String(first?.["id"]), String(second?.["id"])]);
    assert.deepEqual(numbers(shown), [1, 2]);
    for (const field of ["group", "charges", "deliveryCount", "until", "worker", "lastError", "expiresAt", "editedAt", "redrivenFrom"]) assert.ok(field in (shown[0] ?? {}), field);
  });

  it("shows those that exist and fails for those that don't", async () => {
    const [first] = await cli.json(["peek", "orders"]);
    const ended = await cli.run(["show", "m1-999", String(first?.["id"]), "--json"]);
    assert.equal(ended.code, 1);
    assert.equal(records(ended.stdout).length, 1);
    assert.match(ended.stderr, /message-not-found/);
  });
});

describe("queuescope stats", () => {
  it("answers the counts, groups, partitions and sizes of a queue", async () => {
    await cli.json(["pop", "orders", "--group", "billing"]);
    const stats = await cli.one(["stats", "orders"]);
    assert.deepEqual(stats["counts"], { ready: 4, scheduled: 1, leased: 0, retrying: 0, completed: 0, dead: 0 });
    for (const field of ["neverDelivered", "totalDeliveries", "bytes", "oldestReadyAge", "firstId", "lastId", "groups", "partitions", "fileSize"]) assert.ok(field in stats, field);
    assert.equal(stats["partitions"], 1);
    const billing = (stats["groups"] as Printed[]).find(({ name }) => name === "billing");
    assert.deepEqual([billing?.["lag"], billing?.["workers"], billing?.["start"]], [4, [], "all"]);
  });

  it("lists every queue for people", async () => {
    const text = await cli.text(["stats"]);
    assert.match(text, /^QUEUE +READY/);
    assert.match(text, /^orders +4 +1/m);
  });

  it("tells the pace of the last minutes", async () => {
    await cli.json(["push", "paced", "1"]);
    await cli.json(["pop", "paced", "--at-most-once"]);
    const { rates } = (await cli.one(["stats", "paced"])) as { rates: Record<string, number> };
    assert.equal(rates["minutes"], 5);
    for (const name of ["pushed", "delivered", "completed"]) assert.ok((rates[name] ?? 0) > 0, name);
    assert.equal(rates["failed"], 0);
    assert.equal(typeof rates["waitP95"], "number");
    assert.match(await cli.text(["stats", "paced"]), /pace +0\.\d\d pushed, 0\.\d\d completed, 0 failed a second/);
  });

  it("prints them again after a change with --watch, until Ctrl-C", async () => {
    await cli.json(["queue", "create", "watched"]);
    const watching = cli.start(["stats", "watched", "--watch", "--json"]);
    await watching.until(({ stdout }) => records(stdout).length === 1);
    await cli.json(["push", "watched", "1"]);
    await watching.until(({ stdout }) => stdout.includes('"ready":1'));
    watching.child.kill("SIGINT");
    assert.equal((await watching.ended).code, 130);
  });

  it("says so when there are no queues, and makes no file for it", async () => {
    await using fresh = await CliFolder.make();
    const ended = await fresh.run(["stats"]);
    assert.deepEqual([ended.code, ended.stdout], [0, ""]);
    assert.match(ended.stderr, /no queues.*queuescope push QUEUE DATA/);
    assert.equal((await fresh.refused(["stats", "orders"])).code, "queue-not-found");
    assert.deepEqual(await fresh.json(["queue", "list"]), []);
  });
});

describe("queuescope partitions", () => {
  it("lists partitions with lag, worst first", async () => {
    await cli.json(["push", "parted", "1", "--partition", "small"]);
    await cli.json(["push", "parted", "-", "--ndjson", "--partition", "big"], { stdin: "1\n2\n3\n" });
    const partitions = await cli.json(["partitions", "parted"]);
    assert.deepEqual(partitions.map(({ name, lag, messages, leased }) => [name, lag, messages, leased]), [["big", 3, 3, false], ["small", 1, 1, false]]);
    assert.deepEqual((await cli.json(["partitions", "parted", "--match", "SMA"])).map(({ name }) => name), ["small"]);
    assert.deepEqual((await cli.json(["partitions", "parted", "--sort", "name", "--limit", "1"])).map(({ name }) => name), ["big"]);
    assert.match(await cli.text(["partitions", "parted"]), /^PARTITION +LAG +MESSAGES/);
  });

  it("says how a message gets one when there are none", async () => {
    await cli.json(["queue", "create", "unparted"]);
    assert.match((await cli.run(["partitions", "unparted"])).stderr, /--partition KEY/);
  });
});

describe("queuescope trace", () => {
  it("shows the timeline of a message", async () => {
    await cli.json(["queue", "create", "traced", "--set", "trace=all"]);
    await cli.json(["push", "traced", "1"]);
    const delivery = await cli.one(["pop", "traced"]);
    await cli.json(["nack", String(delivery["receipt"]), "--error", "out of stock"]);
    const events = await cli.json(["trace", String(delivery["id"])]);
    assert.deepEqual(events.map(({ type }) => type), ["pushed", "leased", "nacked"]);
    assert.match(JSON.stringify(events[2]?.["data"]), /out of stock/);
    assert.match(await cli.text(["trace", String(delivery["id"])]), /TIME \(UTC\).*EVENT[\s\S]*nacked/);
    assert.deepEqual((await cli.json(["trace", "--match", "out of stock"])).map(({ messageId }) => messageId), [delivery["id"]]);
  });

  it("needs exactly one of id, --name and --match", async () => {
    await cli.refused(["trace"], { exitCode: 2 });
    await cli.refused(["trace", "m1-1", "--name", "x"], { exitCode: 2 });
    assert.match((await cli.run(["trace", "--name", "nobody-recorded-this"])).stderr, /No event matches/);
  });
});

describe("queuescope health", () => {
  it("answers the broker, its version and where it is", async () => {
    const health = await cli.one(["health"]);
    assert.equal(health["ok"], true);
    assert.match(String(health["url"]), /queues\.db$/);
    assert.match(await cli.text(["health"]), /^healthy\n/);
  });
});

describe("queuescope tail", () => {
  it("prints what enters from then on, and ends at the limit", async () => {
    await cli.json(["push", "tailed", '"before"']);
    const tailing = cli.start(["tail", "tailed", "--limit", "2"]);
    await tailing.until(({ stderr }) => stderr.includes("Following tailed"));
    await cli.json(["push", "tailed", '"one"']);
    await tailing.until(({ stdout }) => stdout.includes("one"));
    await cli.json(["push", "tailed", '"later"', "--delay", "1h"]);
    await cli.json(["push", "tailed", '"two"', "--partition", "p"]);
    const ended = await tailing.ended;
    assert.equal(ended.code, 0);
    assert.match(ended.stdout, /^[\d:.]+ {2}m\S+ {2}"one"\n[\d:.]+ {2}m\S+ {2}p {2}"two"\n$/);
    assert.equal((await cli.one(["stats", "tailed"]))["totalDeliveries"], 0);
  });
});
