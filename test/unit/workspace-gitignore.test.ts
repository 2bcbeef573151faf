import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { describe, it } from "node:test";
import { CliFolder } from "../support/cli.ts";

/** What git would commit. */
function untracked(folder: string): string[] {
  const shown = execFileSync("git", ["status", "--porcelain", "--untracked-files=all"], { cwd: folder, encoding: "utf8" });
  return shown.split("\n").filter((line) => line !== "").map((line) => line.slice(3));
}

async function template(cli: CliFolder): Promise<void> {
  const path = cli.file(".queuescope/templates/order.json");
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, '{ "data": {} }');
}

describe("a workspace's queues", () => {
  it("are kept out of git by themselves, templates are not", async () => {
    await using cli = await CliFolder.make();
    execFileSync("git", ["init", "--quiet"], { cwd: cli.path });
    await cli.json(["push", "orders", "1"]);
    assert.deepEqual(untracked(cli.path), []);
    await template(cli);
    assert.deepEqual(untracked(cli.path), [".queuescope/templates/order.json"]);
  });

  it("are kept out of git where the folder came with its templates", async () => {
    await using cli = await CliFolder.make();
    execFileSync("git", ["init", "--quiet"], { cwd: cli.path });
    await template(cli);
    await cli.json(["push", "orders", "1"]);
    assert.deepEqual(untracked(cli.path), [".queuescope/templates/order.json"]);
  });
});
