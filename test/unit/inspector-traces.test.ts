import assert from "node:assert/strict";
import { after, before, describe, it, type TestContext } from "node:test";
import { connect, type Connection } from "../../src/client/index.ts";
import { type NatsServer, natsSkip, startNatsServer } from "../support/nats-server.ts";
import { openPage, type TestPage } from "../support/inspector.ts";
import { openQueues } from "../support/queues.ts";

const TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

async function pageOn(context: TestContext, { broker }: Connection): Promise<TestPage> {
  const page = await openPage({ broker });
  context.after(() => page[Symbol.asyncDispose]());
  return page;
}

/**
 * Real handlers: an order that is charged, and whose mail fails twice, dies, and is redriven to
 * another queue, where it is sent. All of it under one trace name.
 */
async function sell(queues: Connection, trace: "all" | "failures" = "all"): Promise<{ readonly order: string; readonly mail: string; readonly again: string }> {
  const [orders, mails, later] = ["orders", "mails", "later"].map((name) => queues.queue<{ order: number }>(name));
  assert.ok(orders && mails && later);
  for (const queue of [orders, mails, later]) await queue.config({ trace, retryLimit: 1, retryDelay: 0 }).create();
  const order = await orders.push({ data: { order: 7 }, headers: { traceparent: TRACEPARENT } });
  let mail: string | undefined;
  await orders.group("billing").limit(1).consume(async (message, { trace: record, queues: own }) => {
    await record({ eventType: "charged", traceName: "order-7", data: { cents: 500 } });
    mail = (await own.queue("mails").push({ data: message.data, headers: message.headers })).id;
  });
  await mails.limit(2).consume(async (_message, { trace: record }) => {
    await record({ eventType: "rendered", traceName: "order-7" });
    throw new Error("No route to the mail server");
  });
  const { redriven } = await queues.broker.repair.redrive("mails", { filter: {}, to: "later" });
  await later.limit(1).consume(async (_message, { trace: record }) => { await record({ eventType: "sent", traceName: "order-7" }); });
  assert.ok(mail !== undefined && redriven[0] !== undefined);
  return { order: order.id, mail, again: redriven[0].messageId };
}

function shape({ rows }: { readonly rows: readonly { kind: string; depth: number; messageId: string; because: string | null; steps: readonly { kind: string; end: string | null }[] }[] }): unknown[] {
  return rows.map(({ kind, depth, messageId, because, steps }) => [kind, depth, messageId, because, steps.map((step) => `${step.kind}${step.end === null ? "" : ` ${step.end}`}`).join(", ")]);
}

async function followed(context: TestContext, queues: Connection): Promise<void> {
  const { order, mail, again } = await sell(queues);
  const page = await pageOn(context, queues);

  const one = await page.call("traces.message", { id: mail });
  assert.deepEqual(shape(one), [
    ["message", 0, mail, null, "waiting leased, leased nacked, waiting leased, leased nacked, dead redriven"],
    ["delivery", 1, mail, null, "leased nacked"],
    ["delivery", 1, mail, null, "leased nacked"],
    ["message", 1, again, "redriven", "waiting leased, leased acked"],
    ["delivery", 2, again, null, "leased acked"],
  ]);
  assert.equal(one.rows[0]?.steps[1]?.error, "No route to the mail server");
  assert.deepEqual(one.rows.map(({ marks }) => marks.map(({ type }) => type)).at(1), ["rendered"]);
  // Whoever comes from the other end sees the same life.
  assert.deepEqual(shape(await page.call("traces.message", { id: again })), shape(one));

  const all = await page.call("traces.name", { name: "order-7" });
  assert.deepEqual(all.rows.filter(({ kind }) => kind === "message").map(({ depth, messageId, queue, because }) => [depth, messageId, queue, because]), [
    [0, order, "orders", null],
    [1, mail, "mails", "traceparent"],
    [2, again, "later", "redriven"],
  ]);
  assert.ok(all.slowest !== null && all.slowest.duration > 0 && all.slowest.share <= 1);
  assert.equal(all.more, false);
  assert.deepEqual(all.levels, ["orders", "mails", "later"].map((queue) => ({ queue, trace: "all" })));
}

describe("the inspector's traces", () => {
  it("follow a message through failures, death and redrive, and a name across queues", async (t) => {
    await followed(t, await openQueues(t));
  });

  it("say which queues record less than everything, and record it once asked to", async (t) => {
    const queues = await openQueues(t);
    const { mail } = await sell(queues, "failures");
    const page = await pageOn(t, queues);
    const story = await page.call("traces.message", { id: mail });
    assert.deepEqual(story.levels.map(({ trace }) => trace), ["failures", "failures"]);
    assert.match(String(shape(story)[0]), /unrecorded nacked, .*dead redriven/);
    await page.call("traces.record", { queue: "mails" });
    assert.equal((await queues.broker.queues.get("mails")).options.trace, "all");
  });

  it("list the names there are, by a part of them", async (t) => {
    const queues = await openQueues(t);
    await sell(queues);
    const page = await pageOn(t, queues);
    const { rows: names, next } = await page.call("traces.names", { match: "ORDER" });
    assert.deepEqual([names.map(({ name, events, messages }) => [name, events, messages]), next], [[["order-7", 4, 3]], null]);
    assert.deepEqual((await page.call("traces.names", { match: "nothing" })).rows, []);
    assert.deepEqual((await page.call("traces.name", { name: "nobody" })).rows, []);
  });

  it("find events by text, in one queue or all", async (t) => {
    const queues = await openQueues(t);
    const { order, mail } = await sell(queues);
    const page = await pageOn(t, queues);
    const { rows: events } = await page.call("traces.find", { match: "no ROUTE" });
    assert.deepEqual([...new Set(events.map(({ messageId, text }) => `${messageId} ${text}`))], [`${mail} No route to the mail server`]);
    assert.deepEqual((await page.call("traces.find", { match: "cents" })).rows.map(({ messageId, type, text, names }) => [messageId, type, text, names]), [[order, "charged", '{"cents":500}', ["order-7"]]]);
    assert.deepEqual((await page.call("traces.find", { match: "cents", queue: "mails" })).rows, []);
  });

  it("tell what is left of a message that was removed, and refuse one that never was", async (t) => {
    const queues = await openQueues(t);
    const { mail } = await sell(queues);
    const page = await pageOn(t, queues);
    await queues.broker.repair.remove([mail]);
    const { rows } = await page.call("traces.message", { id: mail });
    assert.equal(rows[0]?.messageId, mail);
    await assert.rejects(page.call("traces.message", { id: "m999-999" }), { code: "message-not-found" });
  });

  it("change nothing", async (t) => {
    const queues = await openQueues(t);
    const { mail } = await sell(queues);
    const page = await pageOn(t, queues);
    const before = await queues.broker.inspect.stats("mails");
    await page.call("traces.message", { id: mail });
    await page.call("traces.name", { name: "order-7" });
    assert.deepEqual({ ...(await queues.broker.inspect.stats("mails")), fileSize: before.fileSize }, before);
  });
});

describe("the inspector's traces on NATS", { skip: natsSkip() }, () => {
  let server: NatsServer;
  before(async () => { server = await startNatsServer(); });
  after(() => server.stop());

  it("follow a message through failures, death and redrive, and a name across queues", async (t) => {
    const queues = await connect(server.url);
    t.after(() => queues.close());
    await followed(t, queues);
  });
});
