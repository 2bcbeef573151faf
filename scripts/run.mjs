/**
 * `node scripts/run.mjs NAME [ARGUMENT]...` runs scripts/NAME.ts on the project's own Node.
 *
 * The first thing that runs on a fresh clone, on whatever Node the machine has: plain JavaScript,
 * no dependencies. Installs the dependencies when they aren't what the lock file says.
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, join } from "node:path";
import process from "node:process";

const root = join(import.meta.dirname ?? new URL(".", import.meta.url).pathname, "..");
const onWindows = process.platform === "win32";

const [name, ...args] = process.argv.slice(2);
if (!isInstalled()) install();
run(join(root, "scripts", `${name}.ts`), args);

/** The tree that npm last installed against the lock file: content, not times, which a checkout changes. */
function isInstalled() {
  const wanted = packages(join(root, "package-lock.json"));
  const found = packages(join(root, "node_modules", ".package-lock.json"));
  return Object.entries(wanted).every(([path, entry]) => path === "" || entry.optional || found[path]?.version === entry.version) && existsSync(projectNode());
}

function packages(lockFile) {
  return existsSync(lockFile) ? (JSON.parse(readFileSync(lockFile, "utf8")).packages ?? {}) : {};
}

function install() {
  console.log("Installing dependencies (npm ci)…");
  // The install scripts of `node` and `esbuild` place their binaries; package.json's allowScripts names the ones that may run.
  const { status, error } = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--ignore-scripts=false", "--loglevel=error"], { cwd: root, stdio: "inherit", shell: onWindows });
  if (error !== undefined) fail(`npm could not be started (${error.message}). Install Node.js with npm and try again.`);
  if (status !== 0) fail("`npm ci` failed; its message stands above.");
  if (!existsSync(projectNode())) fail("`npm ci` did not bring the project's Node.js (the `node` package, whose install script fetches it). Run `npm rebuild node` and read what it says.");
}

function projectNode() {
  return join(root, "node_modules", "node", "bin", onWindows ? "node.exe" : "node");
}

function run(script, args) {
  const path = [join(root, "node_modules", ".bin"), process.env.PATH].join(delimiter);
  const child = spawn(projectNode(), [script, ...args], { cwd: root, stdio: "inherit", env: { ...process.env, PATH: path } });
  // Ctrl-C reaches the whole group by itself; who signals only this process means the child.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  child.on("exit", (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 1)));
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
