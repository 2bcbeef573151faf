import { invalidInput } from "../core/index.ts";

export type LogLevel = "debug" | "info" | "warn" | "error";
const LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/** Ids, names, counts and error texts; never payloads, headers or secrets. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** Where log lines go. `console` is one. */
export type Logger = Readonly<Record<LogLevel, (message: string, fields?: LogFields) => void>>;

export const silentLogger: Logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/**
 * Lines on stderr from `level` up: `2026-01-31T12:00:00.000Z info  popped queue=orders count=3`.
 * @throws invalid-input for an unknown level
 */
export function stderrLogger(level: string): Logger {
  const from = LEVELS.indexOf(level.toLowerCase() as LogLevel);
  if (from < 0) throw invalidInput("QUEUESCOPE_LOG", `QUEUESCOPE_LOG must be one of ${LEVELS.join(", ")}, but is ${JSON.stringify(level)}.`);
  const at = (line: LogLevel) => (message: string, fields: LogFields = {}): void => {
    if (LEVELS.indexOf(line) < from) return;
    process.stderr.write(`${new Date().toISOString()} ${line.padEnd(5)} ${message}${fieldsText(fields)}\n`);
  };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** The logger that the environment asks for: QUEUESCOPE_LOG=debug, info, warn or error; otherwise none. */
export function environmentLogger(): Logger {
  const level = process.env["QUEUESCOPE_LOG"];
  return level === undefined || level === "" ? silentLogger : stderrLogger(level);
}

function fieldsText(fields: LogFields): string {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}=${typeof value === "string" && /[\s"=]/.test(value) ? JSON.stringify(value) : String(value)}`)
    .join("");
}
