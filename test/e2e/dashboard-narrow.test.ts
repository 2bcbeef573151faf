import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Locator } from "playwright-core";
import { connect } from "../../src/client/index.ts";
import { openDashboard } from "../support/dashboard-page.ts";

const WIDTH = 460;
const GROUP = "a-group-with-quite-a-long-name";

async function fill(folder: string): Promise<void> {
  await using queues = await connect({ cwd: folder });
  await queues.queue<number>("orders").push([1, 2, 3]);
  await queues.queue("orders").group(GROUP).wait(false).limit(1).consume(() => undefined);
  await queues.broker.queues.pause("orders");
}

/** Nothing of it lies beyond the page's edges. */
async function isInSight(element: Locator): Promise<boolean> {
  const box = await element.boundingBox();
  return box !== null && box.x >= 0 && box.x + box.width <= WIDTH;
}

describe("the dashboard beside another window", () => {
  it("keeps every tab, number and state in sight, and opens a message at a click", async () => {
    await using session = await openDashboard({ name: "narrow", fill, browser: { viewport: { width: WIDTH, height: 760 } } });
    const { step, page, problems } = session;
    await step("a long group's name doesn't cut off how far it is behind", async (dashboard) => {
      const lag = dashboard.row("orders").getByTitle(`Group ${GROUP} has`);
      await lag.waitFor();
      assert.equal(await isInSight(lag.getByText(/^[23]$/)), true);
    });
    await step("all tabs and the group are in sight, and that the queue is paused", async (dashboard) => {
      await dashboard.openQueue("orders");
      for (const tab of await page.getByRole("tab").all()) assert.equal(await isInSight(tab), true, await tab.innerText());
      assert.equal(await isInSight(dashboard.button("Resume the queue")), true);
      await page.getByRole("banner").getByText("paused", { exact: true }).waitFor();
    });
    await step("Pop says why it gets nothing", async (dashboard) => {
      await dashboard.show("Pop");
      await page.getByText("orders is paused: nothing is delivered until it is resumed.").waitFor();
    });
    await step("a click shows a message", async (dashboard) => {
      await dashboard.show("Messages");
      await page.getByRole("grid", { name: "Messages" }).getByRole("row").nth(1).click();
      await page.getByRole("region", { name: /^Message / }).waitFor();
    });
    assert.deepEqual(problems, []);
  });
});
