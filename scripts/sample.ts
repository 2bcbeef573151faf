/** The sample workspace: a copy of examples/orders whose queues have real content, made by really running it. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";

const root = join(import.meta.dirname, "..");

/** Where `npm start` and F5 keep theirs. */
export const SAMPLE = join(root, ".vscode-test", "start", "orders");

/** Copies the example and seeds its queues. Made aside and moved, so that a half-made one is never found. */
export async function makeSample({ folder = SAMPLE, fresh = false }: { folder?: string; fresh?: boolean } = {}): Promise<void> {
  if (fresh) await rm(folder, { recursive: true, force: true });
  if (existsSync(folder)) return;
  console.log("Making the sample workspace…");
  const unfinished = `${folder}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await fillSample(unfinished);
  await rename(unfinished, folder);
}

/** The same, into a folder that is there or not. */
export async function fillSample(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const skipped = new Set(["node_modules", ".queuescope"]);
  await cp(join(root, "examples", "orders"), folder, { recursive: true, filter: (source) => !skipped.has(basename(source)) });
  // What `npm install` would bring once the package is published: this clone.
  await mkdir(join(folder, "node_modules", "@types"), { recursive: true });
  await symlink(root, join(folder, "node_modules", "queuescope"), "junction");
  await linkCommand(join(folder, "node_modules", ".bin"));
  await symlink(join(root, "node_modules", "@types", "node"), join(folder, "node_modules", "@types", "node"), "junction");
  execFileSync(process.execPath, ["seed.ts"], { cwd: folder, stdio: ["ignore", "inherit", "inherit"] });
}

/** As npm makes it, so that `npx queuescope` and `npm run charge` work in the sample's terminals. */
async function linkCommand(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const command = join("..", "queuescope", "dist", "cli.js");
  if (process.platform === "win32") await writeFile(join(folder, "queuescope.cmd"), `@node "%~dp0${command}" %*\r\n`);
  else await symlink(command, join(folder, "queuescope"));
}

if (import.meta.main) await makeSample({ fresh: process.argv.includes("--fresh") });
