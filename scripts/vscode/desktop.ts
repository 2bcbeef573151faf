/** A desktop VS Code: the one on PATH, or one that @vscode/test-electron downloads. */
import { downloadAndUnzipVSCode, resolveCliArgsFromVSCodeExecutablePath } from "@vscode/test-electron";
import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";
import { findProgram } from "./system.ts";
import type { Folders } from "./code-server.ts";

const OLDEST = [1, 123] as const;

/** `code` on PATH, when it is a VS Code that runs the extension. */
export function installedCode(): string | undefined {
  const code = findProgram("code");
  if (code === undefined) return undefined;
  const { stdout } = spawnSync(code, ["--version"], { encoding: "utf8", shell: process.platform === "win32" });
  const [major = 0, minor = 0] = stdout.split(".").map(Number);
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]) ? code : undefined;
}

/** The path of a VS Code executable, downloaded into .vscode-test on first use. */
export async function downloadDesktop(): Promise<string> {
  try {
    return await downloadAndUnzipVSCode({ version: "stable", cachePath: join(import.meta.dirname, "..", "..", ".vscode-test") });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`VS Code could not be downloaded (${reason}). This needs the internet: check the connection or HTTPS_PROXY.`, { cause: error });
  }
}

/** The command that stands for the executable's command line, for example to install a VSIX. */
export function commandLine(executable: string): string[] {
  return resolveCliArgsFromVSCodeExecutablePath(executable, { reuseMachineInstall: true });
}

export function installVsixWith(command: readonly string[], vsix: string, { userData, extensions }: Folders): void {
  const [program, ...args] = command;
  if (program === undefined) throw new Error("No command line of VS Code was given.");
  execFileSync(program, [...args, "--user-data-dir", userData, "--extensions-dir", extensions, "--install-extension", vsix, "--force"], { stdio: ["ignore", "ignore", "inherit"], shell: process.platform === "win32" });
}
