/** Runs test files on Node's own test runner, a process each, and counts what they did. */
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FileReport } from "./test-reporter.ts";

const root = join(import.meta.dirname, "..");
const reporter = join(root, "scripts", "test-reporter.ts");

export interface Tally {
  passed: number;
  failed: number;
  skipped: number;
}

export interface Limits {
  /** Files that run side by side. */
  atOnce: number;
  /** A file that takes longer hangs, or leaves something open: it is ended and has failed. */
  minutes: number;
}

/** A part without files, or a file without tests, has failed: it would prove nothing and stay green. */
export async function runTestFiles(files: readonly string[], limits: Limits): Promise<Tally> {
  const total: Tally = { passed: 0, failed: 0, skipped: 0 };
  if (files.length === 0) {
    console.log("FAILED  no test file found");
    return { ...total, failed: 1 };
  }
  const waiting = [...files];
  const runNext = async (): Promise<void> => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      const tally = await runFile(file, limits.minutes);
      total.passed += tally.passed;
      total.failed += tally.failed;
      total.skipped += tally.skipped;
    }
  };
  await Promise.all(Array.from({ length: limits.atOnce }, runNext));
  return total;
}

async function runFile(file: string, minutes: number): Promise<Tally> {
  const folder = await mkdtemp(join(tmpdir(), "queuescope-report-"));
  try {
    const started = performance.now();
    const { problem, output } = await runProcess(file, folder, minutes);
    const report = await readReport(folder);
    const trouble = problem(report);
    const failed = report.failed + (trouble !== undefined && report.failed === 0 ? 1 : 0);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`${failed > 0 ? "FAILED " : "ok     "} ${file}  ${report.passed} passed${failed > 0 ? `, ${failed} failed` : ""}${report.skipped.length > 0 ? `, ${report.skipped.length} skipped` : ""} (${seconds} s)`);
    for (const note of [...report.skipped.map((test) => `skipped: ${test}`), ...report.notes]) console.log(`          ${note}`);
    if (trouble !== undefined) console.log(`          ${trouble}`);
    if (failed > 0) console.log([await readFile(join(folder, "spec.txt"), "utf8").catch(() => ""), output].join("\n"));
    return { passed: report.passed, failed, skipped: report.skipped.length };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Ended {
  /** What went wrong beyond failed tests. */
  problem: (report: FileReport) => string | undefined;
  output: string;
}

function runProcess(file: string, folder: string, minutes: number): Promise<Ended> {
  const args = ["--test-reporter=spec", `--test-reporter-destination=${join(folder, "spec.txt")}`, `--test-reporter=${reporter}`, `--test-reporter-destination=${join(folder, "report.json")}`, file];
  return new Promise((resolve, reject) => {
    // A group of its own, so that what a hanging test has started ends with it.
    const child = spawn(process.execPath, args, { cwd: root, env: testEnvironment(), detached: true, stdio: ["ignore", "pipe", "pipe"] });
    const output: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => output.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => output.push(chunk));
    let late = false;
    const end = (): void => { endGroup(child.pid); };
    const timer = setTimeout(() => {
      late = true;
      end();
    }, minutes * 60_000);
    const interrupted = (): void => {
      end();
      process.exit(130);
    };
    process.once("SIGINT", interrupted).once("SIGTERM", interrupted);
    child.on("error", reject);
    // What the file started and left behind goes with it: VS Code's extension host sometimes outlives its window.
    child.on("exit", end);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      process.off("SIGINT", interrupted).off("SIGTERM", interrupted);
      const problem = (report: FileReport): string | undefined => {
        if (late) return `still running after ${minutes} minutes: a test hangs, or something it opened was never closed`;
        if (code !== 0 && report.failed === 0) return `the process ended with ${signal ?? `exit code ${code ?? "?"}`}`;
        if (report.passed + report.failed + report.skipped.length === 0) return "the file has no tests";
        return undefined;
      };
      resolve({ problem, output: Buffer.concat(output).toString("utf8") });
    });
  });
}

function endGroup(leader: number | undefined): void {
  if (leader === undefined) return;
  try {
    process.kill(-leader, "SIGKILL");
  } catch (error) {
    // Nobody is left in it.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Tests see none of the developer's own Queuescope settings but the ones that are meant for them. */
function testEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("QUEUESCOPE_") || /^QUEUESCOPE_(E2E|NATS_SERVER)/.test(name)));
}

async function readReport(folder: string): Promise<FileReport> {
  const text = await readFile(join(folder, "report.json"), "utf8").catch(() => "");
  return text === "" ? { passed: 0, failed: 0, skipped: [], notes: [] } : (JSON.parse(text) as FileReport);
}
