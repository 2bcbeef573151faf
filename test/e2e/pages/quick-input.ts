import type { Locator, Page } from "playwright-core";

/** The box at the top of the window: the command palette, picks and inputs. */
export class QuickInput {
  readonly #page: Page;
  readonly root: Locator;
  readonly input: Locator;

  constructor(page: Page) {
    this.#page = page;
    this.root = page.locator(".quick-input-widget:visible");
    this.input = this.root.locator(".quick-input-filter input");
  }

  /** Runs a command by its whole title, as a person would: F1, type, choose. */
  async runCommand(title: string): Promise<void> {
    await this.#page.keyboard.press("F1");
    await this.input.fill(`>${title}`);
    await this.option(title).click();
  }

  /** Whether the palette offers a command, once it has settled on what it offers. */
  async offersCommand(title: string): Promise<boolean> {
    await this.#page.keyboard.press("F1");
    await this.input.fill(`>${title}`);
    await this.option(title).or(this.root.getByText(/No matching commands|similar commands/)).first().waitFor();
    const offered = await this.option(title).isVisible();
    await this.#page.keyboard.press("Escape");
    await this.root.waitFor({ state: "hidden" });
    return offered;
  }

  option(label: string): Locator {
    return this.root.locator(".monaco-list-row").filter({ has: this.#page.locator(".label-name").getByText(label, { exact: true }) });
  }

  /** Chooses an option of the pick that asks for `prompt`. */
  async pick(prompt: string | RegExp, label: string): Promise<void> {
    await this.asking(prompt);
    await this.option(label).click();
  }

  /** Types into the input that asks for `prompt`, and accepts. */
  async answer(prompt: string | RegExp, text: string): Promise<void> {
    await this.asking(prompt);
    await this.input.fill(text);
    await this.input.press("Enter");
  }

  /** Waits for the step whose title, placeholder or message holds `prompt`. */
  async asking(prompt: string | RegExp): Promise<void> {
    const byText = this.root.filter({ hasText: prompt });
    const byPlaceholder = this.root.filter({ has: this.#page.getByPlaceholder(prompt) });
    await byText.or(byPlaceholder).first().waitFor();
  }
}
