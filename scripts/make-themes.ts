/**
 * Writes webview/dashboard/themes.css: the colours that the page uses, with the values they have in a real VS Code, for the
 * dashboard in a browser, where nobody gives them. Run it after the build when a stylesheet uses another colour; a test says so.
 */
import { globSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Workbench } from "../test/e2e/pages/workbench.ts";
import { installBrowser, launchBrowser } from "./vscode/browser.ts";
import { installCodeServer, startCodeServer } from "./vscode/code-server.ts";

const root = join(import.meta.dirname, "..");
export const THEMES_FILE = join(root, "webview", "dashboard", "themes.css");

/** By the name that the page gives them: the theme's id in VS Code. */
const THEMES = {
  dark: "Default Dark Modern",
  light: "Default Light Modern",
  "hc-dark": "Default High Contrast",
  "hc-light": "Default High Contrast Light",
} as const;

/** Sizes and families are the browser's own, in themes of every kind. */
const COMMON = `:root {
  --vscode-font-family: system-ui, "Segoe WPC", "Segoe UI", -apple-system, BlinkMacSystemFont, "Ubuntu", "Droid Sans", sans-serif;
  --vscode-font-size: 13px;
  --vscode-font-weight: normal;
  --vscode-editor-font-family: ui-monospace, "SF Mono", Menlo, Consolas, "Droid Sans Mono", monospace;
  --vscode-editor-font-size: 12px;
  --vscode-editor-font-weight: normal;
}`;

/** Which variables are used in a text: by name, or by the beginning of names whose end is put in by code. */
export function usedVariables(text: string): { readonly names: readonly string[]; readonly beginnings: readonly string[] } {
  return { names: text.match(/--vscode-[\w-]*\w(?![\w-]|-\$\{)/g) ?? [], beginnings: text.match(/--vscode-[\w-]*-(?=\$\{)/g) ?? [] };
}

async function makeThemes(): Promise<string> {
  const files = [...globSync(join(root, "dist", "webview", "inspector.{js,css}")), join(root, "webview", "dashboard", "dashboard.css")];
  const page = (await Promise.all(files.map((file) => readFile(file, "utf8")))).join("\n");
  const { names, beginnings } = usedVariables(page);
  const isUsed = (name: string): boolean => !COMMON.includes(`${name}:`) && (names.includes(name) || beginnings.some((beginning) => name.startsWith(beginning)));
  await using opened = await openWebview();
  const blocks: string[] = [];
  for (const [name, id] of Object.entries(THEMES)) {
    const values = await opened.valuesIn(id);
    const lines = [...values].filter(([variable]) => isUsed(variable)).map(([variable, value]) => `  ${variable}: ${value};`).sort();
    const scheme = name.endsWith("light") ? "light" : "dark";
    blocks.push([`:root[data-theme="${name}"] {`, `  color-scheme: ${scheme};`, ...lines, "}"].join("\n"));
  }
  return ["/* Made by scripts/make-themes.ts from the themes of a real VS Code: change that. */", COMMON, ...blocks].join("\n\n") + "\n";
}

interface OpenedWebview extends AsyncDisposable {
  valuesIn(theme: string): Promise<ReadonlyMap<string, string>>;
}

/** Any webview: VS Code gives each of them the colours of its theme. */
async function openWebview(): Promise<OpenedWebview> {
  installBrowser();
  await installCodeServer();
  await using opened = new AsyncDisposableStack();
  const home = await mkdtemp(join(tmpdir(), "queuescope-themes-"));
  opened.defer(() => rm(home, { recursive: true, force: true, maxRetries: 5 }));
  const [folder, userData, extensions] = [join(home, "folder"), join(home, "data"), join(home, "extensions")];
  await Promise.all([mkdir(join(folder, ".vscode"), { recursive: true }), mkdir(userData), mkdir(extensions)]);
  await writeFile(join(folder, "page.md"), "# A webview\n");
  const setTheme = (theme: string): Promise<void> => writeFile(join(folder, ".vscode", "settings.json"), JSON.stringify({ "workbench.colorTheme": theme, "workbench.editorAssociations": { "*.md": "vscode.markdown.preview.editor" }, "workbench.startupEditor": "none" }));
  await setTheme(THEMES.dark);
  const server = opened.use(await startCodeServer({ userData, extensions }));
  const browser = await launchBrowser();
  opened.defer(() => browser.close());
  const page = await browser.newPage();
  await page.goto(`${server.url}?folder=${encodeURIComponent(folder)}`);
  const workbench = new Workbench(page);
  await page.locator(".monaco-workbench .part.statusbar").waitFor();
  await workbench.editor.open("page.md");
  const webview = page.locator("iframe.webview.ready").last().contentFrame().locator("#active-frame").contentFrame();
  const resources = opened.move();
  return {
    async valuesIn(theme) {
      await setTheme(theme);
      const dark = !theme.endsWith("Light") && !theme.includes("Light Modern");
      const kind = theme.includes("High Contrast") ? (dark ? "vscode-high-contrast" : "vscode-high-contrast-light") : dark ? "vscode-dark" : "vscode-light";
      await webview.locator(`body[data-vscode-theme-kind="${kind}"]`).waitFor({ timeout: 120_000 });
      const style = (await webview.locator("html").getAttribute("style")) ?? "";
      return new Map(style.split(";").flatMap((part): [string, string][] => {
        const at = part.indexOf(":");
        return at < 0 ? [] : [[part.slice(0, at).trim(), part.slice(at + 1).trim()]];
      }));
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

if (import.meta.main) await writeFile(THEMES_FILE, await makeThemes());
