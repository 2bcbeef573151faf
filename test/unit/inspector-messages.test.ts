import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { jsonTextPayload, type PushItem } from "../../src/core/index.ts";
import type { Editor } from "../../src/inspector/index.ts";
import type { MessageRow } from "../../src/protocol/index.ts";
import { connect } from "../../src/client/connect.ts";
import { CallRefused, openPage, type TestPage } from "../support/inspector.ts";
import { until } from "../support/until.ts";
import { natsSkip, startNatsServer } from "../support/nats-server.ts";

const Q = "orders";
const json = (value: unknown, more: Omit<PushItem, "payload"> = {}): PushItem => ({ payload: jsonTextPayload(JSON.stringify(value)), ...more });
const push = (page: TestPage, ...items: PushItem[]): Promise<string[]> => page.broker.messages.push(Q, items).then((results) => results.map(({ id }) => id));
const numbers = (from: number, to: number): PushItem[] => Array.from({ length: to - from }, (_, i) => json(from + i));
const previews = (rows: readonly MessageRow[]): string[] => rows.map(({ preview }) => preview);

/** Every page, as the table reads them. */
async function all(page: TestPage, order: "newest" | "oldest", filter = {}): Promise<string[]> {
  const found: string[] = [];
  for (let after: string | undefined; ; ) {
    const { rows, next } = await page.call("messages.browse", { queue: Q, filter, order, after, limit: 7 });
    found.push(...previews(rows));
    if (next === null) return found;
    after = next;
  }
}

