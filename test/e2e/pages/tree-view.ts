import type { Locator, Page } from "playwright-core";

/** In the middle of the status bar, where nothing reacts to the mouse. */
export const NOWHERE = [640, 790] as const;

/** What runs in the page needs of its types. */
interface Part {
  querySelectorAll(selector: string): Iterable<Part>;
}
interface PageGlobals {
  getComputedStyle(part: Part, pseudo: string): { readonly content: string };
}

/** One view of the Queuescope container. */
export class TreeView {
  readonly #page: Page;
  readonly pane: Locator;

  constructor(page: Page, title: string) {
    this.#page = page;
    this.pane = page.locator(".sidebar .pane").filter({ has: page.locator(`.pane-header[aria-label^="${title} "]`) });
  }

  /** The row with exactly this label and, when given, a description that holds the text. Of several, the first. */
  row(label: string, description?: string | RegExp): Locator {
    const labelled = this.pane.locator(".monaco-list-row").filter({ has: this.#page.locator(".label-name").getByText(label, { exact: true }) });
    const described = description === undefined ? labelled : labelled.filter({ has: this.#page.locator(".label-description").filter({ hasText: description }) });
    return described.first();
  }

  /** The first row whose label holds the text. */
  rowHolding(text: string): Locator {
    return this.pane.locator(".monaco-list-row").filter({ has: this.#page.locator(".label-name").filter({ hasText: text }) }).first();
  }

  /** The first row whose description holds the text. */
  rowDescribed(text: string): Locator {
    return this.pane.locator(".monaco-list-row").filter({ has: this.#page.locator(".label-description").filter({ hasText: text }) }).first();
  }

  /** What the view says when it has no rows. */
  get welcome(): Locator {
    return this.pane.locator(".welcome-view-content");
  }

  async expand(label: string): Promise<void> {
    await this.#turn(label, "true");
  }

  async collapse(label: string): Promise<void> {
    await this.#turn(label, "false");
  }

  async #turn(label: string, expanded: "true" | "false"): Promise<void> {
    const row = this.row(label);
    await row.waitFor();
    if ((await row.getAttribute("aria-expanded")) === expanded) return;
    await row.locator(".monaco-tl-twistie").click();
    await this.row(label).and(this.pane.locator(`[aria-expanded="${expanded}"]`)).waitFor();
  }

  /** Chooses from the row's context menu. */
  async choose(row: Locator, action: string): Promise<void> {
    await row.click({ button: "right" });
    const item = this.#page.locator(".monaco-menu .action-item").filter({ has: this.#page.locator(".action-label").getByText(action, { exact: true }) });
    // A menu that has just opened takes a click for the end of the one that opened it.
    await item.hover();
    await this.#page.keyboard.press("Enter");
  }

  /** Presses one of the icons that a row shows on hover. */
  async press(row: Locator, action: string): Promise<void> {
    await row.hover();
    await this.#action(row, action).click();
    // Off the icon, whose tooltip would stand in the picture.
    await this.#page.mouse.move(...NOWHERE);
  }

  /** Puts the mouse on one of the icons that a row shows on hover. */
  async hoverAction(row: Locator, action: string): Promise<void> {
    await row.hover();
    await this.#action(row, action).hover();
  }

  #action(row: Locator, action: string): Locator {
    return row.locator(`.actions .action-label[aria-label^="${action}"]`);
  }

  /** The few characters at the end of a row; the editor's style sheet puts them there. */
  async badge(row: Locator): Promise<string> {
    const contents = await row.evaluate((element: Part) => [...element.querySelectorAll("*")].map((part) => (globalThis as unknown as PageGlobals).getComputedStyle(part, "::after").content));
    return contents.map((content) => /^"(.+)"$/.exec(content)?.[1]).find((content) => content !== undefined) ?? "";
  }

  /** The names of the icons that a row shows on hover. */
  async actions(row: Locator): Promise<string[]> {
    await row.hover();
    const actions = await row.locator(".actions .action-label").all();
    return Promise.all(actions.map(async (action) => (await action.getAttribute("aria-label")) ?? ""));
  }

  /** Every row's text, top to bottom, of those that are in sight. */
  async rows(): Promise<string[]> {
    const rows = await this.pane.locator(".monaco-list-row").all();
    const labels = await Promise.all(rows.map(async (row) => ({ index: Number(await row.getAttribute("data-index")), label: (await row.getAttribute("aria-label")) ?? "" })));
    return labels.sort((a, b) => a.index - b.index).map(({ label }) => label);
  }
}
