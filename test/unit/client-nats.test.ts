import { connect as connectNew } from "@nats-io/transport-node";
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it, type TestContext } from "node:test";
import { connect as connectOld } from "nats";
import { connect, type ConnectOptions } from "../../src/client/connect.ts";
import type { Connection } from "../../src/client/connection.ts";
import type { Message } from "../../src/client/message.ts";
import { temporaryFolder } from "../support/folder.ts";
import { natsSkip, startNatsServer, type NatsServer } from "../support/nats-server.ts";
import { makeJwtUser } from "../support/nats-users.ts";
import { until } from "../support/until.ts";

const numbers = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

describe("the library on NATS", { skip: natsSkip(), timeout: 120_000 }, () => {
  let server: NatsServer;
  let made = 0;
  before(async () => { server = await startNatsServer(); });
  after(() => server.stop());

  async function open(t: TestContext, options: ConnectOptions = {}): Promise<Connection> {
    const queues = await connect({ url: server.url, ...options });
    t.after(() => queues.close());
    return queues;
  }
  /** A name of its own for each test. */
  const fresh = (): string => `orders-${++made}`;

  it("runs as many handlers as concurrency says, keeps the order of each partition, and ends at the limit", async (t) => {
    const orders = (await open(t)).queue<{ k: number; n: number }>(fresh());
    await orders.push(numbers(40).map((n) => ({ data: { k: n % 4, n }, partition: `p${n % 4}` })));
    const seen = new Map<number, number[]>();
    let [running, most, failed] = [0, 0, 0];
    await orders.config({ retryDelay: 10 }).create();
    const summary = await orders.concurrency(3).limit(42).consume(async ({ data: { k, n }, attempt }) => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => { setImmediate(resolve); });
      running -= 1;
      if ((n === 5 || n === 10) && attempt === 1) {
        failed += 1;
        throw new Error("once");
      }
      seen.set(k, [...(seen.get(k) ?? []), n]);
    });
    assert.deepEqual([summary, failed], [{ processed: 42, failed: 2, reason: "limit" }, 2]);
    assert.ok(most <= 3 && most > 1, String(most));
    for (const k of numbers(4)) assert.deepEqual(seen.get(k), numbers(10).map((n) => n * 4 + k));
    assert.equal((await orders.stats()).counts.completed, 40);
  });

  it("gives batches, to each group, and ends when nothing comes", async (t) => {
    const orders = (await open(t)).queue<number>(fresh());
    await orders.push(numbers(10));
    for (const group of ["one", "two"]) {
      const batches: number[][] = [];
      const summary = await orders.group(group).batch(4).idle(100).consume((messages) => { batches.push(messages.map(({ data }) => data)); });
      assert.deepEqual(summary, { processed: 10, failed: 0, reason: "drained" });
      assert.deepEqual(batches.flat(), numbers(10));
      assert.equal(Math.max(...batches.map(({ length }) => length)), 4);
    }
  });

  it("renews the lease of a handler that takes longer, and aborts one that lost it", async (t) => {
    const queues = await open(t);
    const orders = queues.queue<number>(fresh());
    await orders.push(1);
    const summary = await orders.lease(500).renewLease().limit(1).consume(async (message) => {
      const first = message.leaseExpiresAt?.getTime() ?? 0;
      await until("the lease to be over, had it not been renewed", () => Date.now() > first + 200);
      assert.equal((await queues.broker.inspect.stats(orders.name)).counts.leased, 1);
    });
    assert.deepEqual([summary.processed, summary.failed], [1, 0]);
    await orders.push(2);
    await orders.lease(60_000).renewLease(true, 50).limit(1).consume(async (message, { signal }) => {
      await queues.broker.repair.seek(orders.name, "default", "new");
      await until("to hear that the lease is lost", () => signal.aborted);
      await assert.rejects(queues.ack(message), { code: "lease-lost" });
    });
  });

  it("stops at the signal: what runs is finished, what wasn't started comes again at once, uncharged", async (t) => {
    const queues = await open(t);
    const orders = queues.queue<number>(fresh());
    await orders.push(numbers(6));
    const stop = new AbortController();
    const seen: number[] = [];
    const summary = await orders.batch(6).each().consume(({ data }) => {
      seen.push(data);
      if (data === 1) stop.abort();
    }, { signal: stop.signal });
    assert.equal(summary.reason, "stopped");
    const { counts } = await orders.stats();
    assert.deepEqual([counts.completed, counts.leased, counts.ready], [seen.length, 0, 6 - seen.length]);
    const again: Message[] = await orders.batch(6).pop();
    assert.deepEqual(again.map(({ data, attempt }) => [data, attempt]), numbers(6).slice(seen.length).map((n) => [n, 1]));
  });

  it("pushes what is buffered at the count, at a flush and at the close", async () => {
    const name = fresh();
    const queues = await connect(server.url);
    const buffer = queues.queue<number>(name).buffer({ messageCount: 3, timeMillis: 60_000 });
    for (const n of numbers(4)) await buffer.push(n);
    await until("the full buffer to be pushed", async () => (await queues.queue(name).stats().catch(() => null))?.counts.ready === 3);
    await queues.queue(name).flushBuffer();
    assert.equal((await queues.queue(name).stats()).counts.ready, 4);
    await buffer.push(4);
    await queues.close();
    await using again = await connect(server.url);
    assert.deepEqual((await again.queue(name).peek()).map(({ payload }) => Buffer.from(payload.bytes).toString()), ["0", "1", "2", "3", "4"]);
  });

  it("settles and pushes in a transaction, all or nothing", async (t) => {
    const queues = await open(t);
    const [from, to] = [queues.queue<number>(fresh()), queues.queue<number>(fresh())];
    await from.push([1, 2]);
    const [one] = await from.pop();
    assert.ok(one !== undefined);
    await queues.transaction().ack(one).queue(to.name).partition("p").push([10, 11]).commit();
    await assert.rejects(queues.transaction().ack(one).queue(to.name).push([12]).commit(), { code: "lease-lost" });
    await until("the pushes", async () => (await to.stats()).counts.ready === 2);
    assert.deepEqual((await to.batch(5).pop()).map(({ data }) => data), [10, 11]);
    assert.deepEqual((await from.stats()).counts.completed, 1);
  });

  it("keeps dead letters with their error, redrives and handles them; handlers record traces", async (t) => {
    const orders = (await open(t)).queue<number>(fresh());
    await orders.config({ retryLimit: 0, trace: "all" }).create();
    const pushed = await orders.push([1, 2, 3]);
    const name = `trace of ${orders.name}`;
    await orders.limit(3).consume(async ({ data }, { trace }) => {
      await trace({ eventType: "seen", data: { data }, traceName: name });
      throw new RangeError(`bad ${data}`);
    });
    const letters = (await orders.dlq().list()).items;
    assert.deepEqual(letters.map(({ data, error }) => [data, error]), [[1, "RangeError: bad 1"], [2, "RangeError: bad 2"], [3, "RangeError: bad 3"]]);
    assert.equal((await orders.dlq().redrive({ match: "bad 1" })).length, 1);
    assert.deepEqual((await orders.pop()).map(({ data, attempt }) => [data, attempt]), [[1, 1]]);
    const handled = await orders.dlq().consume(({ data }) => { if (data === 3) throw new Error("keep it"); });
    assert.equal(handled.kept, 1);
    const { inspect } = (await open(t)).broker;
    const events = await inspect.traces({ name });
    assert.equal(events.items.length, 3);
    assert.ok(events.items.every(({ messageId }) => pushed.some(({ id }) => id === messageId)));
  });

  it("read only, shows everything and refuses to pop, push and settle", async (t) => {
    const writer = await open(t);
    const name = fresh();
    await writer.queue(name).push(1);
    const reader = await open(t, { readOnly: true });
    const orders = reader.queue(name);
    assert.equal((await orders.peek()).length, 1);
    assert.equal((await orders.stats()).counts.ready, 1);
    for (const refused of [orders.push(2), orders.pop(), orders.pause(), orders.delete(), orders.create(), reader.publish("a.b", 1), orders.consume(() => undefined)]) await assert.rejects(refused, { code: "read-only" });
    assert.equal((await writer.queue(name).stats()).totalDeliveries, 0);
  });

  for (const [kind, dial] of [["@nats-io/transport-node", connectNew], ["nats 2.x", connectOld]] as const) {
    it(`uses the caller's own connection of ${kind}, twice at once, and never closes it`, async () => {
      const nc = await dial({ servers: server.url });
      const connection = nc as NonNullable<NonNullable<ConnectOptions["nats"]>["connection"]>;
      const [one, two] = [await connect({ nats: { connection } }), await connect({ nats: { connection } })];
      const name = fresh();
      await one.queue(name).push([{ data: 1, headers: { h: "ü" } }, { data: 2, headers: {} }]);
      const seen: unknown[] = [];
      await two.queue(name).limit(1).consume(({ data, headers }) => { seen.push(data, headers["h"]); });
      assert.deepEqual(seen, [1, "ü"]);
      await two.close();
      assert.equal(nc.isClosed(), false);
      const [second] = await one.queue(name).pop();
      assert.equal(second?.data, 2);
      await one.close();
      assert.equal(nc.isClosed(), false);
      await nc.flush();
      await nc.close();
    });
  }

  it("tells whoever waits for messages that the queue was deleted, at whatever moment", async (t) => {
    const queues = await open(t);
    const stop = new AbortController();
    t.after(() => { stop.abort(); });
    for (const round of numbers(60)) {
      const orders = queues.queue(fresh());
      await orders.create();
      const waiting = assert.rejects(queues.broker.messages.pop(orders.name, { wait: 60_000, signal: stop.signal }), { code: "queue-not-found" });
      for (let turn = 0; turn < round % 15; turn++) await new Promise((resolve) => { setImmediate(resolve); });
      await orders.delete();
      await waiting;
    }
  });

  it("is one connection for handles with the same options, until the last is closed", async () => {
    const [one, two] = [await connect(server.url), await connect(server.url)];
    assert.equal(one.broker, two.broker);
    await one.close();
    await two.queue(fresh()).push(1);
    await two.close();
    await assert.rejects(two.queue(fresh()).push(1));
  });
});

