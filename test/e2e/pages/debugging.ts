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

  /** A row of the Variables view, which VS Code opens when it stops: a scope, or a variable in an open one. */
  variable(name: string): Locator {
    return this.#page.locator(`.debug-variables .monaco-list-row[aria-label^="${name}"], .debug-variables .monaco-list-row[aria-label^="Scope ${name}"]`).first();
  }

  async openScope(name: string): Promise<void> {
    const scope = this.variable(name);
    await scope.waitFor();
    if ((await scope.getAttribute("aria-expanded")) !== "true") await scope.locator(".monaco-tl-twistie").click();
  }

  async press(action: string): Promise<void> {
    await this.toolbar.locator(`.action-label[aria-label^="${action}"]`).click();
  }

  /** Until the session is over. */
  async ended(): Promise<void> {
    await this.toolbar.waitFor({ state: "hidden" });
  }
}
