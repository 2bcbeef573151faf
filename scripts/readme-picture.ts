/** `node scripts/run.mjs readme-picture`, after `npm run package`: takes the pictures of the README anew. */
import { join } from "node:path";
import { openSession } from "../test/e2e/support/session.ts";
import { fillSample } from "./sample.ts";

const IMAGES = join(import.meta.dirname, "..", "docs", "images");

await using session = await openSession({ name: "readme-picture", prepare: fillSample });
const { workbench, step } = session;
const { queues, workers, terminal, editor, inspector, page } = workbench;

await step("the queue of orders is open", async () => {
  await workbench.openQueuescope();
  await queues.expand("orders");
  await queues.expand("Groups");
});
await step("the inspector shows the queue", async () => {
  await queues.press(queues.row("orders"), "Open Inspector");
  await inspector.row("dead").dblclick();
  await inspector.region(/^Message /).getByText("What happened").waitFor();
  await page.locator(".monaco-hover:visible").first().waitFor({ state: "hidden" });
  await page.screenshot({ path: join(IMAGES, "inspector.png") });
});
await step("a handler stands in the editor", () => editor.open("src/handlers/charge.ts"));
await step("a worker runs", async () => {
  await workers.press(workers.row("ship"), "Start Worker");
  await terminal.shows("completed id=");
  await queues.row("shipments", /^empty$/).waitFor();
  await page.locator(".monaco-hover:visible").first().waitFor({ state: "hidden" });
  await page.screenshot({ path: join(IMAGES, "sidebar.png") });
});
