import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { openDashboard } from "../support/dashboard-page.ts";
import { until } from "../support/until.ts";
import { queuescope } from "./support/cli.ts";

const fill = (folder: string): Promise<void> => queuescope(folder, "queue", "create", "drafts").then(() => undefined);
const json = async (folder: string, ...args: string[]): Promise<Record<string, unknown>[]> => (await queuescope(folder, ...args)) as Record<string, unknown>[];

describe("the Push tab", () => {
  it("pushes what is written, links to it, and keeps what is often pushed as a template", async () => {
    await using session = await openDashboard({ name: "push", fill });
    const { step, page, folder, problems } = session;

    await step("what isn't JSON is said where it is written, and can't be pushed", async (dashboard) => {
      await dashboard.openQueue("drafts");
      await dashboard.show("Push");
      await page.getByRole("textbox", { name: "Data" }).fill('{"order": }');
      await page.getByText("Not JSON:").waitFor();
        assert.notEqual(await page.locator("vscode-button", { hasText: "Push to drafts" }).getAttribute("disabled"), null);
    });

    await step("placeholders are previewed", async (dashboard) => {
      await page.getByRole("textbox", { name: "Data" }).fill('{"order": "{{counter}}", "big": 12345678901234567890, "by": "{{person.fullName}}"}');
      await dashboard.button("Preview").click();
      await page.locator("pre.preview").filter({ hasText: '"order": 1,' }).waitFor();
    });

    await step("many are pushed at once, each a link", async (dashboard) => {
      await page.getByRole("textbox", { name: "Partition" }).fill("customer-{{counter}}");
      await page.getByRole("spinbutton", { name: "How many" }).fill("25");
      await dashboard.button("Push 25 to drafts").click();
      await page.getByText("Pushed 25 messages.").waitFor();
    });
    const stored = await json(folder, "peek", "drafts", "--limit", "100");
    assert.deepEqual([stored.length, stored[24]?.["partition"]], [25, "customer-25"]);

    await step("a template is saved, and loaded again", async (dashboard) => {
      await dashboard.button("Save as Template…").click();
      await dashboard.dialog.getByRole("textbox", { name: "Name of the template" }).fill("Numbered order");
      await dashboard.dialog.getByRole("button", { name: "Save" }).click();
      await until("the template's file", async () => (await readdir(join(folder, ".queuescope", "templates")).catch((): string[] => [])).includes("Numbered order.json"));
      await dashboard.button("Clear").click();
      await page.getByRole("combobox", { name: "Template" }).click();
      await page.getByRole("option", { name: "Numbered order" }).click();
      await until("the template in the form", async () => (await page.getByRole("textbox", { name: "Data" }).inputValue()).includes("{{counter}}"));
    });

    await step("headers keep apart while their names are typed, and a row left empty is none", async (dashboard) => {
      const name = (n: number) => page.getByRole("textbox", { name: "Header name" }).nth(n);
      const value = (n: number) => page.getByRole("textbox", { name: "Value of the header" }).nth(n);
      await page.getByRole("spinbutton", { name: "How many" }).fill("1");
      await dashboard.button("Add Header").click();
      await name(0).pressSequentially("x");
      await value(0).fill("first");
      await dashboard.button("Add Header").click();
      await name(1).pressSequentially("xy");
      await value(1).fill("second");
      await dashboard.button("Add Header").click();
      await dashboard.button("Push to drafts").click();
      await page.getByText("Pushed 1 message.").waitFor();
      for (const nth of [2, 1, 0]) await dashboard.button("Remove the header").nth(nth).click();
    });
    const headers = (await json(folder, "peek", "drafts", "--limit", "100")).map((message) => message["headers"]);
    assert.deepEqual(headers.filter((pairs) => JSON.stringify(pairs) !== "{}"), [{ x: "first", xy: "second" }]);

    await step("a duplicate is answered with its original", async (dashboard) => {
      await page.getByRole("spinbutton", { name: "How many" }).fill("1");
      await page.getByRole("textbox", { name: "Partition" }).fill("");
      await page.getByRole("textbox", { name: "Your own id" }).fill("order-1");
      await dashboard.button("Push to drafts").click();
      await page.getByText("Pushed 1 message.").waitFor();
      await dashboard.button("Push to drafts").click();
      await page.getByText("A message with the id order-1 is there already:").waitFor();
    });

    await step("a field that is wrong says so beside it", async (dashboard) => {
      await page.getByRole("textbox", { name: "Delay" }).fill("soon");
      await dashboard.button("Push to drafts").click();
      await page.getByRole("alert").filter({ hasText: "soon" }).waitFor();
    });

    assert.deepEqual(problems, []);
  });
});

describe("the Pop tab", () => {
  it("looks without leasing, leases for a group when asked to, and settles", async () => {
    await using session = await openDashboard({
      name: "pop",
      fill: async (folder) => {
        for (const order of [1, 2, 3, 4]) await queuescope(folder, "push", "drafts", `{"order":${order}}`);
      },
    });
    const { step, page, folder, problems } = session;
    const counts = async (group: string): Promise<Record<string, number>> => {
      const [stats] = await json(folder, "stats", "drafts");
      return ((stats?.["groups"] as { name: string; counts: Record<string, number> }[]).find(({ name }) => name === group)?.counts) ?? {};
    };

    await step("what is next is only looked at", async (dashboard) => {
      await dashboard.openQueue("drafts");
      await dashboard.show("Pop");
      await page.getByRole("region", { name: "Next for default" }).getByRole("row").filter({ hasText: '{"order":4}' }).waitFor();
    });
    assert.deepEqual((await json(folder, "stats", "drafts"))[0]?.["totalDeliveries"], 0);

    const held = page.getByRole("region", { name: "Leased here" });
    await step("messages are leased for a group of its own", async (dashboard) => {
      await page.getByRole("spinbutton", { name: "How many" }).fill("3");
      await page.getByRole("textbox", { name: "Group, instead of default" }).fill("billing");
      await dashboard.button("Pop up to 3 for billing").click();
      await held.getByRole("row").filter({ hasText: '{"order":3}' }).waitFor();
    });
    assert.equal((await counts("billing"))["leased"], 3);

    await step("one is acknowledged", async () => {
      await held.getByRole("row").filter({ hasText: '{"order":1}' }).click();
      await page.getByRole("toolbar", { name: "Settle" }).getByRole("button", { name: "Ack", exact: true }).click();
      await held.getByRole("row").filter({ hasText: '{"order":1}' }).waitFor({ state: "detached" });
    });
    assert.equal((await counts("billing"))["completed"], 1);

    await step("one goes to the dead letters, with why", async (dashboard) => {
      await held.getByRole("row").filter({ hasText: '{"order":2}' }).click();
      await page.getByRole("button", { name: "To Dead Letters…" }).click();
      await dashboard.dialog.getByRole("textbox", { name: "What went wrong?" }).fill("no such customer");
      await dashboard.dialog.getByRole("button", { name: "Move" }).click();
      await held.getByRole("row").filter({ hasText: '{"order":2}' }).waitFor({ state: "detached" });
    });
    assert.deepEqual((await json(folder, "dlq", "list", "drafts")).map(({ error }) => error), ["no such customer"]);

    await step("what is left is released at once", async (dashboard) => {
      await dashboard.button("Release All (1)").click();
      await page.getByText("Nothing yet. Pop leases messages").waitFor();
    });
    assert.deepEqual([(await counts("billing"))["leased"], (await counts("billing"))["ready"]], [0, 2]);
    assert.deepEqual(problems, []);
  });
});
