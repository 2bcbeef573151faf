import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { connect } from "../../src/client/index.ts";
import { openSession } from "./support/session.ts";

/** More than a quick pick lists. */
const MANY = 1100;

/** `zebra` is the last of them. */
async function manyQueues(folder: string): Promise<void> {
  await using queues = await connect({ cwd: folder });
  for (let i = 0; i < MANY; i++) await queues.broker.queues.create(`queue-${String(i).padStart(4, "0")}`);
  const zebra = queues.queue("zebra");
  await zebra.push({ stripes: 0 });
  const [bare] = await zebra.pop();
  if (bare !== undefined) await queues.dead(bare, { error: "no stripes" });
  await zebra.push({ stripes: 24 });
}

describe("more than a thousand queues", () => {
  it("are all found by typing a part of the name", async () => {
    await using session = await openSession({ name: "many-queues", prepare: manyQueues });
    const { step } = session;

    await step("the pick says that it lists only the first", async (workbench) => {
      await workbench.openQueuescope();
      await workbench.queues.row("queue-0000").waitFor();
      await workbench.quickInput.runCommand("Queuescope: Peek Messages");
      await workbench.quickInput.asking("The first 1,000 queues are listed; type to search in all");
    });

    await step("dead letters are found in whichever of them", async ({ deadLetters, page }) => {
      await deadLetters.row("zebra", "1").waitFor();
      await deadLetters.row("no stripes").waitFor();
      await page.locator(".statusbar-item").filter({ hasText: "1 dead" }).waitFor();
    });

    await step("typing finds another", async ({ quickInput }) => {
      await quickInput.input.fill("zebr");
      await quickInput.option("zebra").waitFor();
    });

    await step("which is used", async ({ quickInput, editor }) => {
      await quickInput.option("zebra").click();
      await editor.shows('"stripes": 24');
    });

    await step("only those with dead letters are offered for a redrive", async ({ quickInput, page }) => {
      await quickInput.runCommand("Queuescope: Redrive All Dead Letters…");
      await quickInput.option("zebra").waitFor();
      assert.equal(await quickInput.option("queue-0000").count(), 0);
      await page.keyboard.press("Escape");
    });

    await step("and isn't taken for a new one", async ({ quickInput }) => {
      await quickInput.runCommand("Queuescope: Push Message…");
      await quickInput.asking("The first 1,000 queues");
      await quickInput.input.fill("zebra");
      await quickInput.option("zebra").waitFor();
      assert.equal(await quickInput.root.getByText("new queue").count(), 0);
    });

    await step("the view filters them by name", async ({ quickInput, queues, page }) => {
      await page.keyboard.press("Escape");
      await quickInput.runCommand("Queuescope: Filter Queues…");
      await quickInput.answer("Part of the queue's name", "zebr");
      await queues.row("zebra", "1 ready").waitFor();
      assert.deepEqual((await queues.rows()).map((label) => label.split(",")[0]), ["my shop", "zebra"]);
    });
  });
});
