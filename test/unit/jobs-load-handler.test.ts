import assert from "node:assert/strict";
import { cp, symlink } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { loadHandler } from "../../src/jobs/load-handler.ts";
import { temporaryFolder } from "../support/folder.ts";

const LEGACY_PROJECT = {
  "package.json": `{ "name": "legacy" }`,
  "tsconfig.json": `{ "compilerOptions": { "module": "commonjs", "experimentalDecorators": true, "esModuleInterop": true, "baseUrl": ".", "paths": { "@app/*": ["src/lib/*"] } } }`,
  "node_modules/esm-package/package.json": `{ "name": "esm-package", "type": "module", "exports": "./index.js" }`,
  "node_modules/esm-package/index.js": `export const kind = "esm";`,
  "node_modules/cjs-package/package.json": `{ "name": "cjs-package", "main": "index.js" }`,
  "node_modules/cjs-package/index.js": `module.exports = function () { return "cjs"; };`,
  "packages/shared/package.json": `{ "name": "@acme/shared", "main": "index.ts" }`,
  "packages/shared/index.ts": `export enum Color { Red = "red" }`,
  "src/config.json": `{ "answer": 42 }`,
  "src/lib/util.ts": `export enum Kind { B = "b" }
export function logged(_target: unknown, _key: string, descriptor: PropertyDescriptor) {
  const inner = descriptor.value;
  descriptor.value = function (...args: unknown[]) { return ["decorated", ...inner.apply(this, args)]; };
  return descriptor;
}
export const folder = __dirname;`,
  "src/lib/thrower.ts": `export interface Order { id: string }

export function explode(order: Order): never {
  throw new Error("exploded at " + order.id);
}`,
  "src/handler.ts": `import { Kind, logged, folder } from "@app/util";
import { explode } from "./lib/thrower";
import { kind } from "esm-package";
import cjs = require("cjs-package");
import { Color } from "@acme/shared";
const config = require("./config.json");
class Job {
  constructor(private readonly kind: Kind) {}
  @logged run() { return [this.kind, kind, cjs(), Color.Red, config.answer, folder, __filename]; }
}
export default async function handle(message: { id?: string }) {
  if (message.id !== undefined) explode({ id: message.id });
  return new Job(Kind.B).run();
}`,
};

const load = async (folder: string, file: string, input: unknown = {}): Promise<unknown> => (await loadHandler(file, folder))(input, {});

