import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, describe, it } from "node:test";
import { CliFolder, records, type Printed } from "../support/cli.ts";
import { natsSkip, startNatsServer, type NatsServer } from "../support/nats-server.ts";

describe("queuescope on NATS", { skip: natsSkip(), timeout: 180_000, concurrency: 2 }, () => {
  let server: NatsServer;
  let cli: CliFolder;
  before(async () => {
    server = await startNatsServer();
    cli = await CliFolder.make();
  });
  after(async () => {
    await cli[Symbol.asyncDispose]();
    await server.stop();
  });

  const at = (args: readonly string[]): string[] => [...args, "--url", server.url];
  const json = (...args: string[]): Promise<Printed[]> => cli.json(at(args));
  const one = (...args: string[]): Promise<Printed> => cli.one(at(args));
  const text = (value: unknown): string => String(value);
  const ids = (rows: readonly Printed[]): string[] => rows.map(({ id }) => text(id));

  it("pushes, pops in one process and acks in another, once", async () => {
    const pushed = await one("push", "orders", '{"n":12345678901234567890}', "--partition", "a", "--id", "tx-1", "--header", "k=v");
    assert.equal((await one("push", "orders", "2", "--partition", "a", "--id", "tx-1"))["status"], "duplicate");
    const popped = await one("pop", "orders", "--lease", "1m");
    assert.deepEqual([popped["id"], popped["transactionId"], popped["headers"], popped["attempt"], popped["deliveryCount"]], [pushed["id"], "tx-1", { k: "v" }, 1, 1]);
    assert.deepEqual(await json("pop", "orders"), []);
    await one("renew", text(popped["receipt"]), "--lease", "2m");
    assert.equal((await one("ack", text(popped["receipt"])))["outcome"], "completed");
    const late = await cli.run(at(["ack", text(popped["receipt"]), "--json"]));
    assert.deepEqual([late.code, late.stderr.includes("lease-lost") || late.stdout.includes("lease-lost")], [1, true]);
    assert.equal((await one("stats", "orders"))["totalDeliveries"], 1);
  });

  it("prints the same shapes as on a file", async () => {
    const script = async (url: string): Promise<Record<string, Printed[]>> => {
      const run = (...args: string[]): Promise<Printed[]> => cli.json([...args, "--url", url]);
      const out: Record<string, Printed[]> = {};
      out["create"] = await run("queue", "create", "shapes", "--set", "retryLimit=0", "--set", "trace=all");
      out["push"] = await run("push", "shapes", '{"a":1}', "--partition", "p", "--header", "h=1");
      await run("push", "shapes", "later", "--delay", "1h");
      await run("push", "shapes", "next", "--text");
      out["peek"] = await run("peek", "shapes");
      out["pop"] = await run("pop", "shapes", "--batch", "2");
      out["nack"] = await run("nack", text(out["pop"][0]?.["receipt"]), "--error", "bad");
      out["dlq"] = await run("dlq", "list", "shapes");
      out["leased"] = await run("peek", "shapes", "--state", "leased");
      out["show"] = await run("show", text(out["pop"][0]?.["id"]));
      out["stats"] = await run("stats", "shapes");
      out["list"] = await run("queue", "list");
      out["queue"] = await run("queue", "show", "shapes");
      out["groups"] = await run("groups", "list", "shapes");
      out["partitions"] = await run("partitions", "shapes");
      out["trace"] = await run("trace", text(out["pop"][0]?.["id"]));
      out["redrive"] = await run("dlq", "redrive", "shapes", "--all");
      out["ack"] = await run("ack", text(out["pop"][1]?.["receipt"]));
      out["health"] = await run("health");
      return out;
    };
    const [file, nats] = await Promise.all([script(`file:${cli.file("shapes.db")}`), script(server.url)]);
    for (const [command, rows] of Object.entries(file)) {
      const here = nats[command] ?? [];
      if (command !== "list") assert.equal(here.length, rows.length, `${command}: ${JSON.stringify(here)} for ${JSON.stringify(rows)}`);
      assert.deepEqual(shape(here[0]), shape(rows[0]), command);
    }
    assert.deepEqual(shape(nats["trace"]?.map(({ type, event, eventType }) => [type, event, eventType])), shape(file["trace"]?.map(({ type, event, eventType }) => [type, event, eventType])));
  });

  it("shows, edits, removes and cancels messages, and tells what it can't find", async () => {
    const [first, second, later] = [await one("push", "repair", "1"), await one("push", "repair", "2"), await one("push", "repair", "3", "--delay", "1h")].map(({ id }) => text(id));
    await one("edit", first ?? "", "--data", '{"edited":true}');
    assert.deepEqual((await one("show", first ?? ""))["data"], { edited: true });
    await one("remove", second ?? "");
    await one("cancel", later ?? "");
    assert.deepEqual((await json("peek", "repair")).map(({ data }) => data), [{ edited: true }]);
    assert.deepEqual((await one("pop", "repair"))["data"], { edited: true });
    assert.deepEqual(await json("pop", "repair"), []);
    assert.equal((await cli.refused(at(["show", second ?? ""]))).code, "message-not-found");
    assert.equal((await cli.refused(at(["show", "nonsense"]))).code, "message-not-found");
    assert.equal((await cli.refused(at(["stats", "nowhere"]))).code, "queue-not-found");
    assert.equal((await cli.refused(at(["push", "nowhere", "1", "--no-create"]))).code, "queue-not-found");
    await cli.refused(at(["pop", "repair", "--batch", "many"]), { exitCode: 2 });
  });

  it("keeps what failed, and redrives it once", async () => {
    await one("queue", "create", "failing", "--set", "retryLimit=0");
    await one("push", "failing", "1");
    await one("nack", text((await one("pop", "failing"))["receipt"]), "--error", "no luck");
    const letter = await one("dlq", "list", "failing");
    assert.equal(letter["error"], "no luck");
    assert.equal((await json("dlq", "redrive", "failing", "--all")).length, 1);
    await cli.run(at(["dlq", "redrive", "failing", text(letter["id"])]));
    assert.deepEqual((await json("pop", "failing", "--batch", "10")).map(({ data, attempt }) => [data, attempt]), [[1, 1]]);
  });

  it("seeks a group, and lists partitions and groups", async () => {
    await cli.json(at(["push", "seeks", "-", "--ndjson"]), { stdin: "1\n2\n3\n" });
    assert.equal((await json("pop", "seeks", "--batch", "10", "--group", "g", "--at-most-once")).length, 3);
    assert.deepEqual(await json("pop", "seeks", "--group", "g"), []);
    await json("groups", "seek", "seeks", "g", "all");
    assert.deepEqual((await json("pop", "seeks", "--batch", "10", "--group", "g")).map(({ data }) => data), [1, 2, 3]);
    assert.deepEqual((await json("groups", "list", "seeks")).map(({ name, lag }) => [name, lag]), [["g", 3]]);
    await json("queue", "delete", "seeks");
    assert.ok(!(await json("queue", "list")).some(({ name }) => name === "seeks"));
  });

  it("takes an export of a file, and exports the same again", async () => {
    const file = `file:${cli.file("export.db")}`;
    await cli.json(["push", "moved", "-", "--ndjson", "--partition", "p", "--url", file], { stdin: '{"n":1}\n{"n":2}\n{"n":12345678901234567890}\n' });
    await cli.json(["push", "moved", "text", "--text", "--header", "a=b", "--url", file]);
    await cli.text(["export", "moved", "from-file.ndjson", "--url", file]);
    await cli.text(at(["import", "moved", "from-file.ndjson"]));
    await cli.text(at(["export", "moved", "from-nats.ndjson"]));
    const content = async (name: string): Promise<unknown> => (await readFile(cli.file(name), "utf8")).trim().split("\n").map((line) => /"data":.*?,"encoding":"\w+","headers":\{.*?\}/.exec(line)?.[0] ?? line).sort();
    assert.deepEqual(await content("from-nats.ndjson"), await content("from-file.ndjson"));
    await cli.text(["import", "back", "from-nats.ndjson", "--url", file]);
    assert.equal((await cli.json(["peek", "back", "--url", file])).length, 4);
  });

  it("follows a queue, and ends at Ctrl-C", async () => {
    await one("push", "followed", "0");
    const tail = cli.start(at(["tail", "followed", "--json", "--verbose"]));
    await one("push", "followed", '"before"');
    let n = 0;
    while (!tail.stdout.includes("pushed-")) await one("push", "followed", `"pushed-${n++}"`);
    tail.child.kill("SIGINT");
    const ended = await tail.ended;
    assert.ok(records(ended.stdout).length > 0);
    assert.equal(ended.signal, null);
  });

  it("waits for a message that another process pushes", async () => {
    await one("push", "waited", "0");
    await one("pop", "waited");
    const waiting = cli.start(at(["pop", "waited", "--wait", "30s", "--json"]));
    await one("push", "waited", "1");
    assert.deepEqual(records((await waiting.ended).stdout).map(({ data }) => data), [1]);
  });

  it("says that a server can't be reached, without a stack", async () => {
    const refused = await cli.refused(["push", "orders", "1", "--url", "nats://127.0.0.1:1"]);
    assert.equal(refused.code, "unavailable");
    assert.match(refused.message, /127\.0\.0\.1:1/);
    assert.equal((await cli.refused(["health", "--url", "nats://127.0.0.1:1"])).code, "unavailable");
  });

  it("acks several receipts, a row each, and fails if one fails", async () => {
    await cli.json(at(["push", "several", "-", "--ndjson"]), { stdin: "1\n2\n" });
    const popped = await json("pop", "several", "--batch", "2");
    const receipts = popped.map(({ receipt }) => text(receipt));
    await json("ack", receipts[0] ?? "");
    const ended = await cli.run(at(["ack", ...receipts, "--json"]));
    assert.equal(ended.code, 1);
    assert.deepEqual(records(ended.stdout).map(({ outcome }) => outcome === "completed"), [false, true]);
    assert.deepEqual(ids(await json("peek", "several")), []);
  });
});

/** Names of fields, and kinds of what is in them: null and anything else may take each other's place. */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? [] : [shape(value[0])];
  if (typeof value !== "object" || value === null) return "value";
  return Object.fromEntries(Object.entries(value).sort().map(([name, inner]) => [name, shape(inner)]));
}
