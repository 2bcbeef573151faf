import { connect } from "@nats-io/transport-node";
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chmod, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { findNats } from "../../scripts/nats-servers.ts";
import { localNatsStatus, startLocalNats, stopLocalNats, type LocalNats } from "../../src/client/nats-server/index.ts";
import { RELEASE } from "../../src/client/nats-server/release.ts";
import { WORKSPACE_GITIGNORE } from "../../src/core/index.ts";
import { cleanEnvironment, CliFolder, CliProcess, MAIN } from "../support/cli.ts";
import { temporaryFolder } from "../support/folder.ts";
import { natsSkip } from "../support/nats-server.ts";
import { ARCHIVE, release, releaseServer } from "../support/release-server.ts";
import { until } from "../support/until.ts";

const skip = natsSkip();
const found = findNats("newest");
const SERVER = "path" in found ? found.path : "";
const WITH = { env: { QUEUESCOPE_NATS_SERVER: SERVER } };

/** A workspace whose server is ended with the test. */
async function workspace(context: TestContext): Promise<CliFolder> {
  const cli = await CliFolder.make();
  context.after(async () => {
    await stopLocalNats({ cwd: cli.path });
    await cli[Symbol.asyncDispose]();
  });
  return cli;
}

async function nats(cli: CliFolder, ...args: string[]): Promise<LocalNats & { started?: boolean; stopped?: boolean }> {
  return await cli.one(["nats", ...args], WITH) as unknown as LocalNats & { started?: boolean; stopped?: boolean };
}

/** Gives the workspace's server a stream with a message. */
async function fill(url: string | null): Promise<void> {
  const nc = await connect({ servers: url ?? "" });
  await nc.request("$JS.API.STREAM.CREATE.kept", JSON.stringify({ name: "kept", subjects: ["kept"] }));
  await nc.request("kept", "1");
  await nc.close();
}

async function messagesKept(url: string | null): Promise<number | undefined> {
  const nc = await connect({ servers: url ?? "" });
  const answer = (await nc.request("$JS.API.STREAM.INFO.kept")).json<{ state?: { messages: number } }>();
  await nc.close();
  return answer.state?.messages;
}

function pidOf({ pid }: LocalNats): number {
  assert.ok(pid !== null, "it runs");
  return pid;
}

async function killed(cli: CliFolder): Promise<void> {
  process.kill(pidOf(await localNatsStatus(cli.path)), "SIGKILL");
  await until("the server to be gone", async () => (await localNatsStatus(cli.path)).state === "stopped");
}