describe("loading a handler", () => {
  it("runs CommonJS TypeScript with enums, decorators, parameter properties, tsconfig paths, extensionless imports, require and workspace packages", async (t) => {
    const folder = await temporaryFolder(t, { ...LEGACY_PROJECT, "node_modules/@acme/.keep": "" });
    await symlink(join(folder, "packages", "shared"), join(folder, "node_modules", "@acme", "shared"), "junction");
    assert.deepEqual(await load(folder, "src/handler.ts"), ["decorated", "b", "esm", "cjs", "red", 42, join(folder, "src", "lib"), join(folder, "src", "handler.ts")]);
  });

  it("names the TypeScript source, line and column in stacks, of the handler and of what it imports", async (t) => {
    const folder = await temporaryFolder(t, { ...LEGACY_PROJECT, "node_modules/@acme/.keep": "" });
    await symlink(join(folder, "packages", "shared"), join(folder, "node_modules", "@acme", "shared"), "junction");
    const error = await load(folder, "src/handler.ts", { id: "m1-1" }).then(() => assert.fail("it should throw"), (thrown: unknown) => thrown as Error);
    assert.equal(error.message, "exploded at m1-1");
    const stack = error.stack ?? "";
    assert.ok(stack.includes(`${join(folder, "src", "lib", "thrower.ts")}:4:9`), stack);
    assert.ok(stack.includes(`${join(folder, "src", "handler.ts")}:12:33`), stack);
  });

  it("runs ES module TypeScript that uses top-level await, its own require and __dirname, and import.meta", async (t) => {
    const folder = await temporaryFolder(t, {
      "package.json": `{ "type": "module" }`,
      "text.txt": "beside the source",
      "handler.ts": `import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
const require = createRequire(import.meta.url);
const __dirname = dirname(fileURLToPath(import.meta.url));
const text = await Promise.resolve(readFileSync(new URL("./text.txt", import.meta.url), "utf8"));
export const handler = () => [text, __dirname, import.meta.dirname, require("node:path").sep];`,
    });
    assert.deepEqual(await load(folder, "handler.ts"), ["beside the source", folder, folder, "/"]);
  });

  it("allows top-level await in a project that doesn't say which modules it uses", async (t) => {
    const folder = await temporaryFolder(t, { "package.json": "{}", "handler.ts": `const value = await Promise.resolve("awaited"); export default () => value;` });
    assert.equal(await load(folder, "handler.ts"), "awaited");
  });

  it("takes a default export, one named handler, module.exports, and what TypeScript compiles to", async (t) => {
    const folder = await temporaryFolder(t, {
      "default.mjs": `export default () => "default";`,
      "named.mjs": `export const handler = () => "named";`,
      "assigned.cjs": `module.exports = () => "assigned";`,
      "property.cjs": `module.exports = { handler: () => "property" };`,
      "compiled.cjs": `Object.defineProperty(exports, "__esModule", { value: true }); exports.default = () => "compiled";`,
      "common.cts": `const handle = () => "common"; export = handle;`,
    });
    const files = ["default.mjs", "named.mjs", "assigned.cjs", "property.cjs", "compiled.cjs", "common.cts"];
    assert.deepEqual(await Promise.all(files.map((file) => load(folder, file))), files.map((file) => file.slice(0, file.indexOf("."))));
  });

  it("finds the file without its extension", async (t) => {
    const folder = await temporaryFolder(t, { "jobs/order.ts": `export default () => "found";` });
    assert.equal(await load(folder, "jobs/order"), "found");
  });

  it("without any esbuild runs what Node can run by itself, and says what to install for the rest", async (t) => {
    const source = join(import.meta.dirname, "..", "..", "src");
    const folder = await temporaryFolder(t, {
      "package.json": `{ "type": "module" }`,
      "plain.ts": `interface Message { readonly data: string }\nexport default (message: Message): string => message.data;`,
      "enum.ts": `enum Kind { A = 1 }\nexport default () => Kind.A;`,
      "extensionless.ts": `import { x } from "./plain";\nexport default () => x;`,
    });
    await cp(join(source, "core"), join(folder, "src", "core"), { recursive: true });
    for (const file of ["load-handler.ts", "compile.ts"]) await cp(join(source, "jobs", file), join(folder, "src", "jobs", file));
    const lonely = (await import(pathToFileURL(join(folder, "src", "jobs", "load-handler.ts")).href)) as { loadHandler: typeof loadHandler };
    assert.equal((await lonely.loadHandler("plain.ts", folder))({ data: "ran" }, {}), "ran");
    await assert.rejects(lonely.loadHandler("enum.ts", folder), { code: "invalid-input", message: /enum is not supported.*npm install --save-dev esbuild$/ });
    await assert.rejects(lonely.loadHandler("extensionless.ts", folder), { code: "invalid-input", message: /Cannot find module.*npm install --save-dev esbuild$/ });
  });

  it("says in one paragraph what is wrong with a handler", async (t) => {
    const folder = await temporaryFolder(t, {
      "package.json": `{ "type": "module" }`,
      "none.ts": `export const handle = () => 1;`,
      "syntax.ts": `export default () => {\n  const x = ;\n};`,
      "throws.ts": `export default () => 1;\nthrow new TypeError("no such setting");`,
      "missing.ts": `import { thing } from "not-installed";\nexport default () => thing;`,
      "unresolved.ts": `import { thing } from "./nowhere";\nexport default () => thing;`,
      "syntax.mjs": `export default () => { const x = ; };`,
    });
    const refusal = async (file: string): Promise<string> => {
      const error = await loadHandler(file, folder).then(() => assert.fail(`${file} should be refused`), (thrown: unknown) => thrown as Error & { code?: string });
      assert.equal(error.code, "invalid-input");
      assert.ok(!error.message.includes("\n"), error.message);
      return error.message;
    };
    assert.match(await refusal("gone.ts"), /There is no handler file .*gone\.ts\. Give the path/);
    assert.match(await refusal("none.ts"), /none\.ts has no handler: it needs a default export, or one named handler.*It exports handle\./);
    assert.match(await refusal("syntax.ts"), /syntax\.ts doesn't compile: .*syntax\.ts:2:13: /);
    assert.match(await refusal("throws.ts"), /throws\.ts can't be loaded: TypeError: no such setting \(.*throws\.ts:2:7\)/);
    assert.match(await refusal("missing.ts"), /can't be loaded: .*not-installed/);
    assert.match(await refusal("unresolved.ts"), /unresolved\.ts:1:23: Could not resolve "\.\/nowhere"/);
    assert.match(await refusal("syntax.mjs"), /can't be loaded: SyntaxError: Unexpected token ';'/);
  });
});
