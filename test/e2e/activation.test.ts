import { describe, it } from "node:test";
import { fillSample } from "../../scripts/sample.ts";
import { openSession } from "./support/session.ts";

describe("activation", () => {
  it("is measured by VS Code itself, cold and warm", async (t) => {
    await using session = await openSession({ name: "activation", prepare: fillSample });
    for (const kind of ["cold", "warm"]) {
      await session.step(`Running Extensions tells how long the ${kind} activation took`, async (workbench) => {
        await workbench.openQueuescope();
        await workbench.queues.row("orders").waitFor();
        await workbench.quickInput.runCommand("Developer: Show Running Extensions");
        // The slowest stand first, and only the rows in sight exist.
        await workbench.page.setViewportSize({ width: 1280, height: 2000 });
        const time = await workbench.page.locator(".runtime-extensions-editor .extension").filter({ hasText: "Queuescope" }).locator(".activation-time").textContent();
        t.diagnostic(`activation, ${kind}: ${time ?? "not told"}`);
      });
      await session.workbench.reload();
    }
  });
});