describe("the Messages tab's host", () => {
  it("gives pages in both orders, each message once", async () => {
    await using page = await openPage();
    await push(page, ...numbers(0, 25));
    const oldest = Array.from({ length: 25 }, (_, i) => String(i));
    assert.deepEqual(await all(page, "oldest"), oldest);
    assert.deepEqual(await all(page, "newest"), oldest.toReversed());
    await push(page, json("a needle"), json("hay"), json("in a header", { headers: { kind: "Needle" } }));
    assert.deepEqual(await all(page, "newest", { match: "needle" }), ['"in a header"', '"a needle"']);
  });

  it("says how far a search came that isn't done", async () => {
    await using page = await openPage();
    const [first = ""] = await push(page, json("needle"));
    for (let from = 0; from < 5000; from += 1000) await push(page, ...numbers(from, from + 1000));
    let calls = 0;
    for (let after: string | undefined; ; ) {
      const answer = await page.call("messages.browse", { queue: Q, filter: { match: "needle" }, order: "newest", after, limit: 10 });
      calls += 1;
      if (answer.partial) {
        assert.ok(answer.read > 0 && answer.read <= 2000);
        assert.ok(answer.reached !== null && answer.reached <= Date.now());
        after = answer.next ?? undefined;
        continue;
      }
      assert.deepEqual(answer.rows.map(({ id }) => id), [first]);
      assert.ok(calls >= 3, `it took ${calls} calls`);
      return;
    }
  });

  it("tells how rows stand now, wherever they are, and which are gone", async () => {
    await using page = await openPage();
    const ids = await push(page, ...numbers(0, 6));
    const [delivery] = await page.broker.messages.pop(Q, {});
    await page.broker.messages.settle([{ action: "ack", receipt: delivery?.receipt ?? "" }]);
    await page.broker.repair.remove([ids[4] ?? ""]);
    const state = async (request: { readonly after?: string | undefined; readonly filter: object; readonly ids: readonly string[] }): Promise<unknown> =>
      (await page.call("messages.rows", { queue: Q, order: "oldest", ...request, ids: [...request.ids] })).rows.map(({ id, state: now }) => [id, now]);
    const expected = [0, 1, 2, 3, 5].map((i) => [ids[i], i === 0 ? "completed" : "ready"]);
    assert.deepEqual(await state({ filter: {}, ids }), expected);
    assert.deepEqual(await state({ filter: {}, after: ids[1], ids: ids.slice(2) }), expected.slice(2), "read as a stretch behind the one above them");
    assert.deepEqual(await state({ filter: { state: "ready" }, ids }), expected, "whether they match any more or not");
  });

  it("finds the first message of a time, and counts by time", async () => {
    await using page = await openPage();
    await push(page, ...numbers(0, 3));
    const pushedBy = Date.now();
    await until("the clock to go on", () => Date.now() > pushedBy);
    const [later = ""] = await push(page, json("later"));
    const { createdAt } = await page.broker.inspect.read(later);
    assert.deepEqual(await page.call("messages.at", { queue: Q, group: "default", at: createdAt }), { id: later });
    assert.deepEqual(await page.call("messages.at", { queue: Q, group: "default", at: createdAt + 60_000 }), { id: null });
    const { from, to, counts } = await page.call("messages.histogram", { queue: Q, buckets: 10 });
    assert.ok(from <= createdAt);
    assert.equal(to, createdAt + 1, "up to the last one");
    assert.equal(counts.reduce((sum, value) => sum + value), 4);
    const empty = await page.call("messages.histogram", { queue: Q, from: 0, to: 1, buckets: 10 });
    assert.deepEqual([empty.counts.length, empty.to - empty.from], [10, 10], "never less than a millisecond a span");
  });

  it("shows one message with its payload, its groups, its attempts with their errors, and where it was redriven to", async () => {
    await using page = await openPage();
    const [id = ""] = await push(page, json({ big: 1 }, { headers: { source: "web" } }));
    const settled = async (action: "nack" | "dead", error: string): Promise<void> => {
      const [delivery] = await page.broker.messages.pop(Q, { wait: 5000, worker: "w1" });
      await page.broker.messages.settle([{ action, receipt: delivery?.receipt ?? "", error: { message: error, stack: `Error: ${error}\n    at handler.ts:1` }, ...(action === "nack" ? { delay: 0 } : {}) }]);
    };
    await settled("nack", "no luck");
    await settled("dead", "gave up");
    await page.broker.messages.pop(Q, { group: "billing" });
    await page.broker.repair.redrive(Q, { filter: {} });
    const detail = await page.call("messages.get", { id, group: "default" });
    assert.deepEqual([detail.row.state, detail.row.headers, Buffer.from(detail.content.text, "base64").toString(), detail.truncated], ["dead", { source: "web" }, '{"big":1}', false]);
    assert.deepEqual(detail.standings.map(({ group, state, deliveryCount }) => [group, state, deliveryCount]), [["default", "dead", 2], ["billing", "leased", 1]]);
    assert.deepEqual(detail.attempts.map(({ type, error, stack }) => [type, error, stack?.split("\n")[1]]), [["nacked", "no luck", "    at handler.ts:1"], ["dead", "gave up", "    at handler.ts:1"]]);
    const [link] = detail.redrivenTo;
    assert.ok(link !== undefined && link.queue === Q);
    const copy = await page.call("messages.get", { id: link.messageId, group: "default" });
    assert.equal(copy.redrivenFrom?.messageId, id);
    assert.deepEqual(copy.redrivenTo, []);
  });

  it("gives the beginning of a large payload, and all of it on demand", async () => {
    await using page = await openPage();
    const text = JSON.stringify("x".repeat(1024 * 1024));
    const [id = ""] = await push(page, { payload: jsonTextPayload(text) });
    const { rows } = await page.call("messages.browse", { queue: Q, filter: {}, limit: 1 });
    assert.ok((rows[0]?.preview.length ?? 0) <= 300);
    const { content, truncated } = await page.call("messages.get", { id, group: "default" });
    assert.equal(truncated, true);
    assert.equal(Buffer.from(content.text, "base64").byteLength, 256 * 1024);
    assert.equal(Buffer.from((await page.call("messages.content", { id })).content.text, "base64").toString(), text);
  });

  it("edits, cancels and removes, and says what wasn't there", async () => {
    await using page = await openPage();
    const [first = "", second = "", third = ""] = await push(page, ...numbers(0, 3));
    const [due = ""] = await push(page, json("due", { deliverAt: Date.now() + 3_600_000 }));
    await page.call("messages.edit", { id: first, encoding: "json", text: "12345678901234567890", headers: { by: "hand" } });
    const { row } = await page.call("messages.get", { id: first, group: "default" });
    assert.deepEqual([row.preview, row.headers], ["12345678901234567890", { by: "hand" }]);
    await assert.rejects(page.call("messages.edit", { id: second, encoding: "json", text: "{oops", headers: {} }), (error) => error instanceof CallRefused && error.code === "invalid-input");
    assert.deepEqual(await page.call("messages.cancel", { ids: [due, second] }), { cancelled: 1 });
    assert.deepEqual(await page.call("messages.remove", { ids: [second, third, due] }), { removed: 2 });
    assert.deepEqual(await all(page, "oldest"), ["12345678901234567890"]);
  });

  it("opens and compares documents where there is an editor, and refuses it elsewhere", async () => {
    const done: string[] = [];
    const note = (text: string): Promise<void> => Promise.resolve(void done.push(text));
    const editor: Editor = {
      openMessage: (id, group) => note(`open ${id} ${group}`),
      editMessage: (id) => note(`edit ${id}`),
      compare: (left, right) => note(`compare ${left.id} ${right.id}`),
      openDeadLetter: note,
      openTrace: note,
      editDeadLetter: note,
      debugMessage: ({ id, group }) => note(`debug ${id} ${group}`),
      debugDeadLetter: ({ id }) => note(`debug ${id}`),
    };
    await using page = await openPage({ editor });
    const [first = "", second = ""] = await push(page, ...numbers(0, 2));
    await page.call("messages.open", { id: first, group: "default" });
    await page.call("messages.openEdit", { id: first });
    await page.call("messages.compare", { left: first, right: second, group: "default" });
    await page.call("debug.message", { id: second, group: "default" });
    assert.deepEqual(done, [`open ${first} default`, `edit ${first}`, `compare ${first} ${second}`, `debug ${second} default`]);
    await using other = await openPage();
    await push(other, ...numbers(0, 1));
    await assert.rejects(other.call("messages.open", { id: first, group: "default" }), (error) => error instanceof CallRefused && error.code === "unsupported");
  });
});

