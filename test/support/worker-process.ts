import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";
import type { WorkerOptions } from "../../src/jobs/index.ts";
import { until } from "./until.ts";

export interface LogEntry {
  readonly level: string;
  readonly message: string;
  readonly [field: string]: unknown;
}

/** A worker in a process of its own, ended with the test. */
export class WorkerProcess {
  readonly child: ChildProcess;
  readonly log: LogEntry[] = [];
  /** What else it prints on stdout, line by line. */
  readonly output: string[] = [];
  stderr = "";
  readonly ended: Promise<{ code: number | null; summary: LogEntry | undefined }>;

  constructor(context: Pick<TestContext, "after">, options: WorkerOptions, nodeFlags: readonly string[] = []) {
    this.child = spawn(process.execPath, [...nodeFlags, join(import.meta.dirname, "worker.ts"), JSON.stringify(options)], { cwd: options.cwd, stdio: ["ignore", "pipe", "pipe"] });
    context.after(() => { this.child.kill("SIGKILL"); });
    if (this.child.stdout !== null) createInterface({ input: this.child.stdout }).on("line", (line) => { this.#read(line); });
    this.child.stderr?.on("data", (chunk: Buffer) => { this.stderr += chunk.toString("utf8"); });
    this.ended = once(this.child, "close").then(([code]) => ({ code: code as number | null, summary: this.log.find(({ level }) => level === "summary" || level === "failed") }));
  }

  async logged(message: string, fields: Readonly<Record<string, unknown>> = {}): Promise<LogEntry> {
    return until(`the worker to log "${message}" ${JSON.stringify(fields)}; it said ${JSON.stringify(this.log)} ${this.stderr}`, () =>
      this.log.find((entry) => entry.message.includes(message) && Object.entries(fields).every(([name, value]) => entry[name] === value)));
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  #read(line: string): void {
    if (line.startsWith(`{"level":`)) this.log.push(JSON.parse(line) as LogEntry);
    else this.output.push(line);
  }
}
