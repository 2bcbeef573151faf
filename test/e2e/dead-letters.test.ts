import { describe, it } from "node:test";
import { fillSample } from "../../scripts/sample.ts";
import { openSession } from "./support/session.ts";

describe("dead letters", () => {
  it("show their error, and are redriven as they are, edited, and all at once", async () => {
    await using session = await openSession({ name: "dead-letters", prepare: fillSample });
    const { step } = session;

    await step("each stands with its error", async (workbench) => {
      await workbench.openQueuescope();
      await workbench.deadLetters.row("orders", "4").waitFor();
      await workbench.deadLetters.rowHolding("CardDeclined").waitFor();
    });

    await step("one opens with its stack and data", async ({ deadLetters, editor }) => {
      await deadLetters.rowHolding("TypeError").click();
      await editor.shows("shippingLabel");
    });

    await step("one is redriven", async ({ deadLetters, queues }) => {
      await deadLetters.press(deadLetters.rowHolding("CardDeclined"), "Redrive");
      await deadLetters.row("orders", "3").waitFor();
      await queues.row("orders", "15 ready").waitFor();
    });

    await step("one is edited first", async ({ deadLetters, editor, page }) => {
      await deadLetters.press(deadLetters.rowHolding("TypeError"), "Edit and Redrive");
      await editor.tab("redrive.json").waitFor();
      await editor.shows('"customer"');
      await editor.replaceAll('{ "headers": { "mended": "yes" }, "data": { "id": "1025", "mended": true } }');
      await page.keyboard.press("ControlOrMeta+Enter");
      await deadLetters.row("orders", "2").waitFor();
    });

    await step("redriving all asks with the exact count", async (workbench) => {
      await workbench.deadLetters.press(workbench.deadLetters.row("orders"), "Redrive All");
      await workbench.dialog.getByText("Redrive 2 dead letters of orders").waitFor();
    });

    await step("and leaves none", async (workbench) => {
      await workbench.answerDialog("Redrive All");
      await workbench.queues.row("orders", "18 ready").waitFor();
      await workbench.deadLetters.welcome.getByText("No dead letters.").waitFor();
    });
  });
});
