import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { connect } from "../../src/client/index.ts";
import { assertAccessible } from "../support/axe.ts";
import { openDashboard } from "../support/dashboard-page.ts";
import { until } from "../support/until.ts";

const FAULTS = ["slow", "slow", "unknown", "slow", "", "slow", "slow"];

/** Real handlers fail for good, on a real file. */
async function failOrders(folder: string): Promise<void> {
  await using queues = await connect(join(folder, ".queuescope", "queues.db"));
  const orders = queues.queue<{ id: number; fault: string }>("orders");
  await orders.config({ retryLimit: 1, retryDelay: 0, trace: "all" }).create();
  await queues.queue("orders-later").create();
  for (const [i, fault] of FAULTS.entries()) await orders.push({ data: { id: i + 1, fault }, headers: { source: "shop", try: String(i) } });
  await orders.group("billing").wait(false).consume(({ data: { id, fault } }) => {
    if (fault === "slow") throw new Error(`Order ${id} timed out after ${id * 10}s at 10.0.0.${id}:443`);
    if (fault === "unknown") throw new RangeError(`No customer "c-${id}"`);
  });
}

const THEMES = ["dark", "light", "hc-dark", "hc-light"] as const;

describe("dead letters in the dashboard", () => {
  it("have no serious issue for people who see or hear them otherwise, in any theme, on a narrow page", async () => {
    await using session = await openDashboard({ name: "dead-letters-themes", fill: failOrders, browser: { viewport: { width: 900, height: 700 } } });
    const { step, page } = session;
    await session.dashboard.goToQueue("orders");
    for (const theme of THEMES) {
      await step(`details in ${theme}`, async (dashboard) => {
        await dashboard.useTheme(theme);
        await dashboard.show("Dead Letters");
        if (await dashboard.row("Order 1 timed out").count() === 0) await page.getByRole("button", { name: "Expand" }).first().click();
        await dashboard.row("Order 1 timed out").click();
        await page.getByText("Where it comes from").waitFor();
        await assertAccessible(page, `details in ${theme}`);
      });
      await step(`redrive in ${theme}`, async (dashboard) => {
        await dashboard.button("Redrive All…").click();
        await dashboard.dialog.getByText("6 dead letters. They stay").waitFor();
        await assertAccessible(page, `redrive in ${theme}`);
        await page.keyboard.press("Escape");
      });
    }
    assert.deepEqual(session.problems, []);
  });

  it("are only looked at where the connection is read-only", async () => {
    await using session = await openDashboard({ name: "dead-letters-read-only", fill: failOrders, args: ["--read-only"] });
    await session.step("no control changes anything", async (dashboard) => {
      await dashboard.goToQueue("orders");
      await dashboard.show("Dead Letters");
      await dashboard.row("timed out after").waitFor();
      await session.page.getByRole("button", { name: "Expand" }).first().click();
      await dashboard.row("Order 1 timed out").click();
      await session.page.getByText("Where it comes from").waitFor();
      assert.equal(await session.page.getByRole("button", { name: /Redrive|Discard|Edit/ }).count(), 0);
    });
  });

  it("are grouped, redriven at a rate, undone, edited and discarded", async () => {
    await using session = await openDashboard({ name: "dead-letters", fill: failOrders });
    const { step, folder, page } = session;
    await using queues = await connect(join(folder, ".queuescope", "queues.db"));
    const waiting = (): Promise<number> => queues.broker.inspect.countDeadLetters("orders", { redriven: false });
    const grid = page.getByRole("grid", { name: "Dead letters by error" });

    await step("they are grouped by error", async (dashboard) => {
      await dashboard.openQueue("orders");
      await dashboard.show("Dead Letters");
      await dashboard.row("timed out after").waitFor();
      assert.match(await dashboard.row("timed out after").innerText(), /Order <number> timed out after <number> at <address>\s*5/);
      await dashboard.row("No customer").waitFor();
    });

    await step("a group opens by the keyboard", async (dashboard) => {
      await grid.focus();
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("ArrowRight");
      await dashboard.row("Order 1 timed out after 10s").waitFor();
    });

    await step("one shows its error, stack, payload and where it comes from", async (dashboard) => {
      await dashboard.row("Order 1 timed out after 10s").click();
      const details = page.getByRole("region", { name: /^Dead letter / });
      await details.getByText("Where it comes from").waitFor();
      await details.getByText("shop").waitFor();
      await details.getByText("Stack").click();
      await details.getByText("dashboard-dead-letters.test.ts").first().waitFor();
    });

    await step("the dialog says how many, and where to", async (dashboard) => {
      await page.getByRole("button", { name: "Close the details" }).click();
      await page.getByRole("checkbox", { name: "Choose all with this error" }).first().click();
      await dashboard.button("Redrive 1 Error…").click();
      await dashboard.dialog.getByText("5 dead letters. They stay here").waitFor();
      await dashboard.dialog.getByRole("combobox", { name: "To the queue" }).fill("orders-later");
      await dashboard.dialog.getByRole("textbox", { name: /^Messages a second/ }).fill("2");
    });

    await step("progress is shown, and cancelling keeps what was done", async (dashboard) => {
      await dashboard.dialog.getByRole("button", { name: "Redrive 5 dead letters" }).click();
      await dashboard.dialog.getByText(/[1-4] of 5 redriven to orders-later/).waitFor();
    });

    await step("what was done is told, with links and Undo", async (dashboard) => {
      await dashboard.dialog.getByRole("button", { name: "Cancel" }).click();
      await page.getByText("Then it was cancelled.").waitFor();
      assert.ok(await waiting() < 6);
    });

    await step("it is undone, and they wait as before", async (dashboard) => {
      await dashboard.button("Undo").click();
      await page.getByText(/undone: the dead letters? waits? as before/).first().waitFor();
      await until("all to wait again", async () => (await waiting()) === 6);
    });

    await step("one is edited and redriven; the difference is shown before", async (dashboard) => {
      await dashboard.row("Order 2 timed out").click();
      await dashboard.button("Edit and Redrive…").click();
      const text = dashboard.dialog.getByRole("textbox", { name: "Data and headers" });
      await text.waitFor();
      await text.fill((await text.inputValue()).replace('"slow"', '"mended"'));
      await dashboard.dialog.getByText("Your changes").waitFor();
    });

    await step("it is in its queue", async (dashboard) => {
      await dashboard.dialog.getByRole("button", { name: "Redrive Edited" }).click();
      await page.getByText("1 dead letter was redriven").waitFor();
      const [message] = await queues.queue<{ fault: string }>("orders").group("billing").pop();
      assert.equal(message?.data.fault, "mended");
    });

    await step("it is compared with what it became", async (dashboard) => {
      await dashboard.button("Compare").click();
      await dashboard.dialog.locator(".added").getByText("mended").waitFor();
    });

    await step("what was delivered is not undone, and the reason is said", async (dashboard) => {
      await dashboard.dialog.getByRole("button", { name: "Close" }).click();
      await dashboard.button("Undo").click();
      await page.getByText("leased in the group \"billing\"").waitFor();
    });

    await step("a search narrows what is discarded, and the dialog says exactly what", async (dashboard) => {
      await page.getByRole("textbox", { name: "Text in error, data or headers" }).fill("No customer");
      await dashboard.button("Discard All That Match…").click();
      await dashboard.dialog.getByText("1 dead letter: its data, headers and error are lost.").waitFor();
    });

    await step("only those are gone", async (dashboard) => {
      await dashboard.dialog.getByRole("button", { name: "Discard 1 dead letter" }).click();
      await page.getByText("No dead letter matches").waitFor();
      assert.equal((await queues.broker.inspect.deadLetters("orders")).items.length, 5);
    });
    assert.deepEqual(session.problems, []);
  });
});
