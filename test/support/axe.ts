/** What a page does to people who don't see it, or don't use a mouse. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { AxeResults } from "axe-core";
import type { Page } from "playwright-core";

const source = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Fails with each serious or critical issue that axe finds in what is shown now. */
export async function assertAccessible(page: Page, where: string): Promise<void> {
  if ((await page.evaluate("typeof axe")) === "undefined") await page.evaluate(source);
  // Colours in the middle of a transition are nobody's choice.
  await page.evaluate("Promise.allSettled(document.getAnimations().map(({ finished }) => finished))");
  const { violations } = await page.evaluate<AxeResults>("axe.run({ resultTypes: ['violations'], preload: false })");
  const issues = violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, help, nodes }) => nodes.slice(0, 3).map((node) => `${id} (${help}): ${node.html.slice(0, 200)} – ${node.failureSummary?.split("\n").slice(1).join(" ").trim() ?? ""}`));
  assert.deepEqual(issues, [], `${where}: serious issues`);
}

/** Fails with each control in sight that the Tab key doesn't come to. */
export async function assertReachedByKeyboard(page: Page, where: string): Promise<void> {
  await page.evaluate(`(() => {
    const controls = document.querySelectorAll("a[href], button, input, textarea, select, vscode-button, vscode-textfield, vscode-textarea, vscode-single-select, vscode-checkbox, [tabindex='0']");
    globalThis.unreached = new Set([...controls].filter((control) => control.checkVisibility({ visibilityProperty: true }) && !control.disabled && control.getAttribute("tabindex") !== "-1" && control.closest("[inert]") === null));
    globalThis.noteFocus = () => {
      const focused = document.activeElement;
      unreached.delete(focused);
      return focused === document.body || focused === null;
    };
    document.activeElement?.blur();
    getSelection()?.removeAllRanges();
  })()`);
  let laps = 0;
  // Twice around: the first Tab starts wherever the browser was.
  for (let presses = 0; presses < 300 && laps < 2; presses++) {
    await page.keyboard.press("Tab");
    if ((await page.evaluate("noteFocus()")) === true) laps += 1;
    if ((await page.evaluate("unreached.size")) === 0) return;
  }
  const unreached = await page.evaluate<string[]>("[...unreached].map((control) => control.outerHTML.slice(0, 160))");
  assert.deepEqual(unreached, [], `${where}: controls that the Tab key doesn't come to`);
}
