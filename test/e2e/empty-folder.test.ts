import { describe, it } from "node:test";
import { openSession } from "./support/session.ts";

describe("a folder without queues", () => {
  it("says what to do, and shows the first queue and message without a set-up", async () => {
    await using session = await openSession({ name: "empty-folder" });
    const { step } = session;

    await step("the view tells what to do", async (workbench) => {
      await workbench.openQueuescope();
      await workbench.queues.welcome.getByText("This folder has no queues yet.").waitFor();
    });

    await step("a message is pushed to a new queue from the palette", async ({ quickInput, queues }) => {
      await quickInput.runCommand("Queuescope: Push Message…");
      await quickInput.asking("Name of the new queue");
      await quickInput.input.fill("greetings");
      await quickInput.option("greetings").click();
      await quickInput.answer("The message, as JSON", '{ "hello": "world" }');
      await queues.row("greetings", "1 ready").waitFor();
    });

    await step("the queue's ready messages stand below it", async ({ queues }) => {
      await queues.expand("greetings");
      await queues.expand("Ready");
      await queues.row("m1-1", '{ "hello": "world" }').waitFor();
    });

    await step("a message opens in an editor", async ({ queues, editor }) => {
      await queues.row("m1-1").click();
      await editor.tab("m1-1").waitFor();
      await editor.shows('"hello": "world"');
    });

    await step("what isn't JSON is refused while it is typed", async ({ quickInput }) => {
      await quickInput.runCommand("Queuescope: Push Message…");
      await quickInput.option("greetings").click();
      await quickInput.asking("The message, as JSON");
      await quickInput.input.fill("{ hello: 1");
      await quickInput.root.locator(".quick-input-message").filter({ hasText: "is not JSON" }).waitFor();
    });

    await step("and isn't pushed", async ({ quickInput, page, queues }) => {
      await page.keyboard.press("Enter");
      await quickInput.asking("is not JSON");
      await page.keyboard.press("Escape");
      await queues.row("greetings", "1 ready").waitFor();
    });
  });
});
