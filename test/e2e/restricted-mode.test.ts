import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fillSample } from "../../scripts/sample.ts";
import { openSession } from "./support/session.ts";

describe("Restricted Mode", () => {
  it("shows the queues, and hides and blocks what would run the folder's code until it is trusted", async () => {
    await using session = await openSession({ name: "restricted-mode", prepare: fillSample, workspaceTrust: true, keybindings: [{ key: "ctrl+alt+f9", command: "queuescope.startWorker" }] });
    const { step } = session;

    await step("the queues are there", async (workbench) => {
      await workbench.openQueuescope();
      await workbench.queues.row("orders").waitFor();
    });

    await step("workers are named, without a way to run them", async ({ workers }) => {
      await workers.row("charge", "not running").hover();
      assert.deepEqual(await workers.actions(workers.row("charge")), []);
    });

    await step("the palette offers to push but not to run", async ({ quickInput }) => {
      assert.equal(await quickInput.offersCommand("Queuescope: Push Message…"), true);
      assert.equal(await quickInput.offersCommand("Queuescope: Start Worker…"), false);
      assert.equal(await quickInput.offersCommand("Queuescope: Debug Worker…"), false);
    });

    await step("a keyboard shortcut to the command is refused", async ({ page, notification }) => {
      await page.keyboard.press("Control+Alt+F9");
      await notification("only in a trusted folder").waitFor();
    });

    await step("trusting the folder brings the ways back", async ({ quickInput, page, workers }) => {
      await quickInput.runCommand("Workspaces: Manage Workspace Trust");
      await page.locator(".workspace-trust-editor").getByRole("button", { name: "Trust", exact: true }).first().click();
      await page.keyboard.press("Escape");
      await page.getByText("Restricted Mode", { exact: true }).waitFor({ state: "hidden" });
      assert.deepEqual((await workers.actions(workers.row("charge"))).map((action) => action.replace(/ \(.*/, "")), ["Start Worker…", "Debug Worker…"]);
    });
  });
});
