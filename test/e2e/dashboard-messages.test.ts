import assert from "node:assert/strict";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { Locator, Page } from "playwright-core";
import { connect } from "../../src/client/connect.ts";
import type { Connection } from "../../src/client/connection.ts";
import { jsonTextPayload, type PushItem } from "../../src/core/index.ts";
import { assertAccessible } from "../support/axe.ts";
import { openDashboard } from "../support/dashboard-page.ts";
import { until } from "../support/until.ts";

const MILLION = 1_000_000;
const BATCH = 10_000;
const file = (folder: string): string => join(folder, ".queuescope", "queues.db");
const order = (n: number): PushItem => ({ payload: jsonTextPayload(`{"order":${n},"total":12345678901234567890,"lines":[{"sku":"A-${n % 7}"}]}`), headers: { source: n % 2 === 0 ? "web" : "app" } });

async function filled(folder: string, fill: (queues: Connection) => Promise<void>): Promise<void> {
  await mkdir(join(folder, ".queuescope"), { recursive: true });
  await using queues = await connect({ url: file(folder) });
  await fill(queues);
}

async function pushMany({ broker }: Connection, queue: string, from: number, to: number): Promise<void> {
  for (let start = from; start < to; start += BATCH) {
    await broker.messages.push(queue, Array.from({ length: Math.min(BATCH, to - start) }, (_, i) => order(start + i)));
  }
}

/** The Messages tab, as a person finds their way in it. */
class Messages {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  get table(): Locator {
    return this.page.getByRole("grid", { name: "Messages" });
  }

  get rows(): Locator {
    return this.table.locator(".table-row");
  }

  row(text: string | RegExp): Locator {
    return this.rows.filter({ hasText: text }).first();
  }

  get footer(): Locator {
    return this.page.locator(".table-footer");
  }

  get details(): Locator {
    return this.page.locator(".details");
  }

  button(name: string): Locator {
    return this.page.getByRole("button", { name, exact: true });
  }

  async shows(text: string | RegExp): Promise<void> {
    await this.row(text).waitFor();
  }

  async goTo(text: string): Promise<void> {
    const field = this.page.getByPlaceholder("Go to id or time");
    await field.fill(text);
    await field.press("Enter");
  }

  async search(text: string): Promise<void> {
    await this.page.getByPlaceholder("Search (/)").fill(text);
  }

  async state(name: string): Promise<void> {
    const select = this.page.locator(".messages-toolbar vscode-single-select");
    await select.click();
    await select.getByRole("option", { name, exact: true }).click();
  }

  /** Scrolls through the rows, a screen each time a picture is drawn. @returns times between pictures in milliseconds, the longest last */
  scrollFrames(frames: number): Promise<number[]> {
    return this.page.evaluate<number[]>(`new Promise((resolve) => {
      const table = document.querySelector(".messages-list .table");
      const times = [];
      let before = performance.now();
      const step = (now) => {
        times.push(now - before);
        before = now;
        table.scrollTop += table.clientHeight;
        if (times.length < ${frames}) requestAnimationFrame(step);
        // Once what was scrolled to last is drawn as well.
        else requestAnimationFrame(() => requestAnimationFrame(() => resolve(times.sort((a, b) => a - b))));
      };
      requestAnimationFrame(step);
    })`);
  }
}

