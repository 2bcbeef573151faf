/** `npm run build`: the library, the CLI and the extension into dist/, with shared chunks and type declarations. */
import { build, type BuildOptions, type Metafile } from "esbuild";
import { execFile } from "node:child_process";
import { chmod, copyFile, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { kilobytes, EXTENSION_ENTRY_LIMIT } from "./sizes.ts";

const run = promisify(execFile);
const root = join(import.meta.dirname, "..");
const dist = join(root, "dist");

const shared: BuildOptions = {
  absWorkingDir: root,
  platform: "node",
  target: "node22",
  legalComments: "none",
  minifySyntax: true,
  minifyWhitespace: true,
  sourcemap: "linked",
  sourcesContent: false,
  logLevel: "warning",
};

/**
 * One build for everything, split into chunks: the three share the core (so that an error is the
 * same class everywhere), and each `import()`, such as a broker's driver, is a file of its own that
 * loads on first use. Names stay readable: they stand in the stack traces people send.
 */
async function bundle(): Promise<Metafile> {
  const result = await build({
    ...shared,
    bundle: true,
    entryPoints: { index: "src/client/index.ts", "cli-main": "src/cli/main.ts", "cli-program": "src/cli/program.ts", extension: "src/extension/extension.ts", "worker-terminal": "src/extension/workers/terminal.ts" },
    outdir: dist,
    format: "esm",
    splitting: true,
    chunkNames: "chunks/[name]-[hash]",
    mainFields: ["module", "main"],
    external: ["vscode", "esbuild"],
    // Bundled CommonJS packages call require() for Node's own modules.
    banner: { js: 'import{createRequire as __createRequire}from"node:module";const require=__createRequire(import.meta.url);' },
    metafile: true,
  });
  return result.metafile;
}

/** The file that npm links as `queuescope`: not bundled, so that an old Node can read it; it imports cli-main.js. */
async function cliEntry(): Promise<void> {
  await copyFile(join(root, "src", "cli", "entry.js"), join(dist, "cli.js"));
  await chmod(join(dist, "cli.js"), 0o755);
}

async function declarations(): Promise<void> {
  await run(process.execPath, [join(root, "node_modules", "typescript", "bin", "tsc"), "-p", join(root, "tsconfig.build.json")]).catch((error: unknown) => {
    throw new Error(`The type declarations could not be made:\n${String((error as { stdout?: string }).stdout)}`);
  });
}

/** What loading a file loads with it: itself and everything it imports statically. */
function eagerBytes(metafile: Metafile, entry: string): number {
  const seen = new Set<string>();
  const queue = [entry];
  for (const file of queue) {
    if (seen.has(file)) continue;
    seen.add(file);
    for (const imported of metafile.outputs[file]?.imports ?? []) {
      if (imported.kind === "import-statement" && imported.external !== true) queue.push(imported.path);
    }
  }
  return [...seen].reduce((sum, file) => sum + (metafile.outputs[file]?.bytes ?? 0), 0);
}

try {
  await rm(dist, { recursive: true, force: true });
  await mkdir(dist);
  const [metafile] = await Promise.all([bundle(), cliEntry(), declarations()]);
  const entry = eagerBytes(metafile, "dist/extension.js");
  console.log(`dist/extension.js with what it loads at once: ${kilobytes(entry)} (limit ${kilobytes(EXTENSION_ENTRY_LIMIT)})`);
  if (entry > EXTENSION_ENTRY_LIMIT) throw new Error("The extension's entry is too large: load what isn't needed at activation with import().");
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
