import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { jsonTextPayload, type PushItem } from "../../src/core/index.ts";
import type { MessageFilter } from "../../src/protocol/index.ts";
import { MOST, Tail } from "../../webview/messages/tail.ts";
import { openPage, type TestPage } from "../support/inspector.ts";
import { until } from "../support/until.ts";

const Q = "orders";
const item = (text: string, more: Partial<PushItem> = {}): PushItem => ({ payload: jsonTextPayload(JSON.stringify(text)), ...more });
const numbered = (from: number, to: number): PushItem[] => Array.from({ length: to - from }, (_, i) => item(String(from + i)));

/** A tail that began: it has looked where the queue ends. */
async function follow(page: TestPage, filter: MessageFilter = {}, fails = (): boolean => false): Promise<{ readonly tail: Tail; readonly texts: () => string[] } & Disposable> {
  const asked: string[] = [];
  const tail = new Tail({ call: (method, params, options) => { asked.push(method); return fails() ? Promise.reject(new Error("gone")) : page.call(method, params, options); } }, { queue: Q, filter, onFrame: setImmediate, tell: () => undefined });
  tail.start();
  await until("the tail to wait", () => asked.includes("messages.tail"));
  return { tail, texts: () => tail.state.rows.map(({ preview }) => preview.slice(1, -1)), [Symbol.dispose]: () => { tail.stop(); } };
}

describe("the live tail", () => {
  it("shows what enters from now on, in order, each message once, whatever the pace", async () => {
    await using page = await openPage();
    await page.broker.messages.push(Q, numbered(0, 100));
    using followed = await follow(page);
    for (let from = 100; from < 8100; from += 400) await page.broker.messages.push(Q, numbered(from, from + 400));
    await until("all of them", () => followed.tail.state.received >= 8000);
    assert.deepEqual(followed.texts(), Array.from({ length: 8000 }, (_, i) => String(100 + i)));
    assert.equal(followed.tail.state.dropped, 0);
  });

  it("keeps a bounded number, and says how many had to go", async () => {
    await using page = await openPage();
    await page.broker.messages.push(Q, numbered(0, 1));
    using followed = await follow(page);
    for (let from = 1; from < 12_501; from += 2500) await page.broker.messages.push(Q, numbered(from, from + 2500));
    await until("all of them", () => followed.tail.state.received === 12_500);
    assert.deepEqual([followed.tail.state.rows.length, followed.tail.state.dropped], [MOST, 12_500 - MOST]);
    assert.deepEqual([followed.texts()[0], followed.texts().at(-1)], ["2501", "12500"]);
  });

  it("misses nothing in a pause", async () => {
    await using page = await openPage();
    await page.broker.messages.push(Q, numbered(0, 1));
    using followed = await follow(page);
    await page.broker.messages.push(Q, numbered(1, 4));
    await until("the first", () => followed.texts().length === 3);
    followed.tail.pause();
    await page.broker.messages.push(Q, numbered(4, 900));
    assert.equal(followed.tail.state.paused, true);
    followed.tail.start();
    await until("the others", () => followed.texts().length === 899);
    assert.deepEqual(followed.texts(), Array.from({ length: 899 }, (_, i) => String(1 + i)));
  });

  it("begins with the very first message of an empty queue", async () => {
    await using page = await openPage();
    await page.broker.queues.create(Q);
    using followed = await follow(page);
    await page.broker.messages.push(Q, numbered(0, 2));
    await until("both", () => followed.texts().length === 2);
    assert.deepEqual(followed.texts(), ["0", "1"]);
  });

  it("shows a scheduled message when it enters, and misses none behind it", async () => {
    await using page = await openPage();
    await page.broker.messages.push(Q, [item("first"), item("due", { deliverAt: Date.now() + 300 }), item("far", { deliverAt: Date.now() + 3_600_000 })]);
    using followed = await follow(page);
    await page.broker.messages.push(Q, [item("before")]);
    await until("the one that is due", async () => {
      // Whoever pops brings it in.
      await page.broker.messages.pop(Q, { group: "other", batch: 10, atMostOnce: true });
      return followed.texts().includes("due");
    });
    await page.broker.messages.push(Q, [item("after")]);
    await until("the one after it", () => followed.texts().includes("after"));
    assert.deepEqual(followed.texts(), ["before", "due", "after"]);
  });

  it("follows the filter, also where nothing of what came matched", async () => {
    await using page = await openPage();
    await page.broker.messages.push(Q, numbered(0, 10));
    using followed = await follow(page, { match: "needle" });
    for (let round = 0; round < 3; round++) await page.broker.messages.push(Q, [...numbered(0, 3000), item(`needle ${round}`), ...numbered(0, 10)]);
    await until("the three", () => followed.texts().length === 3);
    assert.deepEqual(followed.texts(), ["needle 0", "needle 1", "needle 2"]);
  });

  it("shows how the messages in sight stand now", async () => {
    await using page = await openPage();
    await page.broker.messages.push(Q, numbered(0, 1));
    using followed = await follow(page);
    await page.broker.messages.push(Q, numbered(1, 6));
    await until("all of them", () => followed.texts().length === 5);
    await page.broker.messages.pop(Q, { batch: 3 });
    await followed.tail.look(1, 3);
    assert.deepEqual(followed.tail.state.rows.map(({ state }) => state), ["ready", "leased", "ready", "ready", "ready"], "only those that are looked at");
  });

  it("says what went wrong, and goes on where it stood when it is well again", async () => {
    await using page = await openPage();
    await page.broker.messages.push(Q, numbered(0, 1));
    let broken = false;
    using followed = await follow(page, {}, () => broken);
    const { tail } = followed;
    broken = true;
    await page.broker.messages.push(Q, numbered(1, 2));
    await until("the error", () => tail.state.error?.message === "gone");
    await page.broker.messages.push(Q, numbered(2, 3));
    broken = false;
    await page.broker.messages.push(Q, numbered(3, 4));
    await until("all of them", () => tail.state.received === 3);
    assert.deepEqual([followed.texts(), tail.state.error], [["1", "2", "3"], undefined]);
  });
});
