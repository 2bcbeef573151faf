import type { FrameLocator, Locator, Page } from "playwright-core";

/** A queue's inspector: a webview, two frames deep in the window. */
export class InspectorPage {
  readonly #frame: FrameLocator;

  constructor(page: Page) {
    this.#frame = page.locator("iframe.webview.ready:visible").last().contentFrame().locator("#active-frame").contentFrame();
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

  region(name: string | RegExp): Locator {
    return this.#frame.getByRole("region", { name });
  }

  button(name: string): Locator {
    return this.#frame.getByRole("button", { name, exact: true });
  }

  field(name: string): Locator {
    return this.#frame.getByRole("textbox", { name, exact: true });
  }

  image(name: RegExp): Locator {
    return this.#frame.getByRole("img", { name });
  }

  text(text: string | RegExp): Locator {
    return this.#frame.getByText(text);
  }

  get dialog(): Locator {
    return this.#frame.getByRole("dialog");
  }
}
