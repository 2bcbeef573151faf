import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { resolve } from "node:path";
import { promisify } from "node:util";
import { QueuescopeError } from "../../../core/index.ts";
import type { ConnectionOptions, Environment } from "./options.ts";

/** Where secrets are looked up. */
export type Surroundings = Pick<ConnectionOptions, "allowProgram"> & { readonly env: Environment; readonly cwd: string };

/** A secret, looked up when it is asked for. */
export type Secret = () => string;

const REFERENCE = /^(file|env|op|nsc):\/\/|^data:/;

/** A path with `~` and `$VAR` replaced, from `cwd` on. */
export function expandedPath(path: string, { env, cwd }: Surroundings): string {
  const bare = path.startsWith("file://") ? path.slice("file://".length) : path;
  const home = env["HOME"] ?? env["USERPROFILE"] ?? homedir();
  const named = bare.replaceAll(/\$(?:(\w+)|\{(\w+)\})/g, (_, plain: string | undefined, braced: string | undefined) => env[plain ?? braced ?? ""] ?? "");
  return resolve(cwd, named.replace(/^~(?=$|[/\\])/, home));
}

/**
 * A value that is the secret itself unless it says where the secret is.
 * @param what for people: "the password"
 */
export function literalSecret(value: string, what: string, around: Surroundings): Promise<Secret> {
  return REFERENCE.test(value) ? referredSecret(value, what, around) : Promise.resolve(() => value);
}

/** A value that names a file unless it says otherwise. @throws unavailable when it can't be read now */
export function fileSecret(value: string, what: string, around: Surroundings): Promise<Secret> {
  return referredSecret(REFERENCE.test(value) ? value : `file://${value}`, what, around);
}

async function referredSecret(reference: string, what: string, around: Surroundings): Promise<Secret> {
  if (reference.startsWith("file://")) return rereadSecret(expandedPath(reference, around), what);
  if (reference.startsWith("env://")) return environmentSecret(reference.slice("env://".length), what, around);
  if (reference.startsWith("data:")) return inlineSecret(reference, what);
  if (reference.startsWith("op://")) {
    const value = await run(["op", "read", reference], what, around);
    return () => value;
  }
  const creds = (await nscProfile(reference, around)).creds;
  if (creds === undefined) throw unreadable(`nsc names no credentials file for ${reference}, where ${what} should be. Look at what \`nsc generate profile ${reference}\` answers.`);
  return rereadSecret(creds, what);
}

/** Read again for each connection, since files are rotated; while one can't be read, what it held last is used. */
function rereadSecret(path: string, what: string): Secret {
  let last = readText(path, what);
  return () => {
    try {
      last = readText(path, what);
    } catch (error) {
      if (!(error instanceof QueuescopeError)) throw error;
    }
    return last;
  };
}

/** @throws invalid-input, permission-denied */
export function readText(path: string, what: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const reason = code === "ENOENT" ? "there is no such file" : code === "EACCES" || code === "EPERM" ? "this user may not read it" : String(code);
    throw unreadable(`${path}, which should hold ${what}, can't be read: ${reason}. Correct the path or the file.`, cause);
  }
}

function environmentSecret(name: string, what: string, { env }: Surroundings): Secret {
  const value = env[name];
  if (value === undefined || value === "") throw unreadable(`The environment has no variable ${name}, which should hold ${what}. Set it and start again.`);
  return () => value;
}

function inlineSecret(reference: string, what: string): Secret {
  const [head = "", body] = reference.split(",", 2);
  if (body === undefined || !head.split(";").includes("base64")) throw unreadable(`The value for ${what} begins with data: but isn't data:;base64,.... Correct it, or name a file.`);
  return () => Buffer.from(body, "base64").toString().trim();
}

export interface NscProfile {
  readonly creds: string | undefined;
  readonly servers: string | undefined;
}

/** What the nsc tool knows of `nsc://operator/account/user`. */
export async function nscProfile(reference: string, around: Surroundings): Promise<NscProfile> {
  const text = await run(["nsc", "generate", "profile", reference], `what ${reference} refers to`, around);
  try {
    const { user_creds, operator } = JSON.parse(text) as { user_creds?: string; operator?: { service?: string[] } };
    return { creds: user_creds === undefined || user_creds === "" ? undefined : user_creds, servers: operator?.service?.join(",") };
  } catch {
    throw unreadable(`nsc answered something else than JSON for ${reference}. Look at what \`nsc generate profile ${reference}\` says.`);
  }
}

/** Programs run only if the caller says yes to this very command. */
async function run(command: readonly [string, ...string[]], what: string, { allowProgram, env }: Surroundings): Promise<string> {
  const shown = command.join(" ");
  if (!(await allowProgram?.(command, `${shown} gives ${what}.`))) {
    throw new QueuescopeError("permission-denied", `${capital(what)} comes from a program (${shown}), which wasn't allowed to run. Allow it, or put the value in a file or an environment variable.`);
  }
  const [program, ...args] = command;
  try {
    const { stdout } = await promisify(execFile)(program, args, { env: { ...env }, timeout: 60_000, windowsHide: true });
    return stdout.trim();
  } catch (cause) {
    const { code, stderr } = cause as { code?: string | number; stderr?: string };
    const reason = code === "ENOENT" ? `${program} isn't installed, or not on PATH` : (stderr?.trim() ?? "") || `it ended with ${String(code)}`;
    // Not as the cause: that holds the program's output.
    throw unreadable(`${shown} didn't give ${what}: ${reason}.`);
  }
}

function unreadable(message: string, cause?: unknown): QueuescopeError {
  return new QueuescopeError("invalid-input", message, cause === undefined ? {} : { cause });
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
