import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fillSample } from "../../scripts/sample.ts";
import { connect, type Connection } from "../../src/client/index.ts";
import { natsSkip, startNatsServer } from "../support/nats-server.ts";
import { queuescope } from "./support/cli.ts";
import { openSession, type Session } from "./support/session.ts";

/** Orders of two customers, of which one is handled, one failed for good, and two wait. */
async function fillOrders(queues: Connection): Promise<void> {
  const orders = queues.queue<{ readonly id: number; readonly card: string }>("orders");
  await orders.config({ retryLimit: 0, trace: "all" }).create();
  for (const id of [1, 2, 3, 4]) await orders.partition(`customer-${id % 2}`).push({ id, card: id === 2 ? "declined" : "ok" });
  await orders.wait(false).limit(2).consume(({ data }) => {
    if (data.card === "declined") throw new Error(`The card of order ${data.id} was declined`);
  });
}

/** Every tab on one queue, as a person goes through them. */
async function goThroughTabs({ step, workbench }: Session): Promise<void> {
  const { inspector } = workbench;

  await step("the inspector opens from a queue's row", async () => {
    await workbench.openQueuescope();
    await workbench.queues.press(workbench.queues.row("orders", "ready"), "Open Inspector");
    await inspector.heading("orders").waitFor();
    await inspector.row('"id":4').waitFor();
  });

  await step("a message's details stand beside the table", async () => {
    await inspector.row('"id":1').dblclick();
    await inspector.region(/^Message /).getByText("What happened").waitFor();
  });

  await step("it is read in an editor", async ({ editor }) => {
    await inspector.button("Open in Editor").click();
    await editor.shows('"customer-1"');
  });

  await step("another is pushed", async () => {
    await workbench.showTab("orders");
    await inspector.show("Push");
    await inspector.field("Data").fill('{ "id": 5, "card": "ok" }');
    await inspector.button("Push to orders").click();
    await inspector.text("Pushed 1 message.").waitFor();
  });

  await step("what is popped here is leased in the sidebar too", async ({ queues }) => {
    await inspector.show("Pop");
    await inspector.button("Pop 1 for default").click();
    await inspector.region("Leased here").getByRole("row").filter({ hasText: '"id":' }).waitFor();
    await queues.expand("orders");
    await queues.row("Leased", "1").waitFor();
  });

  await step("and settled here, it is settled there", async ({ queues }) => {
    await inspector.button("Ack All (1)").click();
    await queues.row("Leased", "0").waitFor();
  });

  await step("dead letters stand by their error", async () => {
    await inspector.show("Dead Letters");
    await inspector.text(/The card of order .* was declined/).first().waitFor();
  });

  await step("a life is drawn", async () => {
    await inspector.show("Traces");
    await inspector.panel.waitFor();
  });

  await step("counters are charted", async () => {
    await inspector.show("Metrics");
    await inspector.image(/^Depth: not completed/).waitFor();
  });

  await step("groups say where they stand", async () => {
    await inspector.show("Groups");
    await inspector.row("default").waitFor();
    await inspector.text(/It would get \d+ messages/).waitFor();
  });
}

describe("the inspector in the editor", () => {
  it("shows everything of a queue on a local file", async () => {
    await using session = await openSession({
      name: "inspector-local",
      prepare: async (folder) => {
        await using queues = await connect({ url: `file:${join(folder, ".queuescope", "queues.db")}` });
        await fillOrders(queues);
      },
    });
    await goThroughTabs(session);
  });

  it("shows the same on NATS", { skip: natsSkip() }, async () => {
    await using server = await startNatsServer();
    await using queues = await connect({ url: server.url });
    await fillOrders(queues);
    await using session = await openSession({ name: "inspector-nats", prepare: (folder) => writeFile(join(folder, "queuescope.json"), JSON.stringify({ connections: { hub: { url: server.url } } })) });
    await goThroughTabs(session);
  });

  it("follows a queue, shows many at once, and comes back after a reload of the window", async () => {
    await using session = await openSession({ name: "inspector", prepare: fillSample });
    const { step, folder } = session;

    await step("what another process pushes is shown", async (workbench) => {
      await workbench.openQueuescope();
      await workbench.queues.press(workbench.queues.row("shipments", "ready"), "Open Inspector");
      await workbench.inspector.row("ready").waitFor();
      await queuescope(folder, "push", "shipments", '{"order":"9999"}');
      await workbench.inspector.row("9999").waitFor();
    });

    await step("another queue has a tab of its own", async (workbench) => {
      await workbench.queues.press(workbench.queues.row("invoices", "ready"), "Open Inspector");
      await workbench.inspector.heading("invoices").waitFor();
      await workbench.inspector.show("Groups");
    });

    await step("a reload of the window brings both back, with the tab that was shown", async (workbench) => {
      // Nothing else of ours is shown then: the tab alone brings the extension.
      await workbench.explorerIcon.click();
      await workbench.reload();
      await workbench.inspector.heading("invoices").waitFor();
      assert.equal(await workbench.inspector.tab("Groups").getAttribute("aria-selected"), "true");
      await workbench.showTab("shipments");
      await workbench.inspector.heading("shipments").waitFor();
      await workbench.inspector.row("9999").waitFor();
    });
  });
});
