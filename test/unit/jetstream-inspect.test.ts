import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { openJetStream } from "../../src/brokers/jetstream/index.ts";
import { type Broker, textPayload } from "../../src/core/index.ts";
import { natsSkip, type NatsServer, startNatsServer } from "../support/nats-server.ts";

const MINUTE = 60_000;

describe("inspecting queues on JetStream", { skip: natsSkip("newest") }, () => {
  let server: NatsServer;
  let nc: NatsConnection;
  let moved = 0;
  const now = (): number => Date.now() + moved;
  const open = (): Promise<Broker> => openJetStream({ url: server.url, now });

  before(async () => {
    server = await startNatsServer({ config: "accounts { A { users: [{user: a, password: a}], jetstream { max_streams: 8 } } }\nno_auth_user: a\n" });
    nc = await connect({ servers: server.url });
  });
  after(async () => {
    await nc.close();
    await server.stop();
  });

  const request = async (subject: string, body?: unknown): Promise<{ config: Record<string, unknown> }> =>
    (await nc.request(`$JS.API.${subject}`, body === undefined ? "" : JSON.stringify(body))).json();

  it("health tells of streams that were changed by hand, or deleted, and of limits that are near", async () => {
    await using broker = await open();
    await broker.queues.create("sick");
    assert.deepEqual((await broker.inspect.health()).problems, []);
    const { config } = await request("STREAM.INFO.QS_sick");
    await request("STREAM.UPDATE.QS_sick", { ...config, max_age: 3_600_000_000_000 });
    const changed = await broker.inspect.health();
    assert.equal(changed.ok, false);
    assert.equal(changed.problems.length, 1, changed.problems.join("\n"));
    assert.match(changed.problems[0] ?? "", /QS_sick of the queue sick was changed by hand: max_age/);
    await request("STREAM.DELETE.QSS_sick");
    assert.match((await broker.inspect.health()).problems.join("\n"), /QSS_sick of the queue sick is gone/);
    await broker.queues.delete("sick");
    for (const name of ["a", "b", "c"]) await broker.queues.create(name);
    assert.match((await broker.inspect.health()).problems.join("\n"), /7 of at most 8 streams/);
    for (const name of ["a", "b", "c"]) await broker.queues.delete(name);
  });

  it("health says that the server is out of reach", async () => {
    const other = await startNatsServer();
    await using broker = await openJetStream({ url: other.url, now });
    await other.stop();
    const { ok, problems } = await broker.inspect.health();
    assert.equal(ok, false);
    assert.equal(problems.length, 1);
  });

  it("metrics tell minutes apart, whichever process worked in them, with the depth at the end of each", async () => {
    moved = MINUTE - (Date.now() % MINUTE);
    const from = Math.floor(now() / MINUTE) * MINUTE;
    await using reader = await open();
    await reader.queues.create("charted");
    const items = (count: number) => Array.from({ length: count }, (_, i) => ({ payload: textPayload(String(i)) }));
    const inMinute = async (n: number, pushed: number, done: number): Promise<void> => {
      moved += from + n * MINUTE + 1_000 - now();
      await using worker = await open();
      if (pushed > 0) await worker.messages.push("charted", items(pushed));
      if (done === 0) return;
      const got = await worker.messages.pop("charted", { batch: done });
      await worker.messages.settle(got.map(({ receipt }) => ({ action: "ack" as const, receipt: receipt ?? "" })));
    };
    await inMinute(0, 5, 2);
    await inMinute(1, 1, 0);
    await inMinute(3, 0, 3);
    await inMinute(4, 2, 0);
    const all = await reader.inspect.metrics("charted", { from, to: from + 10 * MINUTE });
    const rows = all.map(({ minute, pushed, delivered, completed, depth }) => [(minute - from) / MINUTE, pushed, delivered, completed, depth]);
    assert.deepEqual(rows, [[0, 5, 2, 2, 3], [1, 1, 0, 0, 4], [3, 0, 3, 3, 1], [4, 2, 0, 0, 3]]);
    assert.ok(all[0]?.runP50 !== null && all[0]?.waitP95 !== null, "the worker stored its times when it closed");
    const late = await reader.inspect.metrics("charted", { from: from + 3 * MINUTE, to: from + 4 * MINUTE });
    assert.deepEqual(late.map(({ minute, completed, depth }) => [(minute - from) / MINUTE, completed, depth]), [[3, 3, 1]], "what came before isn't counted again");
  });

  it("entries are counted by the server's own time, where no other clock is given", async () => {
    await using broker = await openJetStream({ url: server.url });
    const from = Date.now() - 1_000;
    await broker.messages.push("timed", [1, 2, 3].map((n) => ({ payload: textPayload(String(n)) })));
    const [message] = await broker.messages.pop("timed");
    await broker.messages.settle([{ action: "ack", receipt: message?.receipt ?? "" }]);
    const to = Date.now() + 1_000;
    const counts = await broker.inspect.histogram("timed", { from, to, buckets: 3 });
    assert.equal(counts.reduce((sum, n) => sum + n, 0), 3);
    assert.deepEqual(await broker.inspect.histogram("timed", { from: -1e15, to: from, buckets: 2 }), [0, 0]);
    assert.deepEqual(await broker.inspect.histogram("timed", { from: to, to: 8e15, buckets: 2 }), [0, 0]);
    const points = await broker.inspect.metrics("timed", { from: 0, to: to + MINUTE });
    const total = (of: "pushed" | "completed"): number => points.reduce((sum, point) => sum + point[of], 0);
    assert.deepEqual([total("pushed"), total("completed"), points.at(-1)?.depth], [3, 1, 2]);
    await broker.queues.delete("timed");
  });

  it("events of many queues are found by text in the order in which they came, page by page", async () => {
    await using broker = await open();
    const ids: string[] = [];
    for (const queue of ["t1", "t2"]) ids.push((await broker.messages.push(queue, [{ payload: textPayload("m") }]))[0]?.id ?? "");
    const expected = Array.from({ length: 9 }, (_, i) => ids[i % 2] ?? "");
    for (const messageId of expected) await broker.messages.trace([{ messageId, type: "needle", names: ["n"] }]);
    for (const filter of [{ match: "needle" }, { name: "n" }]) {
      const found: string[] = [];
      for (let next: string | undefined | null; next !== null; ) {
        const page = await broker.inspect.traces({ ...filter, limit: 2, ...(next === undefined ? {} : { after: next }) });
        found.push(...page.items.map((event) => event.messageId));
        ({ next } = page);
      }
      assert.deepEqual(found, expected);
    }
  });
});
