import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "../../src/client/index.ts";
import { assertAccessible } from "../support/axe.ts";
import { openDashboard } from "../support/dashboard-page.ts";

const TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/** Real handlers that take their time: an order is charged and mailed; the mail fails, dies, and is redriven to another queue. */
async function sell(folder: string): Promise<void> {
  await using queues = await connect(join(folder, ".queuescope", "queues.db"));
  const [orders, mails, later] = ["orders", "mails", "mails-later"].map((name) => queues.queue<{ order: number }>(name));
  assert.ok(orders && mails && later);
  await orders.config({ trace: "all" }).create();
  await mails.config({ trace: "all", retryLimit: 1, retryDelay: 400, backoff: { kind: "fixed" } }).create();
  await later.config({ trace: "failures" }).create();
  await orders.push({ data: { order: 7 }, headers: { traceparent: TRACEPARENT } });
  await orders.group("billing").limit(1).consume(async (message, { trace, queues: own }) => {
    await sleep(120);
    await trace({ eventType: "charged", traceName: "order-7", data: { cents: 500 } });
    await own.queue("mails").push({ data: message.data, headers: message.headers });
    await sleep(60);
  });
  await mails.limit(2).consume(async (_message, { trace }) => {
    await trace({ eventType: "rendered", traceName: "order-7" });
    await sleep(90);
    throw new Error("No route to the mail server\nat 10.0.0.1");
  });
  await queues.broker.repair.redrive("mails", { filter: {}, to: "mails-later" });
  await later.limit(1).consume(async (_message, { trace }) => {
    await trace({ eventType: "sent", traceName: "order-7" });
    await sleep(40);
  });
}

const THEMES = ["dark", "light", "hc-dark", "hc-light"] as const;

describe("traces in the dashboard", () => {
  it("have no serious issue for people who see or hear them otherwise, in any theme, on a narrow page", async () => {
    await using session = await openDashboard({ name: "traces-themes", fill: sell, browser: { viewport: { width: 900, height: 700 } } });
    const { step, page } = session;
    await session.dashboard.goToQueue("mails");
    await session.dashboard.show("Traces");
    await session.dashboard.row("order-7").getByRole("button", { name: "order-7" }).click();
    for (const theme of THEMES) {
      await step(`a story in ${theme}`, async (dashboard) => {
        await dashboard.useTheme(theme);
        await dashboard.show("Traces");
        await page.getByRole("group", { name: "Timeline" }).waitFor();
        await assertAccessible(page, `a story in ${theme}`);
      });
    }
    assert.deepEqual(session.problems, []);
  });

  it("show a message's life to scale, and a name across queues", async () => {
    await using session = await openDashboard({ name: "traces", fill: sell });
    const { step, page, folder } = session;
    const chart = page.getByRole("group", { name: "Timeline" });
    const words = page.getByRole("region", { name: "Steps and events" });

    await step("the names there are", async (dashboard) => {
      await dashboard.openQueue("mails");
      await dashboard.show("Traces");
      await dashboard.row("order-7").waitFor();
    });

    await step("a name across queues, the slowest step marked and named", async (dashboard) => {
      await dashboard.row("order-7").getByRole("button", { name: "order-7" }).click();
      await chart.waitFor();
      await page.getByText(/Slowest: .* of .* in mails/).waitFor();
      assert.equal(await chart.locator(".trace-row.message").count(), 3);
      assert.ok(await chart.locator(".trace-bar.slowest").count() >= 1);
      assert.deepEqual(await words.getByRole("rowheader").filter({ hasText: "◆" }).allInnerTexts(), ["◆ charged", "◆ rendered", "◆ rendered", "◆ sent"]);
    });

    await step("the focus goes from step to step, and tells all of it", async () => {
      await chart.getByRole("button", { name: /^waiting of .* in orders/ }).first().focus();
      await page.keyboard.press("ArrowRight");
      await page.keyboard.press("ArrowDown");
      await chart.getByRole("button", { name: /^attempt 1 of .* in mails.*No route to the mail server/ }).first().hover();
      await page.locator(".trace-pointed").getByText("No route to the mail server").waitFor();
    });

    await step("keys zoom in, and out again", async () => {
      const bar = chart.getByRole("button", { name: /^attempt 1 of .* in mails/ }).last();
      const before = await bar.boundingBox();
      await bar.focus();
      for (let i = 0; i < 3; i++) await page.keyboard.press("+");
      const after = await bar.boundingBox();
      assert.ok(before !== null && after !== null && after.width > before.width * 2);
    });

    await step("a message by its id, from its row", async () => {
      await page.keyboard.press("0");
      await words.getByRole("button", { name: /^Trace of / }).last().click();
      await chart.waitFor();
      await page.getByText("mails-later records failures only").waitFor();
    });

    await step("what a queue leaves out is recorded once that is confirmed", async (dashboard) => {
      await dashboard.button("Record Everything…").click();
      await dashboard.dialog.getByText("The queue's option trace is set to all").waitFor();
    });

    await step("it is recorded from now on", async (dashboard) => {
      await dashboard.dialog.getByRole("button", { name: "Record Everything" }).click();
      await page.getByText("mails-later records failures only").waitFor({ state: "detached" });
      await using queues = await connect(join(folder, ".queuescope", "queues.db"));
      assert.equal((await queues.broker.queues.get("mails-later")).options.trace, "all");
    });

    await step("a message of another queue is a link to it", async (dashboard) => {
      await words.getByRole("link").last().click();
      await dashboard.heading("mails-later").waitFor();
      await page.getByRole("region", { name: /^Message / }).waitFor();
      await page.goBack();
      await dashboard.heading("mails").waitFor();
      await dashboard.show("Traces");
    });

    await step("events are found by text", async (dashboard) => {
      await page.getByRole("combobox", { name: "Find by" }).click();
      await page.getByRole("option", { name: "Text" }).click();
      await page.getByRole("textbox", { name: /^Text in events/ }).fill("cents");
      await dashboard.button("Find").click();
      await dashboard.row("charged").waitFor();
    });
    assert.deepEqual(session.problems, []);
  });
});
