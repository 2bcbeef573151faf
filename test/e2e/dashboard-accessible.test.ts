import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { fillSample } from "../../scripts/sample.ts";
import { assertAccessible, assertReachedByKeyboard } from "../support/axe.ts";
import { fillFrom, openDashboard } from "../support/dashboard-page.ts";

const TABS = ["Messages", "Push", "Pop", "Dead Letters", "Traces", "Metrics", "Groups"];

let sample: string;
before(async () => {
  sample = await mkdtemp(join(tmpdir(), "queuescope-sample-"));
  await fillSample(sample);
});
after(() => rm(sample, { recursive: true, force: true, maxRetries: 5 }));

describe("every tab", () => {
  it("would be refused with a button that nobody can name, or that the Tab key passes over", async () => {
    await using session = await openDashboard({ name: "accessible-check", fill: fillFrom(sample) });
    const { page } = session;
    await page.evaluate("document.querySelector('nav').append(document.createElement('button'))");
    await assert.rejects(assertAccessible(page, "the list"), /button-name/);
    await page.evaluate("document.querySelector('nav > button').addEventListener('focus', ({ target }) => { target.blur(); })");
    await assert.rejects(assertReachedByKeyboard(page, "the list"), /doesn't come to/);
  });

  for (const theme of ["dark", "light", "hc-dark", "hc-light"] as const) {
    it(`has no serious issue for people who see or hear it otherwise, in the theme ${theme}`, async () => {
      await using session = await openDashboard({ name: `accessible-${theme}`, fill: fillFrom(sample) });
      const { step, page } = session;
      const failures: string[] = [];
      const check = async (where: string): Promise<void> => {
        await assertAccessible(page, where).catch((error: unknown) => { failures.push(String(error)); });
      };
      await step("the list of queues", async (dashboard) => {
        await dashboard.useTheme(theme);
        await dashboard.row("orders").waitFor();
        await check("the list");
      });
      await session.dashboard.goToQueue("orders");
      for (const tab of TABS) {
        await step(tab, async (dashboard) => {
          await dashboard.show(tab);
          await dashboard.settled();
          await check(tab);
        });
        const table = page.getByRole("tabpanel").getByRole("grid").first();
        if ((await table.count()) === 0) continue;
        await step(`${tab}, what a row opens`, async (dashboard) => {
          await table.focus();
          await page.keyboard.press("Home");
          await page.keyboard.press("ArrowDown");
          await page.keyboard.press("Enter");
          await dashboard.settled();
          await check(`${tab}, what a row opens`);
        });
      }
      assert.deepEqual(failures, []);
      assert.deepEqual(session.problems, []);
    });
  }

  it("is reached and left by the keyboard alone", async () => {
    await using session = await openDashboard({ name: "keyboard", fill: fillFrom(sample) });
    const { step, page } = session;
    await step("a queue is opened from the list", async (dashboard) => {
      await assertReachedByKeyboard(page, "the list");
      await page.getByRole("grid", { name: "Queues" }).focus();
      await page.keyboard.press("Home");
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("Enter");
      await dashboard.heading("orders").waitFor();
    });
    for (const [index, tab] of TABS.entries()) {
      await step(tab, async (dashboard) => {
        if (index === 0) await dashboard.tab(tab).focus();
        else {
          await page.locator("[role='tab'][aria-selected='true']").focus();
          await page.keyboard.press("ArrowRight");
        }
        await page.getByRole("tabpanel", { name: tab }).waitFor();
        await dashboard.settled();
        await assertReachedByKeyboard(page, tab);
      });
    }
  });
});
