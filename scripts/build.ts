/** `npm run build`: the library, the CLI and the extension into dist/, with shared chunks and type declarations. */
import { build, type BuildOptions, type Plugin } from "esbuild";
import { execFile } from "node:child_process";
import { chmod, copyFile, mkdir, readFile, rm, stat } from "node:fs/promises";
import { join, relative } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { EXTENSION_ENTRY_LIMIT, kilobytes, PAGE_LIMIT } from "./sizes.ts";

const run = promisify(execFile);
const root = join(import.meta.dirname, "..");
const dist = join(root, "dist");

const shared: BuildOptions = {
  absWorkingDir: root,
  bundle: true,
  outdir: dist,
  platform: "node",
  target: "node22",
  legalComments: "none",
  minifySyntax: true,
  minifyWhitespace: true,
  sourcemap: "linked",
  sourcesContent: false,
  mainFields: ["module", "main"],
  external: ["vscode", "esbuild"],
  logLevel: "warning",
};

/** Entries of the ES modules, by the name of their file. */
type Entries = Record<string, string>;

/**
 * The extension's entry: one CommonJS file, which the editor loads and runs in one go. An ES module
 * would wait for a turn of the extension host's event loop at each step, behind every other extension
 * that starts. What it loads on first use with `import()` (a broker's drivers) stays an ES module;
 * the answer names those.
 */
async function bundleExtension(): Promise<Entries> {
  const onFirstUse: Entries = {};
  const leaveOut: Plugin = {
    name: "leave out what is loaded on first use",
    setup: (building) => {
      building.onResolve({ filter: /^\.{1,2}\// }, ({ kind, path, resolveDir }) => {
        if (kind !== "dynamic-import") return undefined;
        const source = relative(root, join(resolveDir, path));
        const name = relative("src", source).replace(/\.ts$/, "");
        onFirstUse[name] = source;
        return { path: `./${name}.js`, external: true };
      });
    },
  };
  await build({ ...shared, entryPoints: { extension: "src/extension/extension.ts" }, format: "cjs", outExtension: { ".js": ".cjs" }, plugins: [leaveOut, requireVscode] });
  return onFirstUse;
}

/** For `import * as` in CommonJS, each file would make a copy of the editor's whole API: two thirds of the time that loading takes. */
const requireVscode: Plugin = {
  name: "require vscode",
  setup: (building) => {
    building.onLoad({ filter: /[\\/]src[\\/]extension[\\/].*\.ts$/ }, async ({ path }) => {
      const source = await readFile(path, "utf8");
      return { contents: source.replace('import * as vscode from "vscode";', 'const vscode = require("vscode");'), loader: "ts" };
    });
  },
};

/**
 * Everything else in one build, split into chunks: the library and the CLI share the core (so that
 * an error is the same class everywhere), and each `import()` is a file of its own that loads on
 * first use. Names stay readable: they stand in the stack traces people send.
 */
async function bundleModules(ofExtension: Entries): Promise<void> {
  await build({
    ...shared,
    entryPoints: { index: "src/client/index.ts", "cli-main": "src/cli/main.ts", "cli-program": "src/cli/program.ts", worker: "src/extension/workers/process.ts", ...ofExtension },
    format: "esm",
    splitting: true,
    chunkNames: "chunks/[name]-[hash]",
    // Bundled CommonJS packages call require() for Node's own modules.
    banner: { js: 'import{createRequire as __createRequire}from"node:module";const require=__createRequire(import.meta.url);' },
  });
}

/** The inspector's page, for the webview and for the dashboard: one script, one style sheet, and the icons. */
async function bundlePage(): Promise<void> {
  const folder = join(dist, "webview");
  await build({
    absWorkingDir: root,
    entryPoints: { inspector: "webview/main.tsx" },
    bundle: true,
    outdir: folder,
    platform: "browser",
    format: "esm",
    target: "chrome120",
    jsx: "automatic",
    jsxImportSource: "preact",
    minify: true,
    legalComments: "none",
    sourcemap: "linked",
    sourcesContent: false,
    logLevel: "warning",
  });
  await build({ absWorkingDir: root, entryPoints: { inspector: "webview/styles/inspector.css", dashboard: "webview/dashboard/dashboard.css" }, bundle: true, minify: true, outdir: folder, logLevel: "warning" });
  const codicons = join(root, "node_modules", "@vscode", "codicons", "dist");
  for (const file of ["codicon.css", "codicon.ttf"]) await copyFile(join(codicons, file), join(folder, file));
  await copyFile(join(root, "media", "queuescope.svg"), join(folder, "queuescope.svg"));
  await checkPage(folder);
}

/** What a webview loads, compressed as it would travel. */
async function checkPage(folder: string): Promise<void> {
  const sizes = await Promise.all(["inspector.js", "inspector.css", "codicon.css"].map(async (file) => gzipSync(await readFile(join(folder, file))).byteLength));
  const size = sizes.reduce((sum, bytes) => sum + bytes);
  console.log(`dist/webview: ${kilobytes(size)} compressed (limit ${kilobytes(PAGE_LIMIT)})`);
  if (size > PAGE_LIMIT) throw new Error("The inspector's page is too large: see what `npx esbuild --analyze webview/main.tsx --bundle` says.");
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

async function checkEntry(): Promise<void> {
  const { size } = await stat(join(dist, "extension.cjs"));
  console.log(`dist/extension.cjs: ${kilobytes(size)} (limit ${kilobytes(EXTENSION_ENTRY_LIMIT)})`);
  if (size > EXTENSION_ENTRY_LIMIT) throw new Error("The extension's entry is too large: load what isn't needed at activation with import().");
}

try {
  await rm(dist, { recursive: true, force: true });
  await mkdir(dist);
  const modules = bundleExtension().then(bundleModules);
  await Promise.all([modules, bundlePage(), cliEntry(), declarations()]);
  await checkEntry();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
