import type { FrameLocator, Locator, Page } from "playwright-core";

/** A queue's inspector: a webview, two frames deep in the window. */
export class InspectorPage {
  readonly #frame: FrameLocator;

  constructor(page: Page) {
    this.#frame = page.frameLocator("iframe.webview.ready").last().frameLocator("#active-frame");
  }

  heading(queue: string): Locator {
    return this.#frame.getByRole("heading", { level: 1, name: queue });
  }

  tab(name: string): Locator {
    return this.#frame.getByRole("tab", { name });
  }

  /** What the tab shows. */
  get panel(): Locator {
    return this.#frame.getByRole("tabpanel");
  }

  async show(tab: string): Promise<void> {
    await this.tab(tab).click();
    await this.#frame.getByRole("tabpanel", { name: tab }).waitFor();
  }

  row(text: string | RegExp): Locator {
    return this.panel.getByRole("row").filter({ hasText: text }).first();
  }

  get dialog(): Locator {
    return this.#frame.getByRole("dialog");
  }
}
