import { describe, it } from "node:test";
import { fillSample } from "../../scripts/sample.ts";
import { queuescope } from "./support/cli.ts";
import { openSession } from "./support/session.ts";

describe("the inspector", () => {
  it("shows a queue's messages, live, and comes back with what it showed when the window is loaded anew", async () => {
    await using session = await openSession({ name: "inspector", prepare: fillSample });
    const { step, folder } = session;

    await step("it opens from a queue's row", async (workbench) => {
      await workbench.openQueuescope();
      await workbench.queues.press(workbench.queues.row("shipments", "ready"), "Open Inspector");
      await workbench.inspector.heading("shipments").waitFor();
      await workbench.inspector.row("ready").waitFor();
    });

    await step("what another process pushes is shown", async ({ inspector }) => {
      await queuescope(folder, "push", "shipments", '{"order":"9999"}');
      await inspector.row("9999").waitFor();
    });

    await step("a reload of the window brings it back", async (workbench) => {
      await workbench.reload();
      await workbench.inspector.heading("shipments").waitFor();
      await workbench.inspector.row("ready").waitFor();
    });
  });
});