describe("queuescope nats", { skip }, () => {
  it("starts a server with JetStream for this machine, and keeps its URL and data over a stop", async (context) => {
    const cli = await workspace(context);
    const started = await nats(cli, "start");
    assert.deepEqual([started.state, started.started, started.keep], ["running", true, false]);
    assert.match(started.url ?? "", /^nats:\/\/127\.0\.0\.1:\d+$/);
    assert.equal(started.folder, join(cli.path, ".queuescope", "nats"));
    assert.equal(await readFile(join(cli.path, ".queuescope", ".gitignore"), "utf8"), WORKSPACE_GITIGNORE);
    assert.equal((await stat(started.folder)).mode & 0o077, 0, "nobody else can read it");
    await fill(started.url);

    assert.equal((await nats(cli, "stop")).stopped, true);
    const stopped = await nats(cli, "status");
    assert.deepEqual([stopped.state, stopped.pid, stopped.url], ["stopped", null, started.url]);
    assert.equal((await nats(cli, "stop")).stopped, false);

    const again = await nats(cli, "start");
    assert.equal(again.url, started.url);
    assert.equal(await messagesKept(again.url), 1);
  });

  it("is one server for the workspace, found from each of its folders", async (context) => {
    const cli = await workspace(context);
    const started = await nats(cli, "start");
    await mkdir(join(cli.path, "src", "deep"), { recursive: true });
    const inside = await cli.one(["nats", "status"], { cwd: join(cli.path, "src", "deep") });
    assert.deepEqual([inside["state"], inside["pid"]], ["running", started.pid]);
    const again = await nats(cli, "start");
    assert.deepEqual([again.started, again.pid], [false, started.pid]);
  });

  it("starts once when several ask at the same time", async (context) => {
    const cli = await workspace(context);
    const starts = await Promise.all([nats(cli, "start"), nats(cli, "start"), nats(cli, "start")]);
    assert.deepEqual(starts.map(({ started }) => started).sort(), [false, false, true]);
    assert.equal(new Set(starts.map(({ pid }) => pid)).size, 1);
  });

  it("remembers whether it stays when the workspace closes", async (context) => {
    const cli = await workspace(context);
    assert.equal((await nats(cli, "start", "--keep")).keep, true);
    assert.equal((await stopLocalNats({ cwd: cli.path, unlessKept: true })).state, "running");
    assert.equal((await nats(cli, "stop")).stopped, true);
    assert.equal((await nats(cli, "start")).keep, true, "as the last time");
    assert.equal((await nats(cli, "start", "--no-keep")).keep, false);
    assert.deepEqual(await stopLocalNats({ cwd: cli.path, unlessKept: true }).then(({ state, stopped }) => [state, stopped]), ["stopped", true]);
  });

  it("sees that the server was killed, and starts it again with its data", async (context) => {
    const cli = await workspace(context);
    const { url } = await nats(cli, "start");
    await fill(url);
    await killed(cli);
    assert.equal((await nats(cli, "status")).state, "stopped");
    const again = await nats(cli, "start");
    assert.deepEqual([again.started, again.url], [true, url]);
    assert.equal(await messagesKept(url), 1);
  });

  it("leaves a process alone that has got the pid of the server", async (context) => {
    const cli = await workspace(context);
    const { folder } = await nats(cli, "start");
    await killed(cli);
    const stranger = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
    context.after(() => stranger.kill("SIGKILL"));
    await once(stranger, "spawn");
    await writeFile(join(folder, "nats.pid"), String(stranger.pid));
    assert.equal((await nats(cli, "status")).state, "stopped");
    assert.equal((await nats(cli, "stop")).stopped, false);
    assert.equal((await nats(cli, "start")).started, true);
    assert.equal(stranger.exitCode ?? stranger.signalCode, null, "the stranger lives");
  });

  it("says that its port is taken, and takes another one when told to", async (context) => {
    const cli = await workspace(context);
    const { port } = await nats(cli, "start");
    await nats(cli, "stop");
    const other = createServer().listen(port ?? 0, "127.0.0.1");
    context.after(() => { other.close(); });
    await once(other, "listening");
    const refused = await cli.refused(["nats", "start"], WITH);
    assert.equal(refused.code, "invalid-input");
    assert.match(refused.message, new RegExp(`Port ${port}, which this workspace's NATS had before, is used by another program.*--port 0`));
    const moved = await nats(cli, "start", "--port", "0");
    assert.notEqual(moved.port, port);
    assert.match((await cli.refused(["nats", "start", "--port", String(port)], WITH)).message, /runs already, on port/);
    await nats(cli, "stop");
    assert.equal((await nats(cli, "start")).port, moved.port);
    assert.match((await cli.refused(["nats", "start", "--port", "70000"], WITH)).message, /70000/);
  });

  it("tells a server that hangs from one that has ended", { skip: process.platform === "win32" }, async (context) => {
    const cli = await workspace(context);
    const pid = pidOf(await nats(cli, "start"));
    process.kill(pid, "SIGSTOP");
    try {
      assert.equal((await nats(cli, "status")).state, "unresponsive");
      assert.match((await cli.refused(["nats", "start"], WITH)).message, new RegExp(`process ${pid}\\) runs, but doesn't answer.*queuescope nats stop`));
    } finally {
      process.kill(pid, "SIGCONT");
    }
    assert.equal((await nats(cli, "stop")).stopped, true);
  });

  it("shows what the server said when it can't start", async (context) => {
    const cli = await workspace(context);
    const folder = join(cli.path, ".queuescope", "nats");
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "jetstream"), "a file where the store belongs");
    const refused = await cli.refused(["nats", "start"], WITH);
    assert.equal(refused.code, "unavailable");
    assert.match(refused.message, /ended at its start.*jetstream/si);
    assert.deepEqual(await nats(cli, "status").then(({ state, url }) => [state, url]), ["stopped", null], "no port is remembered of a start that failed");
  });

  it("refuses a record it can't read, without touching the data", async (context) => {
    const cli = await workspace(context);
    const { folder, url } = await nats(cli, "start");
    await fill(url);
    await nats(cli, "stop");
    const record = await readFile(join(folder, "server.json"), "utf8");
    await writeFile(join(folder, "server.json"), "{ broken");
    assert.equal((await cli.refused(["nats", "start"], WITH)).code, "corrupt");
    await writeFile(join(folder, "server.json"), record);
    assert.equal(await messagesKept((await nats(cli, "start")).url), 1);
  });

  it("leaves nothing behind where it was only asked", async (context) => {
    const cli = await workspace(context);
    assert.deepEqual(await nats(cli, "status").then(({ state, url }) => [state, url]), ["stopped", null]);
    assert.equal((await nats(cli, "stop")).stopped, false);
    assert.deepEqual(await readdir(cli.path), []);
    assert.match(await cli.text(["nats", "status"]), /^stopped/);
  });

  it("is the same from code", async (context) => {
    const cli = await workspace(context);
    process.env["QUEUESCOPE_NATS_SERVER"] = SERVER;
    context.after(() => { delete process.env["QUEUESCOPE_NATS_SERVER"]; });
    const started = await startLocalNats({ cwd: cli.path });
    assert.deepEqual([started.state, started.started], ["running", true]);
    assert.equal((await nats(cli, "status")).pid, started.pid);
    assert.equal((await stopLocalNats({ cwd: cli.path })).stopped, true);
  });
});

