import type { Locator, Page } from "playwright-core";
import { Debugging } from "./debugging.ts";
import { Editor } from "./editor.ts";
import { InspectorPage } from "./inspector.ts";
import { QuickInput } from "./quick-input.ts";
import { Terminal } from "./terminal.ts";
import { NOWHERE, TreeView } from "./tree-view.ts";

/** The whole window. Page objects know where things are; what should be there, the specs know. */
export class Workbench {
  readonly page: Page;
  readonly quickInput: QuickInput;
  readonly queues: TreeView;
  readonly deadLetters: TreeView;
  readonly workers: TreeView;
  readonly taps: TreeView;
  readonly editor: Editor;
  readonly terminal: Terminal;
  readonly debugging: Debugging;
  readonly inspector: InspectorPage;
  /** The modal question in the middle of the window. */
  readonly dialog: Locator;

  constructor(page: Page) {
    this.page = page;
    this.quickInput = new QuickInput(page);
    this.queues = new TreeView(page, "Queues");
    this.deadLetters = new TreeView(page, "Dead Letters");
    this.workers = new TreeView(page, "Workers");
    this.taps = new TreeView(page, "Taps");
    this.editor = new Editor(page, this.quickInput);
    this.terminal = new Terminal(page);
    this.debugging = new Debugging(page);
    this.inspector = new InspectorPage(page);
    this.dialog = page.locator(".monaco-dialog-box");
  }

  async ready(): Promise<void> {
    await this.page.locator(".monaco-workbench .part.statusbar").waitFor();
    await this.activityIcon.waitFor();
  }

  async reload(): Promise<void> {
    await Promise.all([this.page.waitForEvent("load"), this.quickInput.runCommand("Developer: Reload Window")]);
    await this.ready();
  }

  /** A tab among the editors. */
  async showTab(title: string): Promise<void> {
    await this.page.getByRole("tab", { name: title }).first().click();
  }

  get explorerIcon(): Locator {
    return this.page.locator('.activitybar .action-label[aria-label^="Explorer"]');
  }

  get activityIcon(): Locator {
    return this.page.locator('.activitybar .action-label[aria-label^="Queuescope"]');
  }

  /** Shows the Queuescope container. */
  async openQueuescope(): Promise<void> {
    await this.activityIcon.click();
    await this.queues.pane.waitFor();
    // Off the icon, whose tooltip would stand in the picture.
    await this.page.mouse.move(...NOWHERE);
  }

  readonly notification = (text: string | RegExp): Locator => {
    return this.page.locator(".notifications-toasts .notification-list-item").filter({ hasText: text }).first();
  };

  async answerDialog(button: string): Promise<void> {
    await this.dialog.getByRole("button", { name: button, exact: true }).click();
    await this.dialog.waitFor({ state: "hidden" });
  }
}
