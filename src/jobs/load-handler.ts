import { statSync } from "node:fs";
import { extname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { invalidInput, QueuescopeError } from "../core/index.ts";
import { compileHandler } from "./compile.ts";

/** A handler as it was exported; what it is called with depends on the worker's batch and source. */
export type LoadedHandler = (input: unknown, context: unknown) => unknown;

const EXTENSIONS = ["", ".ts", ".mts", ".cts", ".tsx", ".js", ".mjs", ".cjs"];

/**
 * Loads a module's default export, or the one named `handler`. JavaScript runs as it is; TypeScript
 * is compiled with esbuild, or by Node's own type stripping where there is no esbuild.
 * @throws invalid-input in one paragraph: no such file, no such export, what doesn't compile or load
 */
export async function loadHandler(path: string, cwd: string): Promise<LoadedHandler> {
  const file = findFile(path, cwd);
  // Before the module is loaded: stacks then name the TypeScript source.
  process.setSourceMapsEnabled(true);
  if (!/^\.([cm]?ts|[jt]sx)$/.test(extname(file))) return exported(file, await load(file, file));
  const compiled = await compileHandler(file);
  return exported(file, compiled === null ? await loadStripped(file) : await load(file, compiled));
}

function findFile(path: string, cwd: string): string {
  const wanted = resolve(cwd, path);
  const found = EXTENSIONS.map((extension) => wanted + extension).find((candidate) => statSync(candidate, { throwIfNoEntry: false })?.isFile() === true);
  if (found !== undefined) return found;
  throw invalidInput("handler", `There is no handler file ${wanted}. Give the path of a JavaScript or TypeScript module, relative to ${cwd}.`);
}

async function load(file: string, built: string): Promise<unknown> {
  try {
    return (await import(pathToFileURL(built).href)) as unknown;
  } catch (cause) {
    throw new QueuescopeError("invalid-input", `The handler ${file} can't be loaded: ${reason(cause)}`, { field: "handler", cause });
  }
}

const NEEDS_ESBUILD: ReadonlySet<unknown> = new Set([
  "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX",
  "ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING",
  "ERR_UNKNOWN_FILE_EXTENSION",
  "ERR_MODULE_NOT_FOUND",
  "MODULE_NOT_FOUND",
  "ERR_UNSUPPORTED_DIR_IMPORT",
]);

async function loadStripped(file: string): Promise<unknown> {
  try {
    return (await import(pathToFileURL(file).href)) as unknown;
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const hint = NEEDS_ESBUILD.has(code) || cause instanceof SyntaxError || cause instanceof ReferenceError ? " There is no esbuild here to compile it, and Node alone doesn't run all of TypeScript (enums, decorators, paths of tsconfig, imports without extension). In the handler's project run: npm install --save-dev esbuild" : "";
    throw new QueuescopeError("invalid-input", `The handler ${file} can't be loaded: ${reason(cause)}${hint}`, { field: "handler", cause });
  }
}

/** One line, with the place where the stack begins. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const [line = ""] = error.message.split("\n");
  const place = (error.stack ?? "").split("\n").find((row) => /^(file:|\/|[A-Z]:\\).*:\d+$/.test(row) || /^\s+at .*(file:|[/\\]).*:\d+:\d+/.test(row));
  const at = place === undefined || place.includes("node:internal") ? "" : ` (${place.trim()})`;
  return `${error.name}: ${line}${at}${/[.!?]$/.test(line) && at === "" ? "" : "."}`;
}

function exported(file: string, module: unknown): LoadedHandler {
  const found = candidates(module).find((candidate) => typeof candidate === "function");
  if (found !== undefined) return found as LoadedHandler;
  const names = Object.keys(module as object).filter((name) => name !== "module.exports").join(", ") || "nothing";
  throw invalidInput("handler", `${file} has no handler: it needs a default export, or one named handler, that is a function. It exports ${names}. For example: export default async function (message) { ... }`);
}

/** CommonJS puts all exports under `default`, compiled TypeScript another `default` in there. */
function candidates(module: unknown): unknown[] {
  const named = (value: unknown, name: string): unknown => (typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined);
  const standard = named(module, "default");
  return [standard, named(standard, "default"), named(module, "handler"), named(standard, "handler")];
}
