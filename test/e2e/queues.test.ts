import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fillSample } from "../../scripts/sample.ts";
import { queuescope } from "./support/cli.ts";
import { openSession } from "./support/session.ts";
import { until } from "./support/until.ts";

describe("the sample's queues", () => {
  it("are seen, changed from the editor and followed when another process changes them", async () => {
    await using session = await openSession({ name: "queues", prepare: fillSample });
    const { step, folder } = session;

    await step("the tree shows them, the most behind first", async (workbench) => {
      await workbench.openQueuescope();
      await workbench.queues.row("orders", "14 ready").waitFor();
      const labels = await workbench.queues.rows();
      assert.deepEqual(labels.map((label) => label.split(",")[0]), ["my shop", "invoices", "orders", "shipments"]);
    });

    await step("a queue's row says the two most telling counts, the rest stands below it", async ({ queues }) => {
      await queues.row("orders", /^14 ready · 4 dead$/).waitFor();
    });

    await step("a queue opens into its states, partitions and groups", async ({ queues }) => {
      await queues.expand("orders");
      await queues.row("Scheduled", "3").waitFor();
      await queues.row("Dead Letters", "4").waitFor();
      await queues.expand("Partitions");
      await queues.row("customer-1").waitFor();
    });

    await step("groups are told apart", async ({ queues }) => {
      await queues.collapse("Partitions");
      await queues.expand("Groups");
      await queues.row("statistics").waitFor();
      await queues.row("default").waitFor();
    });

    await step("a message pushed from the queue's row raises its count", async ({ queues, quickInput }) => {
      await queues.press(queues.row("orders"), "Push Message");
      await quickInput.answer("The message, as JSON", '{ "id": "2000", "customer": "ada" }');
      await queues.row("orders", "15 ready").waitFor();
    });

    await step("another process pushes, and the tree follows", async ({ queues }) => {
      await queuescope(folder, "push", "orders", '{"id":"2001"}', "--partition", "customer-9");
      await queues.row("orders", "16 ready").waitFor();
    });

    await step("peeking shows the next messages in an editor and changes nothing", async ({ queues, editor }) => {
      await queues.choose(queues.row("orders"), "Peek Messages");
      await editor.shows('"state": "ready"');
      assert.deepEqual(await editor.breadcrumbs(), ["orders", "orders.peek.json"]);
      await queues.row("orders", "16 ready").waitFor();
    });

    await step("a popped message stands below Leased with its countdown", async ({ queues }) => {
      await queues.collapse("orders");
      await queues.press(queues.row("invoices"), "Pop Message");
      await queues.row("invoices", "1 leased").waitFor();
      const row = queues.row("m3-1", /^until \d/);
      await row.waitFor();
      await until("the countdown", async () => (/^\d\d?$/.test(await queues.badge(row)) ? true : undefined));
    });

    await step("its document says where it is without what only the address needs", async ({ editor }) => {
      assert.deepEqual(await editor.breadcrumbs(), ["m3-1.json"]);
    });

    await step("and is acknowledged there, by a click that takes its time while other rows change", async ({ queues, page }) => {
      await queues.hoverAction(queues.row("m3-1"), "Acknowledge");
      await page.mouse.down();
      await queuescope(folder, "push", "shipments", '{"order":"2001"}');
      await queues.row("shipments", "18 ready").waitFor();
      await page.mouse.up();
      await queues.row("invoices", /^23 ready$/).waitFor();
    });

    await step("purging asks with the exact count and queue", async (workbench) => {
      await workbench.queues.choose(workbench.queues.row("shipments"), "Purge Messages…");
      await workbench.dialog.getByText("Remove 25 messages from queue shipments").waitFor();
    });

    await step("and removes them", async (workbench) => {
      await workbench.answerDialog("Remove Messages");
      await workbench.queues.row("shipments", "empty").waitFor();
    });
  });
});
