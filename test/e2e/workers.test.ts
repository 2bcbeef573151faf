import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fillSample } from "../../scripts/sample.ts";
import { queuescope } from "./support/cli.ts";
import { openSession } from "./support/session.ts";

describe("workers", () => {
  it("start in a terminal, take messages, show in the view, and stop", async () => {
    // No Node.js on the PATH that is new enough: the editor's own has to do.
    await using session = await openSession({ name: "workers", prepare: fillSample, env: { PATH: "/usr/bin:/bin" } });
    const { step, folder } = session;

    await step("those of queuescope.json are named", async (workbench) => {
      await workbench.openQueuescope();
      await workbench.workers.row("charge", "not running").waitFor();
    });

    await step("one starts in a terminal of its own and takes the orders", async ({ workers, queues, terminal }) => {
      await workers.press(workers.row("charge"), "Start Worker");
      await terminal.named("charge").waitFor();
      await workers.row("charge", "running").waitFor();
      // Of 14 orders one has no address and one a declined card: 4 + 2 dead, and 12 invoices more.
      await queues.row("orders", /^6 dead · 3 scheduled$/).waitFor();
      await queues.row("invoices", "36 ready").waitFor();
    });

    await step("it takes what another process pushes, and names the message", async ({ terminal, queues }) => {
      const [pushed] = await queuescope(folder, "push", "orders", '{"id":"3000","customer":"ada","lines":[{"product":"lamp","quantity":1,"price":12900}],"card":"4242","address":{"street":"Mill Lane","city":"Turin"}}');
      await terminal.shows(`completed id=${(pushed as { id: string }).id}`);
      await queues.row("invoices", "37 ready").waitFor();
    });

    await step("it stops from the view, as with Ctrl+C", async ({ workers }) => {
      await workers.press(workers.row("charge", "running"), "Stop Worker");
      await workers.row("charge", "not running").waitFor();
      const stats = (await queuescope(folder, "stats", "orders"))[0] as { counts: { leased: number } };
      assert.equal(stats.counts.leased, 0);
    });

    await step("a program in another language works too", async ({ workers, terminal, queues }) => {
      await workers.press(workers.row("invoice"), "Start Worker");
      await terminal.named("invoice").waitFor();
      await queues.row("invoices", /^empty$/).waitFor();
    });
  });
});
