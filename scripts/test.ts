/**
 * `npm test [-- PART [NAME]...]`: every part, or one, or only its files whose path holds a NAME.
 * Ends with one line `N passed, N failed, N skipped`; lint and the type check count one each.
 */
import { spawn } from "node:child_process";
import { globSync } from "node:fs";
import { join } from "node:path";
import { runTestFiles, type Tally } from "./test-files.ts";

const root = join(import.meta.dirname, "..");
const bin = (path: string): string => join(root, "node_modules", path);

interface Part {
  run: (names: readonly string[]) => Promise<Tally>;
  /** Runs only when asked for by name. */
  onRequest?: boolean;
}

const PARTS: Record<string, Part> = {
  lint: { run: () => check("lint", [bin("eslint/bin/eslint.js"), "."]) },
  typecheck: { run: () => typecheck() },
  unit: { run: (names) => withNats(() => runTestFiles(files("unit", names), { atOnce: 2, minutes: 8 })) },
  conformance: { run: (names) => withNats(() => runTestFiles(files("conformance", names), { atOnce: 2, minutes: 8 })) },
  fault: { run: (names) => withNats(() => runTestFiles(files("fault", names), { atOnce: 1, minutes: 8 })) },
  e2e: { run: (names) => inVsCode(names, "browser") },
  desktop: { run: (names) => inVsCode(names, "desktop"), onRequest: true },
};

/** Of what runs on Node, and of the page, which runs in a browser. */
async function typecheck(): Promise<Tally> {
  const tsc = bin("typescript/bin/tsc");
  return sum([await check("type check", [tsc, "-p", "."]), await check("type check of the page", [tsc, "-p", "webview"])]);
}

/** A check without a count of its own: passed or failed, its output shown. */
async function check(title: string, command: readonly string[], env = process.env): Promise<Tally> {
  const code = await new Promise<number | null>((resolve, reject) => {
    spawn(process.execPath, command, { cwd: root, stdio: "inherit", env }).on("error", reject).on("exit", resolve);
  });
  console.log(code === 0 ? `ok      ${title}` : `FAILED  ${title}`);
  return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 };
}

/** Servers of this and earlier runs are found again; what can't be had is skipped by its tests. */
async function withNats(part: () => Promise<Tally>): Promise<Tally> {
  const prepared = await check("get nats-server", [join("scripts", "get-nats.ts")]);
  return prepared.failed > 0 ? prepared : sum([prepared, await part()]);
}

/** End-to-end tests use what users install: the VSIX and the npm package. */
async function inVsCode(names: readonly string[], editor: "browser" | "desktop"): Promise<Tally> {
  const prepared = [await check("package the VSIX", [join("scripts", "package.ts")]), await check(`get VS Code (${editor})`, [join("scripts", "get-vscode.ts"), editor]), await check("get nats-server", [join("scripts", "get-nats.ts")])];
  if (prepared.some(({ failed }) => failed > 0)) return sum(prepared);
  process.env["QUEUESCOPE_E2E_EDITOR"] = editor;
  return sum([...prepared, await runTestFiles(files("e2e", names), { atOnce: 1, minutes: 8 })]);
}

function files(folder: string, names: readonly string[]): string[] {
  const all = globSync(`test/${folder}/**/*.test.ts`, { cwd: root }).sort();
  return names.length === 0 ? all : all.filter((file) => names.some((name) => file.includes(name)));
}

function sum(tallies: readonly Tally[]): Tally {
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const tally of tallies) {
    total.passed += tally.passed;
    total.failed += tally.failed;
    total.skipped += tally.skipped;
  }
  return total;
}

const [asked, ...names] = process.argv.slice(2);
if (asked !== undefined && !Object.hasOwn(PARTS, asked)) {
  console.error(`There is no part "${asked}". Parts: ${Object.keys(PARTS).join(", ")}.`);
  process.exit(2);
}
const tallies: Tally[] = [];
for (const [name, part] of Object.entries(PARTS)) {
  if (asked === undefined ? part.onRequest === true : asked !== name) continue;
  console.log(`\n== ${name}`);
  const started = performance.now();
  tallies.push(await part.run(names));
  console.log(`   ${((performance.now() - started) / 1000).toFixed(1)} s`);
}
const { passed, failed, skipped } = sum(tallies);
process.exitCode = failed > 0 ? 1 : 0;
console.log(`\n${passed} passed, ${failed} failed, ${skipped} skipped`);
