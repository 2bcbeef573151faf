import { spawn, type ChildProcess } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, isAbsolute, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { invalidInput } from "../core/index.ts";
import type { HandlerContext, HandlerResult } from "../client/handler.ts";
import type { Logger } from "../client/log.ts";
import type { DeadMessage, Message } from "../client/message.ts";
import { inputJson } from "./input.ts";

/** Exit codes that mean something of their own; any other but 0 is a nack. */
const EXIT_DEAD = 100;
const EXIT_NOT_RUNNABLE = [126, 127];
/** Milliseconds from SIGTERM to SIGKILL. */
export const KILL_AFTER = 5_000;
/** Milliseconds for the last output of a program that has ended. */
const LINGER = 1_000;
const STDERR_TAIL = 8 * 1024;

export interface Program {
  readonly file: string;
  readonly args: readonly string[];
  /** For people: as it was given. */
  readonly text: string;
}

export interface ExecOptions {
  readonly program: Program;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly log: Logger;
  /** Where its own `queuescope` is to look for queues; default: the broker's URL. */
  readonly url?: string | undefined;
  /** The program itself can't be run: no message is to blame. */
  readonly broken: (error: Error) => void;
}

/** What a run of the program needs of a handler's context. */
export type ExecContext = Pick<HandlerContext, "queues" | "signal" | "trace">;

export type ExecOutcome = { readonly kind: "ok" } | { readonly kind: "dead" | "failed" | "broken"; readonly error: Error };

/**
 * The program that a command means. A plain command line is split into words; one with shell syntax goes to the shell.
 * @throws invalid-input when the program can't be found
 */
export function findProgram(command: string | readonly string[], cwd: string): Program {
  const text = typeof command === "string" ? command : command.join(" ");
  const words = typeof command === "string" ? plainWords(command) : [...command];
  if (words === null) return process.platform === "win32" ? { file: "cmd.exe", args: ["/d", "/s", "/c", text], text } : { file: "/bin/sh", args: ["-c", text], text };
  const [name, ...args] = words;
  if (name === undefined || name === "") throw invalidInput("exec", "The command to run is empty.");
  const file = locate(name, cwd);
  if (file === null) throw invalidInput("exec", `There is no program ${JSON.stringify(name)}${/[/\\]/.test(name) ? ` in ${cwd}` : " on the PATH"}, or it isn't executable. The command was: ${text}`);
  return { file, args, text };
}

