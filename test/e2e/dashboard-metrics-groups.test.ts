import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { connect } from "../../src/client/index.ts";
import { openDashboard } from "../support/dashboard-page.ts";
import { queuescope } from "./support/cli.ts";

/** Messages of many partitions, some of them handled, by two groups. */
async function fill(folder: string): Promise<void> {
  await using queues = await connect({ cwd: folder });
  const orders = queues.queue<number>("orders");
  for (let customer = 1; customer <= 300; customer++) await orders.partition(`customer-${customer}`).push(Array.from({ length: 1 + (customer % 7) }, (_, n) => n));
  await orders.group("billing").wait(false).limit(400).consume(() => undefined);
  await orders.group("mail").wait(false).limit(50).consume((order) => { if (order.data === 3) throw new Error("The mail server said no"); });
}

describe("the Metrics tab", () => {
  it("draws what the broker counted, as charts and as tables, and the worst lag first", async () => {
    await using session = await openDashboard({ name: "metrics", fill });
    const { step, page, problems } = session;

    await step("charts tell how the queue went", async (dashboard) => {
      await dashboard.openQueue("orders");
      await dashboard.show("Metrics");
      await page.getByRole("img", { name: /^Depth: not completed 1,?\d\d\d/ }).waitFor();
      await page.getByRole("img", { name: /^Rates: pushed/ }).waitFor();
    });

    await step("the same numbers stand in tables", async () => {
      await page.getByText("As tables").click();
      await page.getByRole("region", { name: "Depth" }).getByRole("cell").first().waitFor();
      assert.match(await page.getByRole("region", { name: "Failures" }).innerText(), /failed/);
    });

    await step("the group that is furthest behind stands first", async () => {
      const lags = page.getByRole("region", { name: "Lag by group" });
      const names = await lags.getByRole("button").allInnerTexts();
      assert.deepEqual(names, ["mail", "billing"]);
    });

    await step("partitions are listed by lag, and found by name", async () => {
      const partitions = page.getByRole("region", { name: "Lag by partition" });
      await partitions.getByRole("row").nth(1).scrollIntoViewIfNeeded();
      assert.match(await partitions.getByRole("row").nth(1).innerText(), /\s7\s/);
      await partitions.getByRole("textbox", { name: "Part of a partition's name" }).fill("customer-299");
      await partitions.getByRole("row").filter({ hasText: "customer-299" }).waitFor();
    });
    assert.deepEqual(problems, []);
  });
});

describe("the Groups tab", () => {
  it("shows where each group stands, says what a seek replays, and does it", async () => {
    await using session = await openDashboard({ name: "groups", fill });
    const { step, page, folder, problems } = session;
    const lag = async (group: string): Promise<number> => {
      const groups = (await queuescope(folder, "groups", "list", "orders")) as { readonly name: string; readonly lag: number }[];
      return groups.find(({ name }) => name === group)?.lag ?? -1;
    };

    await step("each group has a line", async (dashboard) => {
      await dashboard.openQueue("orders");
      await dashboard.show("Groups");
      await dashboard.row("billing").click();
      await page.getByText(/It would get 1,?\d\d\d messages, 400 of them again\./).waitFor();
    });

    const before = await lag("billing");
    await step("a seek asks first", async (dashboard) => {
      await dashboard.button("Seek…").click();
      await dashboard.dialog.getByRole("heading", { name: "Seek billing of orders to the oldest message?" }).waitFor();
    });
    assert.equal(await lag("billing"), before);
    await step("and then replays", async (dashboard) => {
      await dashboard.dialog.getByRole("button", { name: "Replay 400" }).click();
      await dashboard.row("billing").filter({ hasText: "0 of" }).waitFor();
    });
    assert.equal(await lag("billing"), before + 400);

    await step("delivery is held, and let go step by step", async (dashboard) => {
      await dashboard.button("Hold and Step").click();
      await dashboard.row("billing").filter({ hasText: "held" }).waitFor();
      await page.getByRole("spinbutton", { name: "How many to let go" }).fill("2");
      await dashboard.button("Let 2 Go").click();
      await dashboard.row("billing").filter({ hasText: "held after 2" }).waitFor();
      await dashboard.button("Deliver Freely").click();
      await dashboard.row("billing").filter({ hasText: "delivers" }).waitFor();
    });

    await step("a group is deleted after a question", async (dashboard) => {
      await dashboard.button("Delete…").click();
      await dashboard.dialog.getByRole("button", { name: "Delete billing" }).click();
      await dashboard.row("billing").waitFor({ state: "detached" });
    });
    assert.equal(await lag("billing"), -1);
    assert.deepEqual(problems, []);
  });
});