const quantile = (sorted: readonly number[], share: number): string => (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(1);

describe("the Messages tab", () => {
  it("shows a million messages: the first page at once, and from there to anywhere", async (context) => {
    await using session = await openDashboard({ name: "messages-million", fill: (folder) => filled(folder, (queues) => pushMany(queues, "orders", 0, MILLION)) });
    const { step, page } = session;
    const messages = new Messages(page);
    await step("the newest first", async (dashboard) => {
      const start = performance.now();
      await dashboard.openQueue("orders");
      await messages.shows('"order":999999,');
      context.diagnostic(`the first page of a million: ${Math.round(performance.now() - start)} ms from the click`);
      await messages.footer.getByText(/^1 – \d+ of 1,000,000$/).waitFor();
    });
    await step("scrolled on", async () => {
      const times = await messages.scrollFrames(120);
      context.diagnostic(`frames while scrolling: median ${quantile(times, 0.5)} ms, 95 % ${quantile(times, 0.95)} ms, longest ${quantile(times, 1)} ms`);
      assert.ok((await messages.rows.count()) < 150, "only the rows in sight are drawn");
    });
    await step("the end, and back to the start", async () => {
      await messages.table.focus();
      await page.keyboard.press("End");
      await messages.shows('"order":0,');
      await page.keyboard.press("Home");
      await messages.shows('"order":999999,');
    });
    await step("an id", async () => {
      const id = ((await messages.row('"order":999999,').locator(".cell").nth(1).textContent()) ?? "").replace(/\d+$/, "500001");
      await messages.goTo(id);
      await messages.shows('"order":500000,');
    });
    await step("a text among a million", async () => {
      await messages.search('"order":987654,');
      await messages.shows('"order":987654,');
      assert.equal(await messages.rows.count(), 1);
    });
    await step("a search that takes long pauses, and goes on", async () => {
      await messages.search("nothing has this");
      await messages.button("Continue searching").click({ timeout: 60_000 });
      await messages.footer.getByText(/Searched about [\d,]+ messages/).waitFor();
      await messages.button("Clear filters").click();
      await messages.shows('"order":999999,');
    });
    assert.deepEqual(session.problems, []);
  });

  it("filters, chooses columns, brushes the histogram, and remembers it all", async () => {
    const fill = (folder: string): Promise<void> => filled(folder, async (queues) => {
      const { broker } = queues;
      await pushMany(queues, "orders", 0, 300);
      await broker.messages.push("orders", [{ ...order(300), partition: "customer-7" }, { ...order(301), deliverAt: Date.now() + 3_600_000 }]);
      const [first, second, third] = await broker.messages.pop("orders", { batch: 4, worker: "billing-1" });
      await broker.messages.settle([{ action: "ack", receipt: first?.receipt ?? "" }, { action: "dead", receipt: second?.receipt ?? "", error: { message: "No such customer", stack: "Error: No such customer\n    at handle (app.ts:1)" } }, { action: "nack", receipt: third?.receipt ?? "", error: { message: "timeout" }, delay: 3_600_000 }]);
    });
    await using session = await openDashboard({ name: "messages-filters", fill });
    const { step, page } = session;
    const messages = new Messages(page);
    await step("by state", async (dashboard) => {
      await dashboard.openQueue("orders");
      await messages.shows('"order":300,');
      for (const [state, text] of [["dead", '"order":1,'], ["retrying", '"order":2,'], ["leased", '"order":3,'], ["completed", '"order":0,'], ["scheduled", '"order":301,']] as const) {
        await messages.state(state);
        await messages.shows(text);
        await until(`only ${state} ones`, async () => (await messages.rows.count()) === 1);
      }
    });
    await step("by partition", async () => {
      await messages.button("Clear filters").click();
      await page.getByPlaceholder("any partition").fill("customer-7");
      await messages.shows('"order":300,');
      await until("one row", async () => (await messages.rows.count()) === 1);
      await messages.button("Clear filters").click();
    });
    await step("columns", async () => {
      await messages.button("Columns").click();
      await page.getByRole("group", { name: "Columns" }).getByText("Last error").click();
      await page.getByPlaceholder("Header…").fill("source");
      await page.getByPlaceholder("Header…").press("Enter");
      await page.keyboard.press("Escape");
      await messages.table.getByRole("columnheader", { name: "source" }).waitFor();
      const edge = messages.table.getByRole("separator", { name: "Width of source" });
      const width = async (): Promise<number> => (await messages.table.getByRole("columnheader", { name: "source" }).boundingBox())?.width ?? 0;
      const before = await width();
      await edge.press("ArrowRight");
      await until("a wider column", async () => (await width()) === before + 16);
    });
    await step("a stretch of time, by keys and by pointer", async () => {
      const end = page.getByRole("slider", { name: "Start of the time shown" });
      await end.focus();
      await page.keyboard.press("PageUp");
      await messages.button("Clear filters").waitFor();
      await page.keyboard.press("Escape");
      await messages.button("Clear filters").waitFor({ state: "detached" });
      const chart = page.locator(".histogram-chart");
      const box = await chart.boundingBox();
      assert.ok(box !== null);
      await page.mouse.move(box.x + box.width * 0.1, box.y + 10);
      await page.mouse.down();
      await page.mouse.move(box.x + box.width * 0.3, box.y + 10, { steps: 3 });
      await page.mouse.up();
      await page.getByText("No message matches").waitFor();
    });
    await step("as before after a reload", async (dashboard) => {
      await messages.button("Clear filters").first().click();
      await messages.state("dead");
      await messages.shows("No such customer");
      await page.reload();
      await dashboard.ready();
      await messages.shows("No such customer");
      await messages.table.getByRole("columnheader", { name: "source" }).waitFor();
      assert.equal(await messages.rows.count(), 1);
    });
    await step("all about it, by keyboard", async () => {
      await messages.table.focus();
      await page.keyboard.press("Home");
      await page.keyboard.press("Enter");
      await messages.details.getByText('"total": 12345678901234567890').waitFor();
      await messages.details.getByText("No such customer").first().waitFor();
      await messages.details.getByText("Stack").click();
      await messages.details.getByText("at handle (app.ts:1)").waitFor();
      await messages.details.getByRole("button", { name: "Hex" }).click();
      await messages.details.getByText("7b 22 6f 72 64 65 72 22").waitFor();
    });
    await step("without a serious issue, at 900 pixels", async () => {
      await page.setViewportSize({ width: 900, height: 800 });
      await assertAccessible(page, "messages with details");
      assert.equal(await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), true, "nothing is cut off");
      await messages.details.press("Escape");
      await messages.details.waitFor({ state: "detached" });
      await page.keyboard.press("/");
      await page.keyboard.type("customer");
      await until("the search", async () => (await page.getByPlaceholder("Search (/)").inputValue()) === "customer");
    });
    assert.deepEqual(session.problems, []);
  });

  it("follows live at thousands a second, pauses without missing anything, and lets new ones in at the top", async (context) => {
    await using session = await openDashboard({ name: "messages-live", fill: (folder) => filled(folder, (queues) => pushMany(queues, "orders", 0, 500)) });
    const { step, page, folder } = session;
    const messages = new Messages(page);
    await using queues = await connect({ url: file(folder) });
    await step("new ones flow in at the top", async (dashboard) => {
      await dashboard.openQueue("orders");
      await messages.shows('"order":499,');
      await pushMany(queues, "orders", 500, 510);
      await messages.shows('"order":509,');
    });
    await step("and are announced further down", async () => {
      await messages.scrollFrames(4);
      const row = messages.rows.nth(20);
      const text = await row.textContent();
      const place = (await row.boundingBox())?.y;
      await pushMany(queues, "orders", 510, 522);
      await messages.button("12 new messages").waitFor();
      assert.deepEqual([await row.textContent(), (await row.boundingBox())?.y], [text, place], "nothing moves under the cursor");
      await messages.button("12 new messages").click();
      await messages.shows('"order":521,');
    });
    await step("live", async () => {
      await messages.button("Live").click();
      await page.getByText("Waiting for messages").waitFor();
      await page.evaluate("globalThis.frames = []; globalThis.before = performance.now(); (function step(now) { frames.push(now - before); before = now; requestAnimationFrame(step); })(before)");
      // Five thousand a second, for three seconds.
      for (let from = 0; from < 15_000; from += 500) {
        const started = performance.now();
        await queues.broker.messages.push("orders", Array.from({ length: 500 }, (_, i) => order(100_000 + from + i)));
        await until("the next tenth of a second", () => performance.now() - started >= 100);
      }
      await messages.footer.getByText("15,000 messages came").waitFor();
      await messages.shows('"order":114999,');
      await messages.footer.getByText("5,000 older ones").waitFor();
      const times = (await page.evaluate<number[]>("frames")).sort((a, b) => a - b);
      context.diagnostic(`frames at 5,000 messages a second: median ${quantile(times, 0.5)} ms, 95 % ${quantile(times, 0.95)} ms, longest ${quantile(times, 1)} ms`);
    });
    await step("paused", async () => {
      await messages.button("Pause").click();
      await pushMany(queues, "orders", 200_000, 200_100);
      assert.equal(await messages.row('"order":200099,').count(), 0);
      await messages.button("Go on").click();
      await messages.shows('"order":200099,');
      await messages.footer.getByText("15,100 messages came").waitFor();
    });
    assert.deepEqual(session.problems, []);
  });

  it("compares, removes and exports what is chosen, and runs nothing that a payload brings", async () => {
    const hostile = '<img src=x onerror="globalThis.ran = true"><script>globalThis.ran = true</script>';
    await using session = await openDashboard({ name: "messages-chosen", fill: (folder) => filled(folder, async ({ broker }) => {
      await broker.messages.push("orders", [order(1), order(2), { payload: jsonTextPayload(JSON.stringify({ note: hostile, deep: "x".repeat(300_000) })), headers: { html: hostile }, partition: "<b>p</b>" }]);
    }) });
    const { step, page, dashboard } = session;
    const messages = new Messages(page);
    await step("a hostile payload is text", async () => {
      await dashboard.openQueue("orders");
      await messages.row("onerror").dblclick();
      await messages.details.getByText("<img src=x onerror=").first().waitFor();
      await messages.details.getByText("These are the first 256 KB").waitFor();
      assert.equal(await page.evaluate("globalThis.ran"), undefined);
      await messages.details.press("Escape");
    });
    await step("two compared", async () => {
      await messages.row('"order":1,').click();
      await messages.row('"order":2,').click({ modifiers: ["Shift"] });
      await messages.button("Compare").click();
      await dashboard.dialog.getByText('+   "order": ').waitFor();
      await dashboard.dialog.getByRole("button", { name: "Close" }).click();
    });
    await step("exported", async () => {
      await messages.button("Export and import").click();
      const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Export all" }).click()]);
      await page.getByText("Exported 3 messages").waitFor();
      const lines = (await readFile(await download.path(), "utf8")).trimEnd().split("\n");
      assert.equal(lines.length, 3);
      assert.match(lines[0] ?? "", /"data":\{"order":1,"total":12345678901234567890/);
      await messages.button("OK").click();
    });
    await step("removed, after a question", async () => {
      await messages.row('"order":1,').click();
      await messages.row('"order":2,').click({ modifiers: ["ControlOrMeta"] });
      await messages.row('"order":1,').click({ modifiers: ["ControlOrMeta"] });
      await messages.button("Remove 2 messages…").click();
      await dashboard.dialog.getByText("Queue orders").waitFor();
      await dashboard.dialog.getByRole("button", { name: "Remove 2 messages" }).click();
      await until("one row", async () => (await messages.rows.count()) === 1);
    });
    assert.deepEqual(session.problems, []);
  });
});
