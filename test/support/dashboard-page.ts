/** The inspector in a browser, on a real file: the built CLI serves it, a real Chromium shows it. */
import { type ChildProcess, spawn } from "node:child_process";
import { cp, mkdir, mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { launchBrowser } from "../../scripts/vscode/browser.ts";
import { fillSample } from "../../scripts/sample.ts";
import { Dashboard } from "../e2e/pages/dashboard.ts";
import { cleanEnvironment } from "./cli.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const CLI = join(ROOT, "dist", "cli.js");

export interface DashboardOptions {
  /** Of the folder that keeps the screenshots: test-results/e2e/dashboard-NAME. */
  readonly name: string;
  /** Fills the folder whose queues are served; default: the sample, with content that was really made. */
  readonly fill?: (folder: string) => Promise<void>;
  /** More of the command line: `--read-only`, `--url`. */
  readonly args?: readonly string[];
  /** Of the browser: viewport, colour scheme, contrast. */
  readonly browser?: BrowserContextOptions;
}

/** A dashboard of its own, open at the list of queues, with a screenshot of each step. */
export interface DashboardSession extends AsyncDisposable {
  readonly page: Page;
  readonly dashboard: Dashboard;
  readonly folder: string;
  /** What the process is reached at, with its token. */
  readonly url: string;
  readonly server: DashboardProcess;
  readonly browser: Browser;
  /** What went wrong in the page so far: exceptions, errors on the console, violations of its policy. */
  readonly problems: readonly string[];
  /** Does it, and takes a screenshot of what came of it. */
  readonly step: (title: string, action: (dashboard: Dashboard) => Promise<void>) => Promise<void>;
  readonly screenshot: (title: string) => Promise<void>;
}

const ACTION_TIMEOUT = 30_000;
const VIEWPORT = { width: 1280, height: 800 };

export async function openDashboard({ name, fill = fillSample, args = [], browser: settings = {} }: DashboardOptions): Promise<DashboardSession> {
  await using opened = new AsyncDisposableStack();
  const home = await realpath(await mkdtemp(join(tmpdir(), "queuescope-page-")));
  opened.defer(() => rm(home, { recursive: true, force: true, maxRetries: 5 }));
  const folder = join(home, "my shop");
  await mkdir(folder);
  await fill(folder);
  const server = opened.use(await DashboardProcess.start(folder, args));
  const browser = await launchBrowser();
  opened.defer(() => browser.close());
  const context = await browser.newContext({ viewport: VIEWPORT, ...settings });
  const page = await context.newPage();
  page.setDefaultTimeout(ACTION_TIMEOUT);
  const problems = await listenForProblems(page);

  const results = join(ROOT, "test-results", "e2e", `dashboard-${name}`);
  await rm(results, { recursive: true, force: true });
  await mkdir(results, { recursive: true });
  let steps = 0;
  const screenshot = async (title: string): Promise<void> => {
    await page.screenshot({ path: join(results, `${String(++steps).padStart(2, "0")} ${title.replace(/[^\w .,-]+/g, "_")}.png`) });
  };
  const dashboard = new Dashboard(page);
  const step = async (title: string, action: (dashboard: Dashboard) => Promise<void>): Promise<void> => {
    try {
      await action(dashboard);
      await screenshot(title);
    } catch (error) {
      await screenshot(`FAILED ${title}`);
      throw new Error(`${title}: ${error instanceof Error ? error.message : String(error)}\nIn the page: ${problems.join("; ") || "no problem"}\nThe process printed: ${server.output}\nScreenshots: ${results}`, { cause: error });
    }
  };
  await step("it opens", async () => {
    await page.goto(server.url);
    await dashboard.ready();
  });
  const resources = opened.move();
  return { page, dashboard, folder, url: server.url, server, browser, problems, step, screenshot, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}

/** Whatever a page complains about; the policy's violations too, which no exception tells. */
async function listenForProblems(page: Page): Promise<readonly string[]> {
  const problems: string[] = [];
  const note = (problem: string): void => { if (!problems.includes(problem)) problems.push(problem); };
  page.on("pageerror", (error) => { note(`exception: ${error.message}`); });
  page.on("console", (message) => { if (message.type() === "error") note(`console: ${message.text()}`); });
  await page.exposeFunction("reportViolation", (text: string) => { note(`policy: ${text}`); });
  await page.addInitScript("addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sourceFile, lineNumber }) => { reportViolation([violatedDirective, blockedURI, sourceFile, lineNumber].join(' ')); });");
  return problems;
}

/** `queuescope dashboard`, as users start it. */
export class DashboardProcess implements AsyncDisposable {
  readonly url: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<number | null>;
  readonly #output: readonly string[];

  private constructor(child: ChildProcess, ended: Promise<number | null>, output: readonly string[], url: string) {
    this.#child = child;
    this.#ended = ended;
    this.#output = output;
    this.url = url;
  }

  static async start(folder: string, args: readonly string[] = [], cli = CLI): Promise<DashboardProcess> {
    const child = spawn(process.execPath, [cli, "dashboard", ...args], { cwd: folder, env: cleanEnvironment(), stdio: ["ignore", "pipe", "pipe"] });
    const ended = new Promise<number | null>((resolve) => child.once("close", (code) => { resolve(code); }));
    const output: string[] = [];
    const url = await new Promise<string>((resolve, reject) => {
      const read = (chunk: Buffer): void => {
        output.push(chunk.toString("utf8"));
        const printed = /http:\/\/127\.0\.0\.1:\d+\/\?token=\S+/.exec(output.join(""))?.[0];
        if (printed !== undefined) resolve(printed);
      };
      child.stdout.on("data", read);
      child.stderr.on("data", read);
      child.once("error", reject);
      void ended.then((code) => { reject(new Error(`The dashboard ended with ${code ?? "a signal"} before it printed its address: ${output.join("")}`)); });
    });
    return new DashboardProcess(child, ended, output, url);
  }

  /** Without the token. */
  get origin(): string {
    return new URL(this.url).origin;
  }

  get output(): string {
    return this.#output.join("");
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** As Ctrl-C does. @returns the exit code */
  stop(): Promise<number | null> {
    this.#child.kill("SIGINT");
    return this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#ended;
  }
}

/** The sample that was made once, for tests that only look: seeding takes seconds. */
export function fillFrom(sample: string): (folder: string) => Promise<void> {
  return (folder) => cp(sample, folder, { recursive: true, verbatimSymlinks: true });
}
