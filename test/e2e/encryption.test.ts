import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { queuescopeWith } from "./support/cli.ts";
import { openSession } from "./support/session.ts";

const KEY = "0123456789abcdef".repeat(4);

describe("an encrypted queue", () => {
  it("is read and worked on with the key of the editor, which no worker's environment shows", async () => {
    await using session = await openSession({
      name: "encryption",
      prepare: async (folder) => {
        await writeFile(join(folder, "queuescope.json"), JSON.stringify({ workers: { vault: { queue: "vault", command: "cat" } } }));
        await queuescopeWith({ QUEUESCOPE_ENCRYPTION_KEY: KEY }, folder, "queue", "create", "vault", "--set", "encryptionEnabled=true");
      },
    });
    const { step, folder } = session;

    await step("without a key nothing is pushed, and the key can be set from there", async (workbench) => {
      await workbench.openQueuescope();
      await workbench.queues.press(workbench.queues.row("vault"), "Push Message");
      await workbench.quickInput.answer("The message, as JSON", '{ "secret": "tulip" }');
      await workbench.notification("no key is set").getByRole("button", { name: "Set Encryption Key" }).click();
      await workbench.quickInput.answer("64 hexadecimal digits", KEY);
    });

    await step("with it the message is pushed, and can be read", async ({ queues, quickInput }) => {
      await queues.press(queues.row("vault"), "Push Message");
      await quickInput.answer("The message, as JSON", '{ "secret": "tulip" }');
      await queues.row("vault", "1 ready").waitFor();
      await queues.expand("vault");
      await queues.expand("Ready");
      await queues.rowDescribed("tulip").waitFor();
      assert.ok(!(await readFile(join(folder, ".queuescope", "queues.db"))).includes("tulip"));
      assert.ok(!(await readFile(join(folder, ".queuescope", "queues.db-wal"))).includes("tulip"));
    });

    await step("a worker gets the key", async ({ workers, queues, terminal }) => {
      await workers.press(workers.row("vault", "not running"), "Start Worker");
      await terminal.shows("completed id=");
      await queues.row("vault", /^empty$/).waitFor();
    });

    await step("but not in its environment", async ({ workers }) => {
      await workers.expand("vault");
      const running = workers.rowDescribed("pid ");
      const pid = /pid (\d+)/.exec(await running.innerText())?.[1];
      assert.ok(pid !== undefined);
      if (process.platform === "linux") assert.ok(!(await readFile(`/proc/${pid}/environ`, "utf8")).includes(KEY));
    });
  });
});
