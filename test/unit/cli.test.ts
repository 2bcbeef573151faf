import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, openSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { after, before, describe, it } from "node:test";
import { CLI_DOCS, cliDocs } from "../../scripts/make-cli-docs.ts";
import { examplesOf } from "../../src/cli/examples.ts";
import { buildProgram, withSubcommands } from "../../src/cli/program.ts";
import { cleanEnvironment, CliFolder, MAIN } from "../support/cli.ts";

let cli: CliFolder;
before(async () => { cli = await CliFolder.make(); });
after(async () => { await cli[Symbol.asyncDispose](); });

const commands = withSubcommands(buildProgram(() => () => Promise.resolve()));

describe("the command line", () => {
  it("describes every command, argument and option, with examples", () => {
    for (const command of commands) {
      assert.notEqual(command.description(), "", command.name());
      for (const option of command.options) assert.notEqual(option.description, "", `${command.name()} ${option.flags}`);
      for (const argument of command.registeredArguments) assert.notEqual(argument.description, "", `${command.name()} ${argument.name()}`);
      if (command.commands.length === 0) assert.notDeepEqual(examplesOf(command), [], `${command.name()} has no example`);
    }
  });

  it("is described in docs/cli.md as it is", async () => {
    assert.equal(await readFile(CLI_DOCS, "utf8"), cliDocs(), "Run: npm run docs:cli");
  });

  it("helps on stdout with exit code 0", async () => {
    assert.match(await cli.text(["--help"]), /Usage: queuescope[\s\S]*push[\s\S]*Examples:/);
    assert.match(await cli.text(["dlq", "redrive", "--help"]), /Usage: queuescope dlq redrive[\s\S]*--again[\s\S]*Examples:/);
    assert.match(await cli.text(["--version"]), /^\d+\.\d+\.\d+\n$/);
  });

  it("ends with 2 and a hint for what it can't parse", async () => {
    assert.match((await cli.refused(["pus"], { exitCode: 2 })).message, /Unknown command 'pus' \(Did you mean push\?\)/);
    assert.match((await cli.refused(["peek", "q", "--limti", "3"], { exitCode: 2 })).message, /--limit.*queuescope peek --help/);
    assert.equal((await cli.run(["queue"])).code, 2);
    assert.equal((await cli.run([])).code, 2);
  });

  it("takes --url, --json and --verbose before and after the command", async () => {
    await cli.json(["--url", "file:own.db", "push", "q", "1"]);
    assert.equal((await cli.json(["peek", "q", "--url", "own.db"])).length, 1);
    assert.equal((await cli.json(["peek", "q"], { env: { QUEUESCOPE_URL: "file:own.db" } })).length, 1);
    assert.equal((await cli.refused(["peek", "q", "--url", "http://localhost:4222"])).code, "unsupported");
    await cli.refused(["peek", "q", "--url", "gopher://x"]);
  });

  it("logs with --verbose and QUEUESCOPE_LOG, on stderr, without payloads", async () => {
    const verbose = await cli.run(["push", "logged", "hush-hush", "--verbose"]);
    assert.match(verbose.stderr, /debug connected url=/);
    assert.doesNotMatch(verbose.stderr, /hush-hush/);
    assert.match((await cli.run(["peek", "logged"], { env: { QUEUESCOPE_LOG: "debug" } })).stderr, /debug connected/);
    assert.equal((await cli.run(["peek", "logged"], { env: { QUEUESCOPE_LOG: "error" } })).stderr, "");
    assert.match((await cli.refused(["peek", "logged"], { env: { QUEUESCOPE_LOG: "loud" } })).message, /QUEUESCOPE_LOG/);
  });

  it("finds the workspace's queues from a folder below", async () => {
    await mkdir(cli.file("deep/down"), { recursive: true });
    await cli.json(["push", "here", "1"]);
    assert.equal((await cli.json(["peek", "here"], { cwd: cli.file("deep/down") })).length, 1);
  });

  it("is quiet when its reader has enough", async () => {
    await cli.json(["push", "long", "-", "--ndjson"], { stdin: `"${"x".repeat(1000)}"\n`.repeat(1000) });
    const reading = cli.start(["peek", "long", "--limit", "1000", "--json"]);
    await reading.until(({ stdout }) => stdout.length > 0);
    reading.child.stdout.destroy();
    const ended = await reading.ended;
    assert.equal(ended.stderr, "");
    assert.equal(ended.code, 0);
  });

  it("is quiet when the reader of a long export has enough", async () => {
    const reading = cli.start(["export", "long", "-"]);
    await reading.until(({ stdout }) => stdout.length > 0);
    reading.child.stdout.destroy();
    const ended = await reading.ended;
    assert.deepEqual([ended.code, ended.stderr.replace(/^Exported \d+ messages of long\.\n$/, "")], [0, ""]);
  });

  it("says so when its output can't be written", { skip: existsSync("/dev/full") ? false : "there is no /dev/full here" }, async () => {
    const full = openSync("/dev/full", "w");
    const child = spawn(process.execPath, [MAIN, "peek", "long", "--limit", "1000"], { cwd: cli.path, env: cleanEnvironment(), stdio: ["ignore", full, "pipe"] });
    let stderr = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => { stderr += text; });
    const [code] = await once(child, "close") as [number];
    closeSync(full);
    assert.equal(code, 1);
    assert.match(stderr, /^error: The output can't be written: .*ENOSPC[^\n]*\n$/);
  });

  it("uses colours only where they are wanted", async () => {
    await cli.json(["push", "plain", "1"]);
    const escape = "\u001b[";
    assert.ok(!(await cli.text(["peek", "plain"])).includes(escape), "not in a pipe");
    assert.ok((await cli.text(["peek", "plain"], { env: { FORCE_COLOR: "1" } })).includes(escape));
    assert.ok(!(await cli.text(["peek", "plain", "--json"], { env: { FORCE_COLOR: "1" } })).includes(escape), "never in JSON");
  });

  it("names a file that is no database, without a stack trace", async () => {
    await writeFile(cli.file("foreign.db"), "this is not a database, however long it may be".repeat(200));
    assert.equal((await cli.refused(["queue", "list", "--url", "foreign.db"])).code, "corrupt");
    assert.match((await cli.refused(["push", "q", "1", "--url", "foreign.db"])).message, /foreign\.db/);
  });
});
