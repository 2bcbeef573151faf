import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { cleanEnvironment } from "../support/cli.ts";
import { natsSkip, startNatsServer } from "../support/nats-server.ts";

/**
 * Runs the snippets of docs/coming-from for real: those of a page one after the other, in a folder
 * of their own, so that later ones see what earlier ones did. A `text` block right after a snippet
 * is what it must print. Blocks in the other system's language are left alone. Where a page says
 * nats://localhost:4222, it gets a server of its own.
 */

const ROOT = join(import.meta.dirname, "..", "..");
const PAGES = join(ROOT, "docs", "coming-from");
const LIBRARY = pathToFileURL(join(ROOT, "src", "client", "index.ts")).href;

interface Snippet {
  readonly language: "ts" | "sh";
  readonly code: string;
  readonly line: number;
  readonly output: string | null;
}

function snippetsOf(markdown: string): Snippet[] {
  const blocks = [...markdown.matchAll(/^```(\w+)[^\n]*\n(.*?)^```$/gms)].map((match) => ({ language: match[1] ?? "", code: match[2] ?? "", from: match.index, to: match.index + match[0].length }));
  return blocks.flatMap(({ language, code, from, to }, i) => {
    if (language !== "ts" && language !== "sh") return [];
    const next = blocks[i + 1];
    const output = next?.language === "text" && markdown.slice(to, next.from).trim() === "" ? next.code : null;
    return [{ language, code, output, line: markdown.slice(0, from).split("\n").length }];
  });
}

const NATS = "nats://localhost:4222";

function needsServer(markdown: string): boolean {
  return snippetsOf(markdown).some(({ code }) => code.includes(NATS));
}

/** A page that connects to NATS, on a server that is there; the others as they are. */
async function withServer(markdown: string, run: (markdown: string) => Promise<void>): Promise<void> {
  if (!needsServer(markdown)) {
    await run(markdown);
    return;
  }
  await using server = await startNatsServer();
  await run(markdown.replaceAll(NATS, server.url));
}

async function runSnippet({ language, code }: Snippet, folder: string, number: number): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const file = join(folder, `snippet-${number}.${language === "ts" ? "mts" : "sh"}`);
  await writeFile(file, language === "ts" ? code.replaceAll('from "queuescope"', `from ${JSON.stringify(LIBRARY)}`) : code);
  const [command, args] = language === "ts" ? [process.execPath, [file]] : ["bash", ["-euo", "pipefail", file]];
  const environment = cleanEnvironment();
  const child = spawn(command, args, { cwd: folder, env: { ...environment, PATH: `${join(folder, "bin")}:${environment["PATH"] ?? ""}` }, stdio: ["ignore", "pipe", "pipe"] });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => { stdout += text; });
  child.stderr.setEncoding("utf8").on("data", (text: string) => { stderr += text; });
  return await new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (exit) => { resolve({ code: exit, stdout, stderr }); });
  });
}

/** A folder in which `queuescope` and `node` are on the PATH. */
async function folderWithCli(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "queuescope-docs-"));
  await mkdir(join(folder, "bin"));
  await writeFile(join(folder, "bin", "queuescope"), `#!/bin/sh\nexec "${process.execPath}" "${join(ROOT, "src", "cli", "main.ts")}" "$@"\n`, { mode: 0o755 });
  return folder;
}

describe("docs/coming-from", { skip: process.platform === "win32" ? "the snippets are for a Unix shell" : false }, async () => {
  for (const page of (await readdir(PAGES)).filter((name) => name.endsWith(".md"))) {
    const markdown = await readFile(join(PAGES, page), "utf8");
    it(`${page}: every snippet does what the page says`, { skip: needsServer(markdown) && natsSkip() }, () => withServer(markdown, async (text) => {
      const snippets = snippetsOf(text);
      assert.ok(snippets.length > 0, `${page} has snippets`);
      const folder = await folderWithCli();
      try {
        for (const [number, snippet] of snippets.entries()) {
          const ended = await runSnippet(snippet, folder, number);
          const place = `${page}:${snippet.line}`;
          assert.equal(ended.code, 0, `${place} failed:\n${ended.stderr}${ended.stdout}`);
          if (snippet.output !== null) assert.equal(ended.stdout, snippet.output, `${place} printed something else`);
        }
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    }));
  }
});
