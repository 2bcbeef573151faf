import { createHash } from "node:crypto";
import { existsSync, realpathSync } from "node:fs";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, dirname, extname, join, parse, sep } from "node:path";
import { pathToFileURL } from "node:url";
import type * as Esbuild from "esbuild";
import { QueuescopeError } from "../core/index.ts";

type Format = "esm" | "cjs";

/**
 * Bundles a TypeScript handler with what it imports relatively or through tsconfig paths; packages
 * stay outside. The result lies in the project, so that packages are found and debuggers trust its
 * source map. `null`: there is no esbuild that works here.
 * @throws invalid-input with file, line and column of what doesn't compile; permission-denied
 */
export async function compileHandler(entry: string): Promise<string | null> {
  for (const esbuild of esbuilds(entry)) {
    const format = moduleFormat(entry);
    const built = await bundle(await esbuild(), entry, format).catch((error: unknown) => unusable(error));
    if (built !== null) return built;
  }
  return null;
}

/** That of the handler's project first, then our own: the extension carries none, because it is a native program. */
function esbuilds(entry: string): (() => Promise<typeof Esbuild | null>)[] {
  return [entry, import.meta.url].map((from) => async () => {
    try {
      const path = createRequire(from).resolve("esbuild");
      const module = (await import(pathToFileURL(path).href)) as typeof Esbuild & { default?: typeof Esbuild };
      return module.default ?? module;
    } catch (error) {
      if (isMissing(error)) return null;
      throw error;
    }
  });
}

function isMissing(error: unknown): boolean {
  return ["MODULE_NOT_FOUND", "ERR_MODULE_NOT_FOUND"].includes(String((error as NodeJS.ErrnoException).code));
}

/** A build that fails for the sake of the code is an error; an esbuild that doesn't run (its binary is another platform's) is none. */
function unusable(error: unknown): null {
  if (error instanceof QueuescopeError) throw error;
  return null;
}

/** What Node itself would take the file for. */
function moduleFormat(entry: string): Format {
  if (/\.m[jt]s$/.test(entry)) return "esm";
  if (/\.c[jt]s$/.test(entry)) return "cjs";
  const manifest = nearest(dirname(entry), "package.json");
  if (manifest === null) return "esm";
  const { type } = createRequire(manifest)(manifest) as { type?: string };
  return type === "module" ? "esm" : "cjs";
}

async function bundle(esbuild: typeof Esbuild | null, entry: string, format: Format): Promise<string | null> {
  if (esbuild === null) return null;
  const outfile = outputFile(entry, format);
  try {
    const { outputFiles } = await esbuild.build(buildOptions(entry, outfile, format));
    await store(outputFiles, outfile);
    return outfile;
  } catch (error) {
    const problems = (error as Partial<Esbuild.BuildFailure>).errors ?? [];
    const [first] = problems;
    if (first === undefined) throw asPermission(error);
    // CommonJS has no top-level await; a project without a package.json type may still use it.
    if (format === "cjs" && problems.every(({ text }) => text.startsWith("Top-level await"))) return bundle(esbuild, entry, "esm");
    throw new QueuescopeError("invalid-input", `The handler ${entry} doesn't compile: ${describe(first)}${problems.length > 1 ? ` (and ${problems.length - 1} more)` : ""}`, { field: "handler", cause: error });
  }
}

function asPermission(error: unknown): unknown {
  const { code, path } = error as NodeJS.ErrnoException;
  if (code !== "EACCES" && code !== "EROFS" && code !== "EPERM") return error;
  return new QueuescopeError("permission-denied", `The compiled handler can't be written to ${path ?? "its project"}. Make the project's folder writable, or compile the handler yourself and give the JavaScript file.`, { cause: error });
}

function describe({ text, location }: Esbuild.Message): string {
  return location === null ? text : `${location.file}:${location.line}:${location.column + 1}: ${text}`;
}

