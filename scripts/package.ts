/** `npm run package`: the build, then the extension's VSIX from exactly the files it needs. */
import { createVSIX } from "@vscode/vsce";
import { spawnSync } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { kilobytes, VSIX_LIMIT } from "./sizes.ts";
import { vsixPath } from "./vsix.ts";

const root = join(import.meta.dirname, "..");

/** What an installed extension reads, besides its code. */
const RESOURCES = ["media", "l10n", "package.nls.json", "README.md", "CHANGELOG.md", "LICENSE"];

/** The manifest without what concerns only npm: the VSIX brings no node_modules, everything is bundled. */
async function writeManifest(stage: string): Promise<void> {
  const manifest = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as Record<string, unknown>;
  for (const field of ["scripts", "files", "bin", "exports", "dependencies", "devDependencies", "allowScripts"]) Reflect.deleteProperty(manifest, field);
  await writeFile(join(stage, "package.json"), JSON.stringify(manifest, null, 2));
}

async function stageFiles(stage: string): Promise<void> {
  await mkdir(join(stage, "dist"));
  await cp(join(root, "dist"), join(stage, "dist"), {
    recursive: true,
    filter: (source) => !source.endsWith(".map") && source !== join(root, "dist", "types"),
  });
  for (const resource of RESOURCES) {
    if (existsSync(join(root, resource))) await cp(join(root, resource), join(stage, resource), { recursive: true });
  }
}

async function packageVsix(packagePath: string): Promise<void> {
  const stage = await mkdtemp(join(tmpdir(), "queuescope-vsix-"));
  try {
    await writeManifest(stage);
    await stageFiles(stage);
    // Everything that was staged is wanted; vsce warns when nothing says so.
    await writeFile(join(stage, ".vscodeignore"), "");
    await createVSIX({ cwd: stage, packagePath, dependencies: false, skipLicense: true, allowMissingRepository: true, rewriteRelativeLinks: false });
  } finally {
    await rm(stage, { recursive: true, force: true });
  }
}

const built = spawnSync(process.execPath, [join(root, "scripts", "build.ts")], { stdio: "inherit" });
if (built.status !== 0) process.exit(1);
const vsix = vsixPath();
await packageVsix(vsix);
const { size } = await stat(vsix);
console.log(`${vsix}: ${kilobytes(size)} (limit ${kilobytes(VSIX_LIMIT)})`);
if (size > VSIX_LIMIT) {
  console.error("The VSIX is too large: `npx vsce ls` in an unpacked copy shows what is in it.");
  process.exitCode = 1;
}