/** A user who has no nats-server, with a cache of their own and a place to get the release from. */
async function withoutServer(context: TestContext, binary: Uint8Array | string = ""): Promise<{ cli: CliFolder; env: Record<string, string>; asked: readonly string[]; cache: string }> {
  const cli = await workspace(context);
  const home = await temporaryFolder(context, { "bin/.keep": "" });
  const { mirror, asked } = await releaseServer(context, release(binary));
  const env = { PATH: join(home, "bin"), HOME: home, XDG_CACHE_HOME: join(home, "cache"), LOCALAPPDATA: join(home, "cache"), QUEUESCOPE_NATS_SERVER: "", QUEUESCOPE_NATS_MIRROR: mirror };
  return { cli, env, asked, cache: home };
}

async function script(path: string, output: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `#!/bin/sh\necho "${output}"\n`);
  await chmod(path, 0o755);
}

describe("queuescope nats start without a nats-server", { skip }, () => {
  it("downloads nothing that nobody agreed to, and says what can be done", async (context) => {
    const { cli, env, asked } = await withoutServer(context);
    const refused = await cli.refused(["nats", "start"], { env });
    assert.equal(refused.code, "unavailable");
    assert.match(refused.message, /no nats-server on PATH.*QUEUESCOPE_NATS_SERVER.*queuescope nats start --yes/);
    assert.match((await cli.run(["nats", "start"], { env, stdin: "y\n" })).stderr, /no nats-server on PATH/, "a pipe is nobody who agrees");
    assert.deepEqual(asked, []);
    assert.equal(existsSync(join(cli.path, ".queuescope")), false);
  });

  it("downloads the release with --yes, outside of the workspace, once", async (context) => {
    const { cli, env, asked, cache } = await withoutServer(context, await readFile(SERVER));
    const started = await cli.one(["nats", "start", "--yes"], { env });
    assert.equal(started["state"], "running");
    assert.deepEqual(asked, ["SHA256SUMS", ARCHIVE]);
    assert.equal(existsSync(join(cache, "cache", "queuescope", "nats-server", `v${RELEASE}`, "nats-server")), process.platform === "linux");
    await cli.one(["nats", "stop"], { env });
    await cli.one(["nats", "start"], { env });
    assert.equal(asked.length, 2, "the second start found it");
  });

  it("asks in a terminal, and takes no for an answer", { skip: spawnSync("script", ["--version"]).error !== undefined || process.platform !== "linux" }, async (context) => {
    const { cli, env, asked } = await withoutServer(context, await readFile(SERVER));
    const answer = async (text: string): Promise<{ code: number | null; stdout: string }> => {
      const command = [process.execPath, MAIN, "nats", "start"].map((word) => `'${word}'`).join(" ");
      const terminal = new CliProcess(spawn("/usr/bin/script", ["-qec", command, "/dev/null"], { cwd: cli.path, env: { ...cleanEnvironment(), ...env, SHELL: "/bin/sh" } }));
      await terminal.until(({ stdout }) => stdout.includes("[y/N]"));
      terminal.child.stdin.write(text);
      return await terminal.ended;
    };
    const no = await answer("\r");
    assert.equal(no.code, 1);
    assert.match(no.stdout, /official release.*verified.*no nats-server on PATH/s);
    const interrupted = await answer("\u0003");
    assert.equal(interrupted.code, 130, interrupted.stdout);
    assert.match(interrupted.stdout, /was not started/);
    assert.deepEqual(asked, []);
    const yes = await answer("y\r");
    assert.equal(yes.code, 0, yes.stdout);
    assert.match(yes.stdout, /Started nats-server/);
    assert.deepEqual(asked, ["SHA256SUMS", ARCHIVE]);
  });

  it("never runs one that the workspace brings along", async (context) => {
    const { cli, env, asked } = await withoutServer(context);
    await script(join(cli.path, "nats-server"), `nats-server: v${RELEASE}`);
    await script(join(cli.path, "bin", "nats-server"), `nats-server: v${RELEASE}`);
    const PATH = [".", "bin", "", env["PATH"]].join(":");
    assert.match((await cli.refused(["nats", "start"], { env: { ...env, PATH } })).message, /no nats-server on PATH/);
    assert.deepEqual(asked, []);
  });

  it("says why one on PATH isn't taken, and what is wrong with the one that is named", async (context) => {
    const { cli, env } = await withoutServer(context);
    await script(join(env["PATH"] ?? "", "nats-server"), "nats-server: v2.8.4");
    assert.match((await cli.refused(["nats", "start"], { env })).message, /2\.8\.4; Queuescope needs 2\.9 or newer/);
    const named = join(cli.path, "named");
    await script(named, "hello");
    assert.match((await cli.refused(["nats", "start"], { env: { ...env, QUEUESCOPE_NATS_SERVER: named } })).message, /QUEUESCOPE_NATS_SERVER names .*named, which isn't a nats-server: it calls itself "hello"/);
    assert.match((await cli.refused(["nats", "start"], { env: { ...env, QUEUESCOPE_NATS_SERVER: `${named}-not` } })).message, /which can't be run: .*ENOENT/);
  });
});