function buildOptions(entry: string, outfile: string, format: Format): Esbuild.BuildOptions & { write: false } {
  return {
    absWorkingDir: dirname(entry),
    entryPoints: [entry],
    outfile,
    format,
    bundle: true,
    write: false,
    platform: "node",
    target: `node${process.versions.node}`,
    packages: "external",
    sourcemap: "linked",
    sourcesContent: false,
    keepNames: true,
    logLevel: "silent",
    define: PLACES,
    plugins: [keepPlaces, bundleWorkspacePackages],
    // TypeScript projects call require() in ES modules too.
    ...(format === "esm" ? { banner: { js: `import { createRequire as __queuescope_createRequire } from "node:module"; const require = __queuescope_createRequire(${JSON.stringify(entry)});` } } : {}),
  };
}

/** In a bundle each of these would be the bundle's own: replaced by what they are in the source file. */
const PLACES: Readonly<Record<string, string>> = {
  "import.meta.url": "__queuescope_url",
  "import.meta.filename": "__queuescope_filename",
  "import.meta.dirname": "__queuescope_dirname",
  __filename: "__queuescope_filename",
  __dirname: "__queuescope_dirname",
};

const keepPlaces: Esbuild.Plugin = {
  name: "keep-places",
  setup(build) {
    build.onLoad({ filter: /\.[cm]?[jt]sx?$/ }, async ({ path }) => {
      const source = await readFile(path, "utf8");
      if (!/\b__dirname\b|\b__filename\b|\bimport\.meta\b/.test(source)) return undefined;
      const names = { url: pathToFileURL(path).href, filename: path, dirname: dirname(path) };
      const prelude = `var ${Object.entries(names).map(([name, value]) => `__queuescope_${name} = ${JSON.stringify(value)}`).join(", ")};`;
      // On the first line of code, so that all lines keep their numbers.
      const at = source.startsWith("#!") ? source.indexOf("\n") + 1 : 0;
      return { contents: source.slice(0, at) + prelude + source.slice(at), loader: loaderOf(path) };
    });
  },
};

function loaderOf(path: string): Esbuild.Loader {
  const kind = extname(path).replace(/^\.[cm]?/, "");
  return kind as Esbuild.Loader;
}

/** A package of the same repository, linked into node_modules, whose code is TypeScript: part of the project rather than a package. */
const bundleWorkspacePackages: Esbuild.Plugin = {
  name: "bundle-workspace-packages",
  setup(build) {
    build.onResolve({ filter: /^[^./#]/ }, ({ path, resolveDir, kind }) => {
      if (kind === "entry-point" || path.startsWith("node:")) return undefined;
      const file = resolved(path, resolveDir);
      return file !== null && /\.[cm]?tsx?$/.test(file) && !file.includes(`${sep}node_modules${sep}`) ? { path: file } : undefined;
    });
  },
};

function resolved(specifier: string, from: string): string | null {
  try {
    return realpathSync(createRequire(join(from, "import.js")).resolve(specifier));
  } catch {
    // Not a file that require() finds: whatever imports it will say so, if it is needed at all.
    return null;
  }
}

function outputFile(entry: string, format: Format): string {
  const project = projectFolder(entry);
  const hash = createHash("sha256").update(entry).digest("hex").slice(0, 8);
  return join(project, ".queuescope", "build", `${parse(entry).name}-${hash}`, `${parse(entry).name}${format === "esm" ? ".mjs" : ".cjs"}`);
}

function projectFolder(entry: string): string {
  const manifest = nearest(dirname(entry), "package.json");
  return manifest === null ? dirname(entry) : dirname(manifest);
}

function nearest(folder: string, name: string): string | null {
  const path = join(folder, name);
  if (existsSync(path)) return path;
  const parent = dirname(folder);
  return parent === folder ? null : nearest(parent, name);
}

/** Each file appears whole, whoever else compiles the same handler now. */
async function store(files: readonly Esbuild.OutputFile[], outfile: string): Promise<void> {
  const folder = dirname(outfile);
  await mkdir(folder, { recursive: true });
  await writeFile(join(dirname(folder), ".gitignore"), "*\n");
  for (const { path, contents } of files) {
    const whole = join(folder, basename(path));
    const part = `${whole}.${process.pid}`;
    await writeFile(part, contents);
    await rename(part, whole);
  }
}
