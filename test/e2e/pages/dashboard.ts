import type { Locator, Page } from "playwright-core";

/** The dashboard in a browser: the list of queues, and one queue's inspector. */
export class Dashboard {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  /** The page is there, whatever it shows. */
  async ready(): Promise<void> {
    await this.page.getByRole("navigation", { name: "Dashboard" }).waitFor();
  }

  /** A line of whichever table is shown. */
  row(text: string | RegExp): Locator {
    return this.page.getByRole("row").filter({ hasText: text }).first();
  }

  get filter(): Locator {
    return this.page.getByRole("textbox", { name: "Filter queues by name" });
  }

  /** From the list to a queue. */
  async openQueue(name: string): Promise<void> {
    await this.page.getByRole("link", { name, exact: true }).click();
    await this.heading(name).waitFor();
  }

  /** By its address. */
  async goToQueue(name: string): Promise<void> {
    await this.page.evaluate(`location.hash = ${JSON.stringify(`#/queue/${encodeURIComponent(name)}`)}`);
    await this.heading(name).waitFor();
  }

  async backToList(): Promise<void> {
    await this.page.getByRole("link", { name: "All queues" }).click();
    await this.page.getByRole("grid", { name: "Queues" }).waitFor();
  }

  heading(queue: string): Locator {
    return this.page.getByRole("heading", { level: 1, name: queue, exact: true });
  }

  tab(name: string): Locator {
    return this.page.getByRole("tab", { name });
  }

  /** What the tab shows. */
  get panel(): Locator {
    return this.page.getByRole("tabpanel");
  }

  async show(tab: string): Promise<void> {
    await this.tab(tab).click();
    await this.page.getByRole("tabpanel", { name: tab }).waitFor();
  }

  get dialog(): Locator {
    return this.page.getByRole("dialog");
  }

  /** Of the page's controls. */
  button(name: string | RegExp): Locator {
    return this.page.getByRole("button", { name });
  }

  /** As chosen by hand, whatever the machine says; a reload keeps it. */
  async useTheme(theme: "dark" | "light" | "hc-dark" | "hc-light"): Promise<void> {
    await this.page.evaluate(`localStorage.setItem("queuescope theme", ${JSON.stringify(theme)})`);
    await this.page.reload();
    await this.ready();
  }

  /** What the connection's state says while it isn't open. */
  get status(): Locator {
    return this.page.getByRole("navigation", { name: "Dashboard" }).getByRole("status");
  }
}
