import type { Locator, Page } from "playwright-core";
import type { QuickInput } from "./quick-input.ts";

/** The active editor. */
export class Editor {
  readonly #page: Page;
  readonly #quickInput: QuickInput;
  readonly root: Locator;

  constructor(page: Page, quickInput: QuickInput) {
    this.#page = page;
    this.#quickInput = quickInput;
    this.root = page.locator(".editor-group-container.active .editor-instance .monaco-editor").first();
  }

  /** Opens a file of the workspace by its name. */
  async open(file: string): Promise<void> {
    await this.#page.keyboard.press("ControlOrMeta+P");
    await this.#quickInput.input.fill(file);
    const name = file.split("/").at(-1) ?? file;
    await this.#quickInput.option(name).first().click();
    await this.tab(name).waitFor();
  }

  /** The active tab, by its title. */
  tab(title: string | RegExp): Locator {
    return this.#page.locator(".editor-group-container.active .tab.active").filter({ hasText: title });
  }

  /** Where the document is, as the line above it says; what is in the document left out. */
  async breadcrumbs(): Promise<string[]> {
    return this.#page.locator(".editor-group-container.active .monaco-breadcrumb-item:is(.file, .folder)").allInnerTexts();
  }

  /** Waits for text that is in sight. */
  async shows(text: string): Promise<void> {
    await this.root.locator(".view-lines").filter({ hasText: text }).waitFor();
  }

  async goToLine(line: number): Promise<void> {
    await this.root.click();
    await this.#page.keyboard.press("Control+G");
    await this.#quickInput.answer(/line/i, `:${line}`);
    await this.#quickInput.root.waitFor({ state: "hidden" });
  }

  /** Sets a breakpoint at a line, from the keyboard. */
  async setBreakpoint(line: number): Promise<void> {
    await this.goToLine(line);
    await this.#page.keyboard.press("F9");
    await this.#page.locator(".codicon-debug-breakpoint, .codicon-debug-breakpoint-unverified").first().waitFor();
  }

  /** Replaces the whole text. */
  async replaceAll(text: string): Promise<void> {
    await this.root.click();
    await this.#page.keyboard.press("ControlOrMeta+A");
    await this.#page.keyboard.press("Delete");
    // The editor takes over the selection with its next frame; text that comes before replaces the old one.
    await this.root.locator(".view-line").nth(1).waitFor({ state: "hidden" });
    await this.#page.keyboard.insertText(text);
    await this.shows(text);
  }
}
