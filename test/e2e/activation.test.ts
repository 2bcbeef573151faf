import { describe, it } from "node:test";
import { fillSample } from "../../scripts/sample.ts";
import type { Workbench } from "./pages/workbench.ts";
import { openSession } from "./support/session.ts";

describe("activation", () => {
  it("is measured by VS Code itself, cold and warm", async (t) => {
    await using session = await openSession({ name: "activation", prepare: fillSample });
    const { step, workbench } = session;
    await step("cold, in Running Extensions", async () => {
      t.diagnostic(`cold: ${await activationTime(workbench)}`);
    });
    for (const round of ["first", "second", "third"]) {
      await step(`warm, the ${round} time`, async () => {
        // With another view open, so that it activates when it is used and not in the rush of a start.
        await workbench.quickInput.runCommand("View: Show Explorer");
        await workbench.reload();
        t.diagnostic(`warm: ${await activationTime(workbench)}`);
      });
    }
  });
});

/** Uses the extension, and reads what VS Code says of it. */
async function activationTime(workbench: Workbench): Promise<string> {
  await workbench.openQueuescope();
  await workbench.queues.row("orders").waitFor();
  // The slowest stand first, and only the rows in sight exist.
  await workbench.page.setViewportSize({ width: 1280, height: 2000 });
  await workbench.quickInput.runCommand("Developer: Show Running Extensions");
  const ours = workbench.page.locator(".runtime-extensions-editor .extension").filter({ hasText: "Queuescope" });
  return (await ours.locator(".activation-time").innerText()).trim();
}
