/** VS Code in the browser: code-server from npm, the real workbench and extension host. */
import { execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { BUILD_TOOLS, needFromSystem } from "./system.ts";

const run = promisify(execFile);

const VERSION = "4.139.1";
const folder = join(import.meta.dirname, "..", "..", ".vscode-test", `code-server-${VERSION}`);
const entry = join(folder, "node_modules", "code-server", "out", "node", "entry.js");

/** Some 750 MB with native parts that are compiled, so it is fetched on first use and never a dependency. */
export async function installCodeServer(): Promise<void> {
  if (existsSync(entry)) return;
  needFromSystem(BUILD_TOOLS, "Building VS Code for the browser (code-server)");
  console.log(`Installing code-server ${VERSION} into .vscode-test (once, about three minutes)…`);
  const unfinished = `${folder}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true });
  await writeFile(join(unfinished, "package.json"), JSON.stringify({ private: true }));
  await npmInstall(unfinished);
  await rename(unfinished, folder);
}

async function npmInstall(cwd: string): Promise<void> {
  // It compiles against the Node that runs it; its own install scripts run npm again, in folders of their own.
  const env: NodeJS.ProcessEnv = { ...process.env, npm_config_dangerously_allow_all_scripts: "true", npm_config_ignore_scripts: "false", npm_config_audit: "false", npm_config_fund: "false" };
  // It reads its Node's version from this, and would find that of the npm which may have started us.
  delete env["npm_config_user_agent"];
  const npm = spawn("npm", ["install", "--no-save", `code-server@${VERSION}`], { cwd, env, stdio: ["ignore", "inherit", "inherit"], shell: process.platform === "win32" });
  const code = await new Promise<number | null>((resolve, reject) => npm.on("error", reject).on("exit", resolve));
  if (code !== 0) throw new Error(`code-server ${VERSION} could not be installed; npm's message stands above.`);
}

export interface Folders {
  readonly userData: string;
  readonly extensions: string;
}

function folderArguments({ userData, extensions }: Folders): string[] {
  return ["--user-data-dir", userData, "--extensions-dir", extensions, "--config", join(userData, "code-server.yaml")];
}

export async function installVsix(vsix: string, folders: Folders): Promise<void> {
  await run(process.execPath, [entry, ...folderArguments(folders), "--install-extension", vsix]);
}

export interface ServeOptions extends Folders {
  /** Asks whether the folder is trusted, as VS Code does; otherwise everything is trusted. */
  readonly workspaceTrust?: boolean;
  readonly env?: NodeJS.ProcessEnv;
}

export interface CodeServer extends AsyncDisposable {
  /** Ends with a slash. */
  readonly url: string;
  /** When the server has ended, for whatever reason. */
  readonly ended: Promise<void>;
  /** What it has printed so far. */
  log(): string;
}

/** Starts a server on a free port of this machine; disposing ends it with everything it started. */
export async function startCodeServer(options: ServeOptions): Promise<CodeServer> {
  await writeFile(join(options.userData, "code-server.yaml"), "");
  const args = [entry, ...folderArguments(options), "--auth", "none", "--bind-addr", "127.0.0.1:0", "--disable-telemetry", "--disable-update-check", "--disable-getting-started-override", "--ignore-last-opened"];
  if (options.workspaceTrust !== true) args.push("--disable-workspace-trust");
  const server = spawn(process.execPath, args, { env: options.env ?? process.env, stdio: ["ignore", "pipe", "pipe"], cwd: dirname(options.userData) });
  const ended = new Promise<void>((resolve) => server.once("exit", () => { resolve(); }));
  let output = "";
  const url = await new Promise<string>((resolve, reject) => {
    const read = (chunk: Buffer): void => {
      output += chunk.toString("utf8");
      const address = /HTTP server listening on (http:\S+)/.exec(output)?.[1];
      if (address !== undefined) resolve(address);
    };
    server.stdout.on("data", read);
    server.stderr.on("data", read);
    server.once("error", reject);
    server.once("exit", (code) => { reject(new Error(`code-server ended with ${code ?? "a signal"} before it listened:\n${output}`)); });
  });
  return {
    url,
    ended,
    log: () => output,
    async [Symbol.asyncDispose]() {
      server.kill("SIGTERM");
      await ended;
    },
  };
}
