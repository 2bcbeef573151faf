/** What has to come from the operating system. */
import { execFileSync } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** The first of the programs that is on PATH. */
export function findProgram(...names: readonly string[]): string | undefined {
  const endings = process.platform === "win32" ? [".exe", ".cmd"] : [""];
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  const candidates = names.flatMap((name) => folders.flatMap((folder) => endings.map((ending) => join(folder, name + ending))));
  return candidates.find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch (error) {
    if (error instanceof Error) return false;
    throw error;
  }
}

/** Another apt may be at work on a machine that has just started. */
const LOCK = "DPkg::Lock::Timeout=300";

export interface SystemNeed {
  /** Debian's package. */
  readonly package: string;
  readonly present: () => boolean;
}

export const BUILD_TOOLS: readonly SystemNeed[] = [
  { package: "g++", present: () => findProgram("g++", "clang++", "c++") !== undefined },
  { package: "make", present: () => findProgram("make") !== undefined },
  { package: "python3", present: () => findProgram("python3") !== undefined },
  { package: "libkrb5-dev", present: () => process.platform !== "linux" || existsSync("/usr/include/gssapi/gssapi.h") },
];

export const BROWSER: SystemNeed = { package: "chromium", present: () => browserPath() !== undefined };

/** Any Chromium will do. Elsewhere than on Linux, Playwright finds Chrome itself. */
export function browserPath(): string | undefined {
  return process.env["QUEUESCOPE_E2E_BROWSER"] ?? findProgram("chromium", "chromium-browser", "google-chrome", "google-chrome-stable");
}

/** Installs what is missing when that may be done here, and otherwise says how. */
export function needFromSystem(needs: readonly SystemNeed[], purpose: string): void {
  const missing = needs.filter((need) => !need.present()).map((need) => need.package);
  if (missing.length === 0) return;
  const names = missing.join(" ");
  const apt = findProgram("apt-get");
  if (apt === undefined) throw new Error(`${purpose} needs ${missing.join(", ")} (the names of Debian's packages). Install what your system calls them and try again.`);
  if (process.getuid?.() !== 0) throw new Error(`${purpose} needs system packages that are missing. Install them and try again:\n  sudo apt-get update && sudo apt-get install -y ${names}`);
  console.log(`Installing ${names} (${purpose} needs it)…`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  execFileSync(apt, ["-o", LOCK, "update", "-qq"], { stdio: ["ignore", "inherit", "inherit"], env });
  execFileSync(apt, ["-o", LOCK, "install", "-y", "-qq", ...missing], { stdio: ["ignore", "inherit", "inherit"], env });
}
