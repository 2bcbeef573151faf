import type { Locator, Page } from "playwright-core";
import { until } from "../support/until.ts";

/** The integrated terminal that is in front. */
export class Terminal {
  readonly #page: Page;
  readonly screen: Locator;

  constructor(page: Page) {
    this.#page = page;
    this.screen = page.locator(".terminal-wrapper.active .xterm-rows");
  }

  /** A line may be wrapped anywhere, so blanks don't count. */
  async shows(text: string): Promise<void> {
    const wanted = text.replace(/\s+/g, "");
    await until(`"${text}" in the terminal`, async () => {
      const shown = (await this.screen.allTextContents()).join("").replace(/\s+/g, "");
      return shown.includes(wanted) ? true : undefined;
    });
  }

  /** The terminal's name, in the list of several or in the title of the only one. */
  named(name: string | RegExp): Locator {
    return this.#page.locator(".terminal-tabs-entry, .panel .single-terminal-tab").filter({ hasText: name }).first();
  }
}