describe("the Messages tab's host on NATS", { skip: natsSkip() }, () => {
  it("pages both ways, tells how rows stand, follows, and shows one", async () => {
    await using server = await startNatsServer();
    await using queues = await connect({ url: server.url });
    await using page = await openPage({ broker: queues.broker });
    const ids = await push(page, ...numbers(0, 20));
    const oldest = Array.from({ length: 20 }, (_, i) => String(i));
    assert.deepEqual(await all(page, "oldest"), oldest);
    assert.deepEqual(await all(page, "newest"), oldest.toReversed());
    await page.broker.messages.pop(Q, { batch: 2, worker: "w1" });
    const { rows } = await page.call("messages.rows", { queue: Q, filter: {}, order: "newest", after: ids[4], ids: ids.slice(0, 4).toReversed() });
    assert.deepEqual(rows.map(({ id, state }) => [id, state]), [[ids[3], "ready"], [ids[2], "ready"], [ids[1], "leased"], [ids[0], "leased"]]);
    const { cursor } = await page.call("messages.latest", { queue: Q });
    const tail = page.call("messages.tail", { queue: Q, filter: {}, cursor, limit: 10, wait: 20_000 });
    await push(page, json("new"));
    assert.deepEqual(previews((await tail).rows), ['"new"']);
    assert.equal((await page.call("messages.newer", { queue: Q, filter: {}, cursor })).count, 1);
    const detail = await page.call("messages.get", { id: ids[0] ?? "", group: "default" });
    assert.deepEqual([detail.row.state, detail.row.worker], ["leased", "w1"]);
    assert.equal((await page.call("messages.histogram", { queue: Q, buckets: 50 })).counts.reduce((sum, value) => sum + value), 21);
  });
});
