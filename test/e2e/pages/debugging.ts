import type { Locator, Page } from "playwright-core";

/** A debug session: its tool bar, where it stopped, what it shows. */
export class Debugging {
  readonly #page: Page;
  readonly toolbar: Locator;
  /** The line it is stopped at. */
  readonly stoppedAt: Locator;

  constructor(page: Page) {
    this.#page = page;
    this.toolbar = page.locator(".debug-toolbar");
    this.stoppedAt = page.locator(".codicon-debug-stackframe").first();
  }

  /** The row of a variable or watch in the Run and Debug view. */
  variable(name: string): Locator {
    return this.#page.locator(".debug-variables .monaco-list-row").filter({ has: this.#page.locator(".name").getByText(new RegExp(`^${name}\\s*[=:]?$`)) }).first();
  }

  async press(action: string): Promise<void> {
    await this.toolbar.locator(`.action-label[aria-label^="${action}"]`).click();
  }

  /** Until the session is over. */
  async ended(): Promise<void> {
    await this.toolbar.waitFor({ state: "hidden" });
  }
}
