import { type ChildProcess, spawn } from "node:child_process";
import { join, resolve } from "node:path";
import type { TestContext } from "node:test";
import { build } from "esbuild";

const PROCESSES = join(import.meta.dirname, "..", "processes");
/** CommonJS packages call it for what Node has built in. */
const REQUIRE = 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);';

/** Files of test/fault/processes as one file each in `folder`: where hundreds of processes start, reading all sources for each takes most of the time. */
export async function bundled(folder: string, files: readonly string[]): Promise<void> {
  await build({ entryPoints: files.map((file) => join(PROCESSES, file)), outdir: folder, outExtension: { ".js": ".mjs" }, bundle: true, platform: "node", format: "esm", target: "node24", logLevel: "error", banner: { js: REQUIRE } });
}

/** A process of a test: a file of test/fault/processes, or a bundle, on the same Node, talking over IPC. Killed when the test ends. */
export class Child {
  readonly process: ChildProcess;
  readonly exited: Promise<void>;
  readonly #said: unknown[] = [];
  readonly #listeners: ((word: unknown) => void)[] = [];
  #errors = "";

  constructor(t: Pick<TestContext, "after">, file: string, args: readonly string[], through: readonly string[] = []) {
    const [command = process.execPath, ...rest] = [...through, process.execPath, resolve(PROCESSES, file), ...args];
    this.process = spawn(command, rest, { stdio: ["ignore", "inherit", "pipe", "ipc"], serialization: "advanced" });
    this.process.stderr?.on("data", (chunk: Buffer) => { this.#errors += chunk.toString(); });
    this.process.on("message", (word) => {
      const listener = this.#listeners.shift();
      if (listener === undefined) this.#said.push(word);
      else listener(word);
    });
    this.exited = new Promise((resolve) => this.process.once("exit", () => { resolve(); }));
    t.after(async () => {
      this.signal("SIGKILL");
      await this.exited;
    });
  }

  /** What it says next. Rejects when it ends first, with what it wrote to stderr. */
  async says(): Promise<unknown> {
    if (this.#said.length > 0) return this.#said.shift();
    const word = new Promise<unknown>((resolve) => this.#listeners.push(resolve));
    const gone = this.exited.then(() => {
      throw new Error(`${this.process.spawnargs.join(" ")} ended (${this.process.exitCode ?? this.process.signalCode ?? "?"}).\n${this.#errors}`);
    });
    return Promise.race([word, gone]);
  }

  tell(word: unknown): void {
    this.process.send(word as object);
  }

  /** Says it and waits for the answer. */
  async ask(word: unknown): Promise<unknown> {
    this.tell(word);
    return this.says();
  }

  /** What it wrote to stderr so far. */
  get errors(): string {
    return this.#errors;
  }

  get running(): boolean {
    return this.process.exitCode === null && this.process.signalCode === null;
  }

  signal(signal: NodeJS.Signals): void {
    if (this.running) this.process.kill(signal);
  }
}
