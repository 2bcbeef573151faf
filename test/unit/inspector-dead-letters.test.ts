import assert from "node:assert/strict";
import { after, before, describe, it, type TestContext } from "node:test";
import { connect, type Connection } from "../../src/client/index.ts";
import type { Editor } from "../../src/inspector/index.ts";
import type { Params } from "../../src/protocol/index.ts";
import { openPage, type TestPage } from "../support/inspector.ts";
import { type NatsServer, natsSkip, startNatsServer } from "../support/nats-server.ts";
import { openQueues } from "../support/queues.ts";

type Order = { readonly id: number; readonly fault?: string };

/** Real handlers throw: six orders of which four time out, one has no customer, and one is fine. */
async function failOrders(queues: Connection, name: string, config: object = {}): Promise<void> {
  const orders = queues.queue<Order>(name);
  await orders.config({ retryLimit: 0, ...config }).create();
  const faults = ["slow", "slow", "unknown", "slow", "", "slow"];
  await orders.push(faults.map((fault, i) => ({ id: i + 1, fault })));
  await orders.group("billing").wait(false).consume(({ data: { id, fault } }) => {
    if (fault === "slow") throw new Error(`Order ${id} timed out after ${id * 10}s`);
    if (fault === "unknown") throw new RangeError(`No customer "c-${id}"`);
  });
}

const all = { filter: {} };
const redrive = (queue: string, selection: Params<"deadLetters.redrive">["selection"], more: Partial<Params<"deadLetters.redrive">> = {}): Params<"deadLetters.redrive"> => ({ queue, selection, allGroups: false, again: false, plaintext: false, rate: null, ...more });

async function idsOf(page: TestPage, queue: string, selection: Params<"deadLetters.redrive">["selection"] = all): Promise<string[]> {
  return (await page.call("deadLetters.list", { queue, selection, limit: 100 })).rows.map(({ id }) => id);
}

const TIMED_OUT = "Order <number> timed out after <number>";

async function opened(context: TestContext, config: object = {}): Promise<{ readonly queues: Connection; readonly page: TestPage }> {
  const queues = await openQueues(context);
  await failOrders(queues, "orders", config);
  return { queues, page: await pageOn(context, queues) };
}

async function pageOn(context: TestContext, { broker }: Connection, editor?: Editor): Promise<TestPage> {
  const page = await openPage({ broker, ...(editor === undefined ? {} : { editor }) });
  context.after(() => page[Symbol.asyncDispose]());
  return page;
}

