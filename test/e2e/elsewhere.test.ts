import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { queuescope } from "./support/cli.ts";
import { openSession } from "./support/session.ts";

const URL = "file:../elsewhere/shop.db";

describe("a database outside the folder", () => {
  it("is seen as soon as another process makes it", async () => {
    await using session = await openSession({ name: "elsewhere", prepare: (folder) => writeFile(join(folder, "queuescope.json"), JSON.stringify({ connections: { shop: { url: URL } } })) });
    const { step, folder } = session;

    await step("there is nothing yet", async (workbench) => {
      await workbench.openQueuescope();
      await workbench.queues.welcome.getByText("This folder has no queues yet.").waitFor();
    });

    await step("and then there is", async ({ queues }) => {
      await queuescope(folder, "--url", URL, "push", "orders", '{"id":1}');
      await queues.row("orders", "1 ready").waitFor();
    });
  });
});
