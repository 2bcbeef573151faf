import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { DashboardProcess } from "../support/dashboard-page.ts";
import { CLI, ROOT } from "./support/project.ts";

const run = promisify(execFile);

/** Uses what a newcomer would: the main call, a type of their own, an error by its code. */
const PROGRAM = `
import { connect, QueuescopeError, type Message } from "queuescope";

interface Order { id: number }

await using queues = await connect();
const orders = queues.queue<Order>("orders");
await orders.push([{ id: 1 }, { id: 2 }]);
const seen: number[] = [];
const handler = (message: Message<Order>): void => { seen.push(message.data.id); };
await orders.limit(2).consume(handler);
const refusal = await queues.queue("").push({ id: 3 }).catch((error: unknown) => error);
console.log(JSON.stringify({ seen, refused: refusal instanceof QueuescopeError ? refusal.code : null }));
`;

const TSCONFIG = { compilerOptions: { target: "ES2024", lib: ["ES2024", "ESNext.Disposable"], module: "NodeNext", strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, types: ["node"], noEmit: true }, include: ["main.ts"] };

describe("the npm package, installed in an empty project", () => {
  let project = "";

  before(async () => {
    project = await mkdtemp(join(tmpdir(), "queuescope-package-"));
    await run("npm", ["pack", "--ignore-scripts", "--pack-destination", project], { cwd: ROOT });
    const [tarball] = await readdir(project);
    assert.ok(tarball);
    await writeFile(join(project, "package.json"), JSON.stringify({ name: "consumer", private: true, type: "module", allowScripts: { esbuild: true } }));
    await run("npm", ["install", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error", `./${tarball}`], { cwd: project });
    await mkdir(join(project, "node_modules", "@types"), { recursive: true });
    await symlink(join(ROOT, "node_modules", "@types", "node"), join(project, "node_modules", "@types", "node"), "dir");
    await symlink(join(ROOT, "node_modules", "undici-types"), join(project, "node_modules", "undici-types"), "dir");
    await writeFile(join(project, "main.ts"), PROGRAM);
    await writeFile(join(project, "tsconfig.json"), JSON.stringify(TSCONFIG));
  });

  after(() => rm(project, { recursive: true, force: true }));

  it("brings esbuild and nothing else", async () => {
    const installed = (await readdir(join(project, "node_modules"))).filter((name) => !name.startsWith(".") && !["@types", "undici-types", "@esbuild"].includes(name));
    assert.deepEqual(installed.sort(), ["esbuild", "queuescope"]);
  });

  it("type-checks under strict nodenext, its own declarations included", async () => {
    const checked = await run(process.execPath, [join(ROOT, "node_modules", "typescript", "bin", "tsc"), "-p", project]).catch((error: unknown) => error as { stdout: string });
    assert.equal(checked.stdout, "");
  });

  it("serves the dashboard with the page that it brings", async () => {
    await using dashboard = await DashboardProcess.start(project, [], join(project, "node_modules", "queuescope", "dist", "cli.js"));
    const entered = await fetch(dashboard.url);
    const headers = { Cookie: (entered.headers.get("set-cookie") ?? "").split(";")[0] ?? "" };
    const [, script] = /src="([^"]+)"/.exec(await (await fetch(`${dashboard.origin}/`, { headers })).text()) ?? [];
    assert.equal((await fetch(`${dashboard.origin}${script ?? "/nothing"}`, { headers })).headers.get("content-type"), "text/javascript; charset=utf-8");
  });

  it("pushes and consumes in the project's own file", async () => {
    const { stdout } = await run(process.execPath, ["main.ts"], { cwd: project });
    assert.deepEqual(JSON.parse(stdout), { seen: [1, 2], refused: "invalid-input" });
  });

  it("runs as a command", async () => {
    const command = (...args: string[]) => run(process.execPath, [join(project, "node_modules", ".bin", "queuescope"), "--json", ...args], { cwd: project });
    const pushed = JSON.parse((await command("push", "mails", '{"to":"ada"}')).stdout) as { status: string };
    const popped = JSON.parse((await command("pop", "mails")).stdout) as { data: unknown };
    assert.equal(pushed.status, "queued");
    assert.deepEqual(popped.data, { to: "ada" });
  });

  it("tells an old Node in one line what it needs", async () => {
    const pretendOld = 'data:text/javascript,Object.defineProperty(process.versions,"node",{value:"20.20.2"})';
    const refused = await run(process.execPath, ["--import", pretendOld, CLI, "stats"], { cwd: project }).catch((error: unknown) => error as { code: number; stdout: string; stderr: string });
    assert.ok("code" in refused);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /^queuescope needs Node 22\.22\.3.* this is Node 20\.20\.2\..*\n$/);
    assert.equal(refused.stdout, "");
  });
});
