import { describe, it } from "node:test";
import { fillSample } from "../../scripts/sample.ts";
import { queuescope } from "./support/cli.ts";
import { openSession } from "./support/session.ts";

describe("messages in editors", () => {
  it("are written with completion, pushed, edited in place and cancelled", async () => {
    await using session = await openSession({ name: "messages", prepare: fillSample });
    const { step, folder } = session;

    await step("a message is written in an editor, which knows its fields", async ({ quickInput, editor, page }) => {
      await quickInput.runCommand("Queuescope: Write Message in Editor…");
      await quickInput.option("shipments").click();
      await editor.shows('"queue": "shipments"');
      await editor.replaceAll('{ "queue": "shipments", "data": { "order": "4000" }, ');
      await page.keyboard.press("Control+Space");
      await page.locator(".suggest-widget .monaco-list-row").filter({ hasText: "delay" }).first().waitFor();
    });

    await step("its delay schedules it", async (workbench) => {
      await workbench.page.keyboard.press("Escape");
      await workbench.editor.replaceAll('{ "queue": "shipments", "data": { "order": "4000" }, "delay": "2h" }');
      await workbench.page.keyboard.press("ControlOrMeta+Enter");
      await workbench.openQueuescope();
      await workbench.queues.row("shipments", "1 scheduled").waitFor();
    });

    await step("a scheduled message is cancelled after a question", async (workbench) => {
      await workbench.queues.expand("shipments");
      await workbench.queues.expand("Scheduled");
      await workbench.queues.press(workbench.queues.rowDescribed("due"), "Cancel Scheduled Message");
      await workbench.answerDialog("Cancel Delivery");
      await workbench.queues.row("shipments", "17 ready").filter({ hasNotText: "scheduled" }).waitFor();
    });

    await step("a message is edited and written back when it is saved", async ({ queues, editor, page }) => {
      await queuescope(folder, "push", "drafts", '{"version":1}');
      await queues.collapse("shipments");
      await queues.expand("drafts");
      await queues.expand("Ready");
      await queues.press(queues.rowDescribed("version"), "Edit Message");
      await editor.shows('"version": 1');
      await editor.replaceAll('{ "data": { "version": 2 } }');
      await page.keyboard.press("ControlOrMeta+S");
      await queues.rowDescribed('{ "version": 2 }').or(queues.rowDescribed('{"version":2}')).first().waitFor();
    });

    await step("its trace tells what became of it", async ({ queues, editor }) => {
      await queues.choose(queues.rowDescribed("version"), "Show Trace…");
      await editor.shows("pushed");
    });
  });
});
