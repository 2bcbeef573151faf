/** A headless Chromium, driven by Playwright. */
import { chromium, type Browser } from "playwright-core";
import { BROWSER, browserPath, needFromSystem } from "./system.ts";

/** What a browser does by itself that a test doesn't want: calls home, sandboxing that root can't have. */
const ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

export function installBrowser(): void {
  if (process.platform === "linux") needFromSystem([BROWSER], "Driving VS Code in a browser");
}

export function launchBrowser(): Promise<Browser> {
  const executablePath = browserPath();
  return chromium.launch({ ...(executablePath === undefined ? { channel: "chrome" } : { executablePath }), args: ARGUMENTS });
}
