/**
 * `npm start [-- --browser] [-- --fresh]`: Queuescope from this clone, in a VS Code with settings and
 * extensions of its own, on a sample workspace. Nothing of the VS Code you work with is touched.
 */
import { spawn, spawnSync } from "node:child_process";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { makeSample, SAMPLE } from "./sample.ts";
import { type Folders, installCodeServer, installVsix, startCodeServer } from "./vscode/code-server.ts";
import { commandLine, downloadDesktop, installedCode, installVsixWith } from "./vscode/desktop.ts";
import { vsixPath } from "./vsix.ts";

const root = join(import.meta.dirname, "..");
const home = join(root, ".vscode-test", "start");

const { values: options } = parseArgs({ options: { browser: { type: "boolean", default: false }, fresh: { type: "boolean", default: false } } });

async function start(): Promise<void> {
  const packaged = spawnSync(process.execPath, [join(root, "scripts", "package.ts")], { stdio: "inherit" });
  if (packaged.status !== 0) throw new Error("The extension could not be built; the message stands above.");
  if (options.fresh) await rm(home, { recursive: true, force: true });
  await makeSample({ fresh: options.fresh });

  const desktop = options.browser ? undefined : await findDesktop();
  if (desktop === undefined) await openInBrowser();
  else openOnDesktop(desktop);
}

/** The command of a VS Code that can open a window here; `undefined`: the browser has to do. */
async function findDesktop(): Promise<string[] | undefined> {
  // In a terminal of a remote VS Code, `code` speaks to that window and knows no folders of our own.
  const code = process.env["VSCODE_IPC_HOOK_CLI"] === undefined ? installedCode() : undefined;
  if (code !== undefined) return [code];
  if (process.platform === "linux" && process.env["DISPLAY"] === undefined && process.env["WAYLAND_DISPLAY"] === undefined) return undefined;
  try {
    console.log("There is no `code` 1.123 or later on the PATH: downloading VS Code into .vscode-test…");
    return commandLine(await downloadDesktop());
  } catch (error) {
    console.log(`${error instanceof Error ? error.message : String(error)}\nOpening it in the browser instead.`);
    return undefined;
  }
}

function openOnDesktop(command: readonly string[]): void {
  const folders = { userData: join(home, "desktop-data"), extensions: join(home, "desktop-extensions") };
  installVsixWith(command, vsixPath(), folders);
  const [program = "code", ...args] = command;
  const asRoot = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  spawn(program, [...args, "--new-window", ...asRoot, "--user-data-dir", folders.userData, "--extensions-dir", folders.extensions, SAMPLE], { detached: true, stdio: "ignore", shell: process.platform === "win32" }).unref();
  console.log(`\nVS Code opens ${SAMPLE}.\nThe Queuescope icon in its activity bar shows the sample's queues.`);
}

async function openInBrowser(): Promise<void> {
  await installCodeServer();
  const folders = await browserFolders();
  await installVsix(vsixPath(), folders);
  await using server = await startCodeServer({ ...folders, workspaceTrust: true });
  console.log(`\nVS Code is at ${server.url}?folder=${encodeURIComponent(SAMPLE)}\nThe Queuescope icon in its activity bar shows the sample's queues. Ctrl-C ends it.`);
  const ended = await Promise.race([once("SIGINT"), once("SIGTERM"), server.ended.then(() => undefined)]);
  if (ended === undefined) throw new Error(`VS Code has ended:\n${server.log()}`);
}

async function browserFolders(): Promise<Folders> {
  const folders = { userData: join(home, "browser-data"), extensions: join(home, "browser-extensions") };
  await Promise.all([mkdir(join(folders.userData, "User"), { recursive: true }), mkdir(folders.extensions, { recursive: true })]);
  // Kept when it is there: the settings are the user's from then on.
  await writeFile(join(folders.userData, "User", "settings.json"), JSON.stringify({ "workbench.startupEditor": "none", "chat.disableAIFeatures": true }, null, 2), { flag: "wx" }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  });
  return folders;
}

function once(signal: NodeJS.Signals): Promise<NodeJS.Signals> {
  return new Promise((resolve) => process.once(signal, resolve));
}

try {
  await start();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
