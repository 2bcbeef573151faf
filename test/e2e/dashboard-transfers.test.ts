import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { connect } from "../../src/client/index.ts";
import { openDashboard } from "../support/dashboard-page.ts";

const LINES = 20_000;

describe("files between the browser and the dashboard", () => {
  it("are exported as a download and imported from what is picked", async () => {
    await using session = await openDashboard({
      name: "transfers",
      fill: async (folder) => {
        await using queues = await connect(join(folder, ".queuescope", "queues.db"));
        await queues.queue("full").push(Array.from({ length: LINES }, (_, n) => ({ n })));
        await queues.queue("empty").push({ n: "first" });
      },
    });
    const { step, page, folder } = session;
    const exported = join(folder, "exported.ndjson");

    await step("an export is a download of the browser", async (dashboard) => {
      await dashboard.openQueue("full");
      await dashboard.button("Export and import").click();
      const download = page.waitForEvent("download");
      await dashboard.button("Export all…").click();
      await (await download).saveAs(exported);
      const lines = (await readFile(exported, "utf8")).trimEnd().split("\n");
      assert.equal(lines.length, LINES);
      assert.deepEqual((JSON.parse(lines[0] ?? "") as { readonly data: unknown }).data, { n: 0 });
    });
    await step("an import takes the file that is picked", async (dashboard) => {
      await dashboard.backToList();
      await dashboard.openQueue("empty");
      await dashboard.button("Export and import").click();
      const chooser = page.waitForEvent("filechooser");
      await dashboard.button("Import…").click();
      await dashboard.dialog.getByRole("button", { name: "Choose a file…" }).click();
      await (await chooser).setFiles(exported);
      await page.getByText("of 20,001").waitFor();
    });
    await step("a file that can't be read is refused whole", async (dashboard) => {
      const broken = join(folder, "broken.ndjson");
      await writeFile(broken, '{"data":1}\nnot json\n');
      await dashboard.button("Export and import").click();
      const chooser = page.waitForEvent("filechooser");
      await dashboard.button("Import…").click();
      await dashboard.dialog.getByRole("button", { name: "Choose a file…" }).click();
      await (await chooser).setFiles(broken);
      await page.getByText(/line 2/i).first().waitFor();
      await page.getByText("of 20,001").waitFor();
    });
    assert.deepEqual(session.problems, []);
  });
});
