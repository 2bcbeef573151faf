/** Opens a folder in a real VS Code with the VSIX installed: in the browser, or on the desktop. */
import { _electron, type Page } from "playwright-core";
import { launchBrowser } from "../../../scripts/vscode/browser.ts";
import { type Folders, installVsix, startCodeServer } from "../../../scripts/vscode/code-server.ts";
import { commandLine, downloadDesktop, installVsixWith } from "../../../scripts/vscode/desktop.ts";

export interface WindowOptions extends Folders {
  readonly folder: string;
  readonly vsix: string;
  /** Restricted Mode until the folder is trusted; otherwise trust is off. */
  readonly workspaceTrust: boolean;
  readonly env: NodeJS.ProcessEnv;
}

export interface EditorWindow extends AsyncDisposable {
  readonly page: Page;
}

const VIEWPORT = { width: 1280, height: 800 };

export function openWindow(options: WindowOptions): Promise<EditorWindow> {
  return process.env["QUEUESCOPE_E2E_EDITOR"] === "desktop" ? openDesktop(options) : openInBrowser(options);
}

async function openInBrowser({ folder, vsix, ...options }: WindowOptions): Promise<EditorWindow> {
  await using opened = new AsyncDisposableStack();
  const browser = await launchBrowser();
  opened.defer(() => browser.close());
  await installVsix(vsix, options);
  const server = opened.use(await startCodeServer(options));
  const page = await browser.newPage({ viewport: VIEWPORT });
  await page.goto(`${server.url}?folder=${encodeURIComponent(folder)}`);
  return owned(page, opened.move());
}

async function openDesktop({ folder, vsix, userData, extensions, workspaceTrust, env }: WindowOptions): Promise<EditorWindow> {
  await using opened = new AsyncDisposableStack();
  const executablePath = await downloadDesktop();
  installVsixWith(commandLine(executablePath), vsix, { userData, extensions });
  const args = [folder, "--user-data-dir", userData, "--extensions-dir", extensions, "--new-window", "--no-sandbox", "--disable-gpu", "--disable-updates", "--skip-welcome", "--skip-release-notes"];
  if (!workspaceTrust) args.push("--disable-workspace-trust");
  const app = await _electron.launch({ executablePath, args, env: definedValues(env) });
  opened.defer(() => app.close());
  const page = await app.firstWindow();
  await page.setViewportSize(VIEWPORT);
  return owned(page, opened.move());
}

function owned(page: Page, resources: AsyncDisposableStack): EditorWindow {
  return { page, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}

function definedValues(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined));
}