/** `null` when the line needs a shell. */
function plainWords(line: string): string[] | null {
  if (/[|&;<>()$`\\*?[\]{}~#!\n]|^\s*\w+=/.test(line)) return null;
  const word = /(?:"([^"]*)"|'([^']*)'|([^\s"']+))(?:\s+|$)/y;
  const words: string[] = [];
  const rest = line.trim();
  while (word.lastIndex < rest.length) {
    const found = word.exec(rest);
    if (found === null) return null;
    words.push(found[1] ?? found[2] ?? found[3] ?? "");
  }
  return words;
}

function locate(name: string, cwd: string): string | null {
  const folders = /[/\\]/.test(name) ? [cwd] : (process.env["PATH"] ?? "").split(delimiter);
  const endings = process.platform === "win32" ? ["", ...(process.env["PATHEXT"] ?? ".EXE;.CMD;.BAT").split(";")] : [""];
  for (const folder of folders) {
    for (const ending of endings) {
      const path = (isAbsolute(name) ? name : join(resolve(cwd, folder), name)) + ending;
      if (isProgram(path)) return path;
    }
  }
  return null;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    // Not there, or not ours to run: the next folder of the PATH may have it.
    return false;
  }
}

/** A handler that runs the program once for each message. */
export function execHandler(options: ExecOptions): (message: Message, context: HandlerContext) => Promise<HandlerResult> {
  return async (message, context) => {
    const outcome = await runProgram(options, message, context);
    if (outcome.kind === "ok") return undefined;
    if (outcome.kind === "failed") throw outcome.error;
    if (outcome.kind === "dead") await context.queues.dead(message, { error: outcome.error });
    else {
      await context.queues.release(message);
      options.broken(outcome.error);
    }
    return undefined;
  };
}

function environment(options: ExecOptions, message: Message | DeadMessage, url: string): Record<string, string> {
  const { traceparent } = message.headers;
  return {
    ...options.env,
    QUEUESCOPE_URL: options.url ?? url,
    QUEUESCOPE_MESSAGE_ID: "messageId" in message ? message.messageId : message.id,
    QUEUESCOPE_QUEUE: message.queue,
    QUEUESCOPE_GROUP: message.group,
    QUEUESCOPE_ATTEMPT: String("attempt" in message ? message.attempt : message.attempts),
    ...(message.partition === null ? {} : { QUEUESCOPE_PARTITION: message.partition }),
    ...(traceparent === undefined ? {} : { QUEUESCOPE_TRACEPARENT: traceparent }),
  };
}

export async function runProgram(options: ExecOptions, message: Message | DeadMessage, context: ExecContext): Promise<ExecOutcome> {
  const { program, cwd } = options;
  const child = spawn(program.file, program.args, {
    cwd,
    env: { ...process.env, ...environment(options, message, context.queues.url) },
    stdio: ["pipe", "pipe", "pipe", "pipe"],
    // A group of its own: Ctrl-C in the terminal is for the worker, which lets the program finish; and its children end with it.
    detached: process.platform !== "win32",
    windowsHide: true,
  });
  const ended = exit(child);
  const stop = killer(child);
  context.signal.addEventListener("abort", stop.term, { once: true });
  if (context.signal.aborted) stop.term();
  try {
    const stderr = tail(child.stderr);
    child.stdout.on("data", (chunk: Buffer) => process.stdout.write(chunk));
    const records = recordLines(child.stdio[3] as Readable, options, context);
    feed(child, inputJson(message));
    const { code, signal, error } = await ended;
    await records;
    return judge(program, code, signal, error, stderr());
  } finally {
    context.signal.removeEventListener("abort", stop.term);
    stop.done();
  }
}

interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
  readonly error: Error | null;
}

function exit(child: ChildProcess): Promise<Exit> {
  return new Promise((resolved) => {
    child.once("error", (error) => { resolved({ code: null, signal: null, error }); });
    child.once("close", (code, signal) => { resolved({ code, signal, error: null }); });
    // What the program leaves running may keep its output open for ever; it has ended all the same.
    child.once("exit", () => {
      setTimeout(() => { for (const stream of child.stdio) stream?.destroy(); }, LINGER).unref();
    });
  });
}

function judge(program: Program, code: number | null, signal: string | null, error: Error | null, stderr: string): ExecOutcome {
  if (error !== null) return { kind: "broken", error: invalidInput("exec", `${program.text} can't be run: ${error.message}.`) };
  if (code === 0) return { kind: "ok" };
  if (code !== null && EXIT_NOT_RUNNABLE.includes(code)) return { kind: "broken", error: invalidInput("exec", `${program.text} can't be run (exit code ${code}): ${lastLine(stderr) ?? "the shell didn't find the program"}.`) };
  const failure = new Error(lastLine(stderr) ?? (code === null ? `${program.text} was ended by ${signal ?? "a signal"}.` : `${program.text} ended with exit code ${code}.`));
  failure.stack = `${code === null ? `ended by ${signal ?? "a signal"}` : `exit code ${code}`}: ${program.text}\n${stderr}`;
  return { kind: code === EXIT_DEAD ? "dead" : "failed", error: failure };
}

function lastLine(text: string): string | undefined {
  return text.split("\n").map((line) => line.trim()).filter((line) => line !== "").at(-1);
}

/** Shows it, and remembers its end. */
function tail(stream: Readable | null): () => string {
  let kept = "";
  stream?.on("data", (chunk: Buffer) => {
    process.stderr.write(chunk);
    kept = (kept + chunk.toString("utf8")).slice(-STDERR_TAIL);
  });
  return () => kept;
}

/** A program that doesn't read its input to the end is free to do so. */
function feed(child: ChildProcess, input: string): void {
  child.stdin?.on("error", () => undefined);
  child.stdin?.end(input);
}

/** Each line: `{"eventType", "data", "traceName"}` for the timeline, or `{"progress": 0..1}`. */
async function recordLines(stream: Readable, { log }: ExecOptions, context: ExecContext): Promise<void> {
  stream.on("error", () => undefined);
  for await (const line of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line.trim() === "") continue;
    try {
      const record = JSON.parse(line) as Record<string, unknown>;
      await context.trace(toTrace(record));
    } catch (error) {
      log.warn(`a line on file descriptor 3 was not recorded: ${(error as Error).message}`);
    }
  }
}

function toTrace(record: Record<string, unknown>): Parameters<ExecContext["trace"]>[0] {
  const { eventType, traceName, data, progress } = record;
  if (progress !== undefined) return { eventType: "progress", data: data === undefined ? progress : { progress, data } };
  const names = typeof traceName === "string" || (Array.isArray(traceName) && traceName.every((name) => typeof name === "string")) ? { traceName } : {};
  return { eventType: typeof eventType === "string" ? eventType : "info", data: data ?? null, ...names };
}

/** SIGTERM, and SIGKILL when that wasn't enough, to the program and its children. */
function killer(child: ChildProcess): { term: () => void; done: () => void } {
  let timer: NodeJS.Timeout | null = null;
  const kill = (signal: NodeJS.Signals): void => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    try {
      if (process.platform === "win32") child.kill(signal);
      else process.kill(-child.pid, signal);
    } catch (error) {
      // It ended in this moment.
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  };
  return {
    term: () => {
      kill("SIGTERM");
      timer = setTimeout(() => { kill("SIGKILL"); }, KILL_AFTER);
    },
    done: () => { if (timer !== null) clearTimeout(timer); },
  };
}
