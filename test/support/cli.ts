import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "..", "..");
export const MAIN = join(ROOT, "src", "cli", "main.ts");
/** Stripping the types of every file again for each process would take most of the time. */
const CACHE = join(ROOT, "node_modules", ".cache", "queuescope", "compile");

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly stdin?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** Any JSON object that the CLI prints; tests look into it freely. */
export type Printed = Readonly<Record<string, unknown>>;

/** The real CLI as processes of their own, in a temporary folder whose workspace file they share. */
export class CliFolder implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async make(): Promise<CliFolder> {
    return new CliFolder(await realpath(await mkdtemp(join(tmpdir(), "queuescope cli "))));
  }

  file(name: string): string {
    return join(this.path, name);
  }

  start(args: readonly string[], { env = {}, cwd = this.path }: RunOptions = {}): CliProcess {
    const child = spawn(process.execPath, [MAIN, ...args], { cwd, env: { ...cleanEnvironment(), ...env } });
    return new CliProcess(child);
  }

  async run(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
    const started = this.start(args, options);
    started.child.stdin.on("error", () => undefined).end(options.stdin ?? "");
    return await started.ended;
  }

  /** Runs with --json, expects exit code 0, and reads the records. */
  async json(args: readonly string[], options: RunOptions = {}): Promise<Printed[]> {
    const ended = await this.run([...args, "--json"], options);
    assert.equal(ended.code, 0, `queuescope ${args.join(" ")} failed: ${ended.stderr}`);
    assert.equal(ended.stderr, "");
    return records(ended.stdout);
  }

  /** The first record of `json`. */
  async one(args: readonly string[], options: RunOptions = {}): Promise<Printed> {
    const [first] = await this.json(args, options);
    assert.ok(first !== undefined, `queuescope ${args.join(" ")} printed nothing`);
    return first;
  }

  async text(args: readonly string[], options: RunOptions = {}): Promise<string> {
    const ended = await this.run(args, options);
    assert.equal(ended.code, 0, `queuescope ${args.join(" ")} failed: ${ended.stderr}`);
    return ended.stdout;
  }

  /** Expects that it is refused: the error on stderr as JSON, and never with a stack trace. */
  async refused(args: readonly string[], options: RunOptions & { readonly exitCode?: 1 | 2 } = {}): Promise<{ code: string; message: string; stdout: string }> {
    const ended = await this.run([...args, "--json"], options);
    assert.equal(ended.code, options.exitCode ?? 1, `queuescope ${args.join(" ")} ended with ${ended.code}: ${ended.stdout}${ended.stderr}`);
    const { error } = JSON.parse(ended.stderr.trimEnd().split("\n").at(-1) ?? "") as { error: { code: string; message: string } };
    assert.doesNotMatch(ended.stderr, /\n\s+at .*[:)]/, "a user never sees a stack trace");
    return { ...error, stdout: ended.stdout };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true, maxRetries: 5 });
  }
}

export class CliProcess {
  readonly child: ChildProcessWithoutNullStreams;
  readonly ended: Promise<Ended>;
  stdout = "";
  stderr = "";

  constructor(child: ChildProcessWithoutNullStreams) {
    this.child = child;
    child.stdout.setEncoding("utf8").on("data", (text: string) => { this.stdout += text; });
    child.stderr.setEncoding("utf8").on("data", (text: string) => { this.stderr += text; });
    this.ended = new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code, signal) => { resolve({ code, signal, stdout: this.stdout, stderr: this.stderr }); });
    });
  }

  /** Waits until stdout or stderr satisfies the condition; fails when the process ends before. */
  async until(condition: (process: CliProcess) => boolean): Promise<void> {
    if (condition(this)) return;
    await new Promise<void>((resolve, reject) => {
      const check = (): void => {
        if (condition(this)) resolve();
      };
      this.child.stdout.on("data", check);
      this.child.stderr.on("data", check);
      void this.ended.then(() => {
        check();
        reject(new Error(`It ended before: ${this.stdout}${this.stderr}`));
      });
    });
  }
}

export function records(stdout: string): Printed[] {
  return stdout.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as Printed);
}

/** What a developer's own shell may have set. */
const FOREIGN = ["QUEUESCOPE_URL", "QUEUESCOPE_CREDENTIALS", "QUEUESCOPE_LOG", "QUEUESCOPE_ENCRYPTION_KEY", "FORCE_COLOR", "NO_COLOR", "NODE_TEST_CONTEXT", "NODE_OPTIONS"];

export function cleanEnvironment(): NodeJS.ProcessEnv {
  return { ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !FOREIGN.includes(name))), NODE_COMPILE_CACHE: CACHE };
}
