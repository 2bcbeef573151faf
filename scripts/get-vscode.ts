/** `node scripts/get-vscode.ts browser|desktop`: gets what the end-to-end tests drive, once. */
import { installBrowser } from "./vscode/browser.ts";
import { installCodeServer } from "./vscode/code-server.ts";
import { downloadDesktop } from "./vscode/desktop.ts";

try {
  if (process.argv[2] === "desktop") {
    await downloadDesktop();
  } else {
    installBrowser();
    await installCodeServer();
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
