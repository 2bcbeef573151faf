/** `node scripts/run.mjs readme-picture`, after `npm run package`: takes the picture of the README anew. */
import { join } from "node:path";
import { openSession } from "../test/e2e/support/session.ts";
import { fillSample } from "./sample.ts";

const PICTURE = join(import.meta.dirname, "..", "docs", "images", "sidebar.png");

await using session = await openSession({ name: "readme-picture", prepare: fillSample });
const { workbench, step } = session;
const { queues, workers, terminal, editor, page } = workbench;

await step("the queue of orders is open", async () => {
  await workbench.openQueuescope();
  await queues.expand("orders");
  await queues.expand("Groups");
});
await step("a handler stands in the editor", () => editor.open("src/handlers/charge.ts"));
await step("a worker runs", async () => {
  await workers.press(workers.row("ship"), "Start Worker");
  await terminal.shows("completed id=");
  await queues.row("shipments", /^empty$/).waitFor();
  await page.locator(".monaco-hover:visible").first().waitFor({ state: "hidden" });
  await page.screenshot({ path: PICTURE });
});