describe("the inspector's dead letters", () => {
  it("are grouped by error, with counts and times", async (t) => {
    const { queues, page } = await opened(t);
    const { groups, scanned, more } = await page.call("deadLetters.groups", { queue: "orders", filter: {}, most: 1000 });
    assert.deepEqual(groups.map(({ fingerprint, error, count, waiting, groups: names }) => [fingerprint, error, count, waiting, names]), [
      [TIMED_OUT, "Order 6 timed out after 60s", 4, 4, ["billing"]],
      ["RangeError: No customer <text>", 'RangeError: No customer "c-3"', 1, 1, ["billing"]],
    ]);
    assert.deepEqual([scanned, more], [5, false]);
    const { items } = await queues.broker.inspect.deadLetters("orders");
    assert.deepEqual([groups[0]?.firstAt, groups[0]?.lastAt], [items[0]?.deadAt, items.at(-1)?.deadAt]);
  });

  it("are grouped up to a number, and say that there are more", async (t) => {
    const { page } = await opened(t);
    const { groups, scanned, more } = await page.call("deadLetters.groups", { queue: "orders", filter: {}, most: 2 });
    assert.deepEqual([groups.map(({ count }) => count), scanned, more], [[2], 2, true]);
  });

  it("are filtered by text, group, time, and whether they were redriven", async (t) => {
    const { queues, page } = await opened(t);
    const count = async (filter: Params<"deadLetters.groups">["filter"]): Promise<number> => (await page.call("deadLetters.groups", { queue: "orders", filter, most: 1000 })).scanned;
    const [first] = (await queues.broker.inspect.deadLetters("orders")).items;
    assert.ok(first !== undefined);
    await queues.broker.repair.redrive("orders", { filter: { ids: [first.id] } });
    assert.deepEqual(await Promise.all([count({ match: "C-3" }), count({ group: "billing" }), count({ group: "default" }), count({ to: first.deadAt }), count({ redriven: true }), count({ redriven: false })]), [1, 5, 0, 0, 1, 4]);
  });

  it("are listed by the kind of their error, in pages", async (t) => {
    const { page } = await opened(t);
    assert.equal((await idsOf(page, "orders", { filter: {}, fingerprints: [TIMED_OUT] })).length, 4);
    const first = await page.call("deadLetters.list", { queue: "orders", selection: all, limit: 3 });
    assert.ok(first.next !== null);
    const second = await page.call("deadLetters.list", { queue: "orders", selection: all, limit: 3, after: first.next });
    assert.deepEqual([first.rows.length, second.rows.length, second.next], [3, 2, null]);
    assert.deepEqual(first.rows.map(({ error, preview, attempts }) => [error, preview, attempts]).at(0), ["Order 1 timed out after 10s", '{"id":1,"fault":"slow"}', 1]);
  });

  it("tell everything: error, stack, payload, headers, and what they were and became", async (t) => {
    const { queues, page } = await opened(t);
    const [id = ""] = await idsOf(page, "orders");
    const summary = await page.call("deadLetters.redrive", redrive("orders", { ids: [id], filter: {} }));
    const detail = await page.call("deadLetters.get", { id });
    assert.match(detail.stack ?? "", /inspector-dead-letters\.test\.ts/);
    assert.equal(Buffer.from(detail.content.text, "base64").toString(), '{"id":1,"fault":"slow"}');
    assert.deepEqual([detail.reason, detail.messageExists, detail.redriven.map(({ messageId }) => messageId)], ["retries-exhausted", true, summary.redriven.map(({ messageId }) => messageId)]);
    assert.deepEqual(detail.existing, summary.redriven.map(({ messageId }) => messageId));
    await queues.broker.repair.remove([detail.messageId]);
    assert.equal((await page.call("deadLetters.get", { id })).messageExists, false);
  });

  it("are counted before they are redriven, and what dies meanwhile is left out", async (t) => {
    const { queues, page } = await opened(t);
    const [id = ""] = await idsOf(page, "orders");
    await queues.broker.repair.redrive("orders", { filter: { ids: [id] } });
    const plan = await page.call("deadLetters.count", { queue: "orders", selection: all });
    assert.deepEqual([plan.count, plan.redriven], [5, 1]);
    assert.ok(plan.asOf <= Date.now());
    assert.equal((await page.call("deadLetters.count", { queue: "orders", selection: { filter: { to: 1 } } })).count, 0);
  });

  it("are redriven: chosen ones, those of one error, or all that match; what was redriven before is left alone", async (t) => {
    const { queues, page } = await opened(t);
    const [one = "", two = ""] = await idsOf(page, "orders");
    const progress: number[] = [];
    const chosen = await page.call("deadLetters.redrive", redrive("orders", { ids: [one, two], filter: {} }), { onProgress: ({ done }) => { progress.push(done); } });
    assert.deepEqual([chosen.count, chosen.before, chosen.stopped, progress.at(-1)], [2, 0, null, 2]);
    const kind = await page.call("deadLetters.redrive", redrive("orders", { filter: {}, fingerprints: [TIMED_OUT] }, { to: "orders" }));
    assert.deepEqual([kind.count, kind.before], [2, 2]);
    const rest = await page.call("deadLetters.redrive", redrive("orders", all));
    assert.deepEqual([rest.count, rest.before], [1, 4]);
    assert.equal((await page.call("deadLetters.redrive", redrive("orders", all, { again: true }))).count, 5);
    // In the same queue they go to the group they died in only.
    assert.equal((await queues.queue("orders").batch(100).pop()).length, 6);
    assert.equal((await queues.queue("orders").group("billing").batch(100).pop()).length, 10);
  });

  it("are redriven to another queue and partition, or to all groups", async (t) => {
    const { queues, page } = await opened(t);
    await queues.queue("later").create();
    const [one = "", two = ""] = await idsOf(page, "orders");
    const summary = await page.call("deadLetters.redrive", redrive("orders", { ids: [one], filter: {} }, { to: "later", partition: "p" }));
    const [message] = await queues.queue("later").peek();
    assert.deepEqual([summary.queue, message?.partition, message?.id], ["later", "p", summary.redriven[0]?.messageId]);
    await page.call("deadLetters.redrive", redrive("orders", { ids: [two], filter: {} }, { allGroups: true }));
    assert.equal((await queues.queue("orders").batch(100).pop()).length, 7);
    await assert.rejects(page.call("deadLetters.redrive", redrive("orders", all, { to: "nowhere" })), { code: "queue-not-found" });
  });

  it("are redriven at a rate, until cancelled; what was done is told, and can be undone", async (t) => {
    const { queues, page } = await opened(t);
    const stop = new AbortController();
    const summary = await page.call("deadLetters.redrive", redrive("orders", all, { rate: 0.001 }), { signal: stop.signal, onProgress: () => { stop.abort(); } });
    assert.deepEqual([summary.count, summary.stopped?.code], [1, "cancelled"]);
    const ids = summary.redriven.map(({ deadLetterId }) => deadLetterId);
    assert.deepEqual(await page.call("deadLetters.undo", { queue: "orders", ids }), { undone: 1, kept: [] });
    assert.deepEqual(await queues.queue("orders").group("billing").batch(100).pop(), []);
    assert.equal((await page.call("deadLetters.count", { queue: "orders", selection: { filter: { redriven: false } } })).count, 5);
  });

  it("aren't undone once their message was delivered, and say why", async (t) => {
    const { queues, page } = await opened(t);
    const { redriven } = await page.call("deadLetters.redrive", redrive("orders", { filter: { match: "c-3" } }));
    await queues.queue("orders").group("billing").pop();
    const { undone, kept } = await page.call("deadLetters.undo", { queue: "orders", ids: redriven.map(({ deadLetterId }) => deadLetterId) });
    assert.equal(undone, 0);
    assert.match(kept[0]?.reason ?? "", /leased in the group "billing"/);
  });

  it("stop at a full queue, and what went before is told", async (t) => {
    const { queues, page } = await opened(t);
    await queues.queue("small").config({ maxSize: 2 }).create();
    // A rate below ten a second makes steps of one.
    const summary = await page.call("deadLetters.redrive", redrive("orders", all, { to: "small", rate: 9 }));
    assert.deepEqual([summary.count, summary.stopped?.code], [2, "queue-full"]);
    await assert.rejects(page.call("deadLetters.redrive", redrive("orders", all, { to: "small" })), { code: "queue-full" });
  });

  it("are edited as a document, then redriven", async (t) => {
    const { queues, page } = await opened(t);
    const [id = ""] = await idsOf(page, "orders");
    const { text } = await page.call("deadLetters.document", { id });
    const document = text.replace('"slow"', '"mended"');
    const summary = await page.call("deadLetters.redrive", redrive("orders", { ids: [id], filter: {} }, { document }));
    const [mended] = await queues.queue<Order>("orders").group("billing").pop();
    assert.deepEqual(mended?.data, { id: 1, fault: "mended" });
    const { left, right } = await page.call("deadLetters.compare", { id, messageId: summary.redriven[0]?.messageId ?? "" });
    assert.deepEqual([left, right], [text, document]);
    await assert.rejects(page.call("deadLetters.redrive", redrive("orders", { ids: [id], filter: {} }, { document: "{", again: true })), { code: "invalid-input", message: /not JSON/ });
    await assert.rejects(page.call("deadLetters.redrive", redrive("orders", all, { document: text, again: true })), { code: "invalid-input" });
  });

  it("open and differ in the editor where there is one", async (t) => {
    const { queues } = await opened(t);
    const shown: string[] = [];
    const note = (what: string) => (...given: unknown[]): Promise<void> => {
      shown.push(`${what} ${JSON.stringify(given)}`);
      return Promise.resolve();
    };
    const editor: Editor = { openMessage: note("message"), openDeadLetter: note("deadLetter"), openTrace: note("trace"), editMessage: note("editMessage"), editDeadLetter: note("edit"), compare: note("compare"), debugMessage: note("debug"), debugDeadLetter: ({ id }) => note("debug")(id) };
    const page = await pageOn(t, queues, editor);
    await page.call("deadLetters.open", { queue: "orders", id: "d1-1", how: "edit" });
    await page.call("deadLetters.openDifference", { id: "d1-1", messageId: "m1-9", group: "billing" });
    await page.call("debug.deadLetter", { id: "d1-1" });
    assert.deepEqual(shown.splice(2), ['debug ["d1-1"]']);
    assert.deepEqual(shown, ['edit ["orders","d1-1"]', 'compare [{"kind":"deadLetter","id":"d1-1"},{"kind":"message","id":"m1-9","group":"billing"},"d1-1 ↔ m1-9"]']);
    await assert.rejects((await pageOn(t, queues)).call("deadLetters.open", { queue: "orders", id: "d1-1", how: "open" }), { code: "unsupported" });
  });

  it("are discarded: exactly those of the selection", async (t) => {
    const { queues, page } = await opened(t);
    assert.deepEqual(await page.call("deadLetters.discard", { queue: "orders", selection: { filter: {}, fingerprints: [TIMED_OUT] } }), { discarded: 4, stopped: null });
    assert.deepEqual((await queues.broker.inspect.deadLetters("orders")).items.map(({ error }) => error), ['RangeError: No customer "c-3"']);
  });

  it("leave encryption with permission only", async (t) => {
    const queues = await openQueues(t, { encryptionKey: "ab".repeat(32) });
    await failOrders(queues, "secret", { encryptionEnabled: true });
    await queues.queue("plain").create();
    const page = await pageOn(t, queues);
    await assert.rejects(page.call("deadLetters.redrive", redrive("secret", all, { to: "plain" })), { code: "invalid-input", field: "plaintext" });
    assert.equal((await page.call("deadLetters.redrive", redrive("secret", all, { to: "plain", plaintext: true }))).count, 5);
  });
});

describe("the inspector's dead letters on NATS", { skip: natsSkip() }, () => {
  let server: NatsServer;
  before(async () => { server = await startNatsServer(); });
  after(() => server.stop());

  it("are grouped, redriven, undone and discarded as those of a file are", async (t) => {
    const queues = await connect(server.url);
    t.after(() => queues.close());
    await failOrders(queues, "orders");
    const page = await pageOn(t, queues);
    const { groups } = await page.call("deadLetters.groups", { queue: "orders", filter: {}, most: 1000 });
    assert.deepEqual(groups.map(({ fingerprint, count }) => [fingerprint, count]).sort(), [[TIMED_OUT, 4], ["RangeError: No customer <text>", 1]]);
    const { redriven } = await page.call("deadLetters.redrive", redrive("orders", { filter: {}, fingerprints: [TIMED_OUT] }));
    assert.equal(redriven.length, 4);
    assert.equal((await page.call("deadLetters.undo", { queue: "orders", ids: redriven.map(({ deadLetterId }) => deadLetterId) })).undone, 4);
    assert.equal((await page.call("deadLetters.discard", { queue: "orders", selection: all })).discarded, 5);
  });
});
