import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { jsonTextPayload } from "../../src/core/index.ts";
import type { MessageFilter, Order } from "../../src/protocol/index.ts";
import { type ListState, MessageList } from "../../webview/messages/list.ts";
import { MOST_ROWS } from "../../webview/messages/window.ts";
import { openPage, type TestPage } from "../support/inspector.ts";
import { until } from "../support/until.ts";

const Q = "orders";

async function push(page: TestPage, from: number, to: number, more = {}): Promise<string[]> {
  const ids: string[] = [];
  for (let start = from; start < to; start += 5000) {
    const results = await page.broker.messages.push(Q, Array.from({ length: Math.min(5000, to - start) }, (_, i) => ({ payload: jsonTextPayload(`"n${start + i}"`), ...more })));
    ids.push(...results.map(({ id }) => id));
  }
  return ids;
}

class Listed implements Disposable {
  readonly list: MessageList;

  constructor(page: TestPage, order: Order, filter: MessageFilter = {}) {
    this.list = new MessageList(page, { queue: Q, filter, order }, () => undefined);
  }

  get state(): ListState {
    return this.list.state;
  }

  get texts(): string[] {
    return this.state.window.rows.map(({ preview }) => preview.slice(2, -1));
  }

  /** Scrolls on until there is no more, or to a number of rows gone by. @returns every row that was seen, in its order */
  async scroll(direction: "up" | "down"): Promise<Set<string>> {
    const seen = new Set(this.texts);
    while (this.state.window[direction] !== null) {
      const before = this.state.window;
      this.list.more(direction);
      await until("more rows", () => this.state.window !== before && !this.state.loading);
      assert.ok(this.state.window.rows.length <= MOST_ROWS);
      for (const text of this.texts) seen.add(text);
    }
    return seen;
  }

  [Symbol.dispose](): void {
    this.list.stop();
  }
}

const range = (from: number, to: number): string[] => Array.from({ length: Math.abs(to - from) }, (_, i) => String(from < to ? from + i : from - 1 - i));

describe("the list of messages", () => {
  it("scrolls over any number with a bounded number in memory, and back again", async () => {
    await using page = await openPage();
    await push(page, 0, 10_000);
    using listed = new Listed(page, "newest");
    await listed.list.toStart();
    assert.deepEqual(listed.texts.slice(0, 3), ["9999", "9998", "9997"]);
    assert.equal((await listed.scroll("down")).size, 10_000);
    assert.deepEqual(listed.texts, range(MOST_ROWS, 0));
    assert.equal(listed.state.window.above, 10_000 - MOST_ROWS);
    assert.equal((await listed.scroll("up")).size, 10_000);
    assert.deepEqual([listed.texts, listed.state.window.above], [range(10_000, 10_000 - MOST_ROWS), 0]);
  });

  it("goes to an id, to the end, and on from there in both directions", async () => {
    await using page = await openPage();
    const ids = await push(page, 0, 1000);
    using listed = new Listed(page, "newest");
    await listed.list.to(ids[500] ?? "");
    assert.deepEqual([listed.texts, listed.state.window.above, listed.state.reveal?.key], [range(701, 300), null, ids[500]]);
    await listed.scroll("up");
    await listed.scroll("down");
    assert.deepEqual([listed.texts, listed.state.window.above], [range(1000, 0), 0]);
    await listed.list.toEnd();
    assert.deepEqual(listed.texts, range(200, 0));
    await listed.list.to("m1-9999");
    assert.match(listed.state.error?.message ?? "", /no message m1-9999/);
  });

  it("lets new ones flow in at the top, and announces them elsewhere", async () => {
    await using page = await openPage();
    await push(page, 0, 500);
    using listed = new Listed(page, "newest");
    await listed.list.toStart();
    listed.list.see(0, 20, true);
    await push(page, 500, 510);
    listed.list.changed();
    await until("ten new rows", () => listed.texts[0] === "509");
    assert.deepEqual(listed.texts, range(510, 300), "what was there stays below");

    listed.list.see(50, 80, false);
    await push(page, 510, 522);
    listed.list.changed();
    await until("the announcement", () => listed.state.newer.count === 12);
    assert.equal(listed.texts[0], "509", "nothing moves");
    await push(page, 522, 523);
    listed.list.changed();
    await until("one more", () => listed.state.newer.count === 13);
    await listed.list.toStart();
    assert.deepEqual([listed.texts[0], listed.state.newer.count], ["522", 0]);
  });

  it("starts anew at the top where more came than it reads at once, rather than leave a gap", async () => {
    await using page = await openPage();
    await push(page, 0, 50);
    using listed = new Listed(page, "newest");
    await listed.list.toStart();
    listed.list.see(0, 20, true);
    await push(page, 50, 1000);
    listed.list.changed();
    await until("the newest", () => listed.texts[0] === "999");
    await listed.scroll("down");
    assert.deepEqual(listed.texts, range(1000, 0));
  });

  it("appends new ones where the oldest are first and the end is reached", async () => {
    await using page = await openPage();
    await push(page, 0, 150);
    using listed = new Listed(page, "oldest");
    await listed.list.toStart();
    listed.list.see(100, 140, false);
    await push(page, 150, 160);
    listed.list.changed();
    await until("the new ones", () => listed.texts.at(-1) === "159");
    assert.deepEqual(listed.texts, range(0, 160));
  });

  it("shows how the rows in sight stand, and which are gone, without moving them", async () => {
    await using page = await openPage();
    const ids = await push(page, 0, 300);
    using listed = new Listed(page, "newest");
    await listed.list.toStart();
    await listed.scroll("down");
    listed.list.see(290, 299, false);
    const untouched = listed.state.window.rows[295];
    const [delivery] = await page.broker.messages.pop(Q, {});
    await page.broker.messages.settle([{ action: "ack", receipt: delivery?.receipt ?? "" }]);
    await page.broker.repair.remove([ids[2] ?? ""]);
    listed.list.changed();
    await until("the state", () => listed.state.window.rows[299]?.state === "completed");
    assert.deepEqual([...listed.state.window.gone], [ids[2]]);
    assert.equal(listed.texts.length, 300);
    assert.equal(listed.state.window.rows[295], untouched, "what didn't change isn't drawn again");
  });

  it("searches on by itself until a page is full or nothing is left", async () => {
    await using page = await openPage();
    await push(page, 0, 1, { headers: { kind: "needle" } });
    await push(page, 1, 9000);
    await push(page, 9000, 9001, { headers: { kind: "needle" } });
    using listed = new Listed(page, "newest", { match: "needle" });
    await listed.list.toStart();
    while (listed.state.paused !== null) {
      listed.list.search();
      await until("the search", () => !listed.state.loading);
    }
    assert.deepEqual([listed.texts, listed.state.window.down], [["9000", "0"], null]);
  });
});
