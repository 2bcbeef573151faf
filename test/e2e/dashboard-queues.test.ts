import { describe, it } from "node:test";
import { queuescope } from "./support/cli.ts";
import { openDashboard } from "../support/dashboard-page.ts";

describe("the dashboard's list of queues", () => {
  it("shows every queue with its numbers, filters and sorts them, and opens one", async () => {
    await using session = await openDashboard({ name: "queues" });
    const { step, folder } = session;

    await step("the queues are listed", async (dashboard) => {
      await dashboard.row("orders").waitFor();
      await dashboard.row("shipments").waitFor();
    });
    await step("a queue that another process makes is shown", async (dashboard) => {
      await queuescope(folder, "push", "returns", '{"order":"7"}');
      await dashboard.row("returns").waitFor();
    });
    await step("only those whose names hold a text", async (dashboard) => {
      await dashboard.filter.fill("ship");
      await dashboard.row("orders").waitFor({ state: "hidden" });
      await dashboard.row("shipments").waitFor();
    });
    await step("a queue is opened", async (dashboard) => {
      await dashboard.openQueue("shipments");
      await dashboard.row("ready").waitFor();
    });
    await step("back to the list, filtered as it was", async (dashboard) => {
      await dashboard.backToList();
      await dashboard.row("shipments").waitFor();
      await dashboard.row("orders").waitFor({ state: "hidden" });
    });
  });
});