describe("the library, where NATS isn't as it should be", { skip: natsSkip(), timeout: 60_000 }, () => {
  it("says which server can't be reached", async () => {
    await assert.rejects(connect("nats://127.0.0.1:1"), (error: Error & { code?: string }) => error.code === "unavailable" && error.message.includes("127.0.0.1:1"));
  });

  it("says that the login is refused, without the password, and connects with the right one", async () => {
    await using server = await startNatsServer({ config: "authorization: { user: ada, password: right }" });
    const url = `nats://127.0.0.1:${server.port}`;
    for (const nats of [{}, { user: "ada", password: "wr0ng" }]) {
      await assert.rejects(connect({ url, nats }), (error: Error & { code?: string }) => error.code === "permission-denied" && !error.message.includes("wr0ng"));
    }
    await using queues = await connect({ url, nats: { user: "ada", password: "right" } });
    await queues.queue("orders").push(1);
    assert.doesNotMatch(queues.url, /right/);
  });

  it("logs in with a creds file, given or by a context of the nats CLI", async (t) => {
    const user = makeJwtUser();
    await using server = await startNatsServer({ config: user.config, jetstream: false });
    const folder = await temporaryFolder(t, { "me.creds": user.creds() });
    const url = `nats://127.0.0.1:${server.port}`;
    await using queues = await connect({ url, nats: { creds: "me.creds" }, cwd: folder });
    assert.equal(queues.broker.link?.status.state, "connected");
    await mkdir(join(folder, "nats", "context"), { recursive: true });
    await writeFile(join(folder, "nats", "context", "team.json"), JSON.stringify({ url, creds: join(folder, "me.creds") }));
    const before = process.env["XDG_CONFIG_HOME"];
    process.env["XDG_CONFIG_HOME"] = folder;
    t.after(() => {
      if (before === undefined) delete process.env["XDG_CONFIG_HOME"];
      else process.env["XDG_CONFIG_HOME"] = before;
    });
    await using byContext = await connect({ url: "nats:", nats: { context: "team" } });
    assert.equal(byContext.broker.link?.status.state, "connected");
    await using byUrl = await connect("nats:?context=team");
    assert.equal(byUrl.broker.link?.status.state, "connected");
  });

  it("without JetStream refuses queues and says what to do; taps work", async () => {
    await using server = await startNatsServer({ jetstream: false });
    await using queues = await connect(server.url);
    for (const refused of [queues.queue("orders").push(1), queues.queue("orders").pop(), queues.broker.queues.list()]) {
      await assert.rejects(refused, (error: Error & { code?: string }) => error.code === "unsupported" && /JetStream/.test(error.message));
    }
    const tap = await queues.tap<number>("things.>");
    await queues.publish("things.one", 7);
    for await (const { subject, data } of tap) {
      assert.deepEqual([subject, data], ["things.one", 7]);
      break;
    }
  });
});
