import { existsSync, readdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { invalidInput, QueuescopeError } from "../../../core/index.ts";
import type { ConnectionOptions, Environment } from "./options.ts";
import { readUrl, shownServers } from "./servers.ts";

/** A context of the nats CLI, for choosing: nothing secret. */
export interface ContextSummary {
  readonly name: string;
  readonly description: string;
  /** Without user and password; empty where the context leaves it to a program. */
  readonly url: string;
  readonly selected: boolean;
}

/** A context's file, as it is. */
export interface Context {
  readonly options: ConnectionOptions;
  /** `nsc://...`, which a program turns into servers and credentials. */
  readonly nsc: string | undefined;
}

/** By name; what can't be read is left out. */
export function listContexts(env: Environment = process.env): ContextSummary[] {
  const folder = contextFolder(env);
  if (!existsSync(folder)) return [];
  const selected = selectedContext(env);
  return readdirSync(folder)
    .filter((file) => file.endsWith(".json"))
    .map((file) => file.slice(0, -".json".length))
    .sort()
    .flatMap((name) => {
      try {
        const fields = readFields(name, env);
        return [{ name, description: textOf(fields, "description") ?? "", url: shownServers(readUrl(textOf(fields, "url") ?? "").servers), selected: name === selected }];
      } catch (error) {
        if (error instanceof QueuescopeError) return [];
        throw error;
      }
    });
}

/** The one that the nats CLI uses when none is named. */
export function selectedContext(env: Environment = process.env): string | undefined {
  const file = join(configFolder(env), "context.txt");
  return existsSync(file) ? readFileSync(file, "utf8").trim() || undefined : undefined;
}

/** @throws invalid-input when there is none of this name, or it can't be read; unsupported */
export function loadContext(name: string, env: Environment = process.env): Context {
  const fields = readFields(name, env);
  const text = (key: string): string | undefined => textOf(fields, key);
  if (text("socks_proxy") !== undefined) throw new QueuescopeError("unsupported", `The context ${name} goes through a SOCKS proxy, which Queuescope can't. Name a server that is reached directly, or open a tunnel to it.`, { field: "context" });
  return {
    nsc: text("nsc"),
    options: {
      url: text("url"),
      user: text("user"),
      password: text("password"),
      token: text("token"),
      creds: text("creds"),
      nkey: text("nkey"),
      jwt: text("user_jwt"),
      seed: text("user_seed"),
      ca: text("ca"),
      cert: text("cert"),
      key: text("key"),
      tlsFirst: fields["tls_first"] === true ? true : undefined,
      domain: text("jetstream_domain"),
      apiPrefix: text("jetstream_api_prefix"),
      inboxPrefix: text("inbox_prefix"),
    },
  };
}

function readFields(name: string, env: Environment): Readonly<Record<string, unknown>> {
  if (name === "" || /[/\\]|\.\./.test(name)) throw invalidInput("context", `${JSON.stringify(name)} can't be the name of a context.`);
  const file = join(contextFolder(env), `${name}.json`);
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, "utf8"));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") throw invalidInput("context", `The nats CLI has no context ${name} (there is no ${file}). ${others(env)}`);
    // A parse error quotes the file, which may hold secrets.
    if (cause instanceof SyntaxError) throw invalidInput("context", `${file} isn't JSON. Correct it with \`nats context edit ${name}\`.`);
    throw new QueuescopeError("invalid-input", `${file} can't be read (${(cause as NodeJS.ErrnoException).code ?? String(cause)}).`, { field: "context", cause });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw invalidInput("context", `${file} isn't a JSON object. Correct it with \`nats context edit ${name}\`.`);
  return value as Readonly<Record<string, unknown>>;
}

function others(env: Environment): string {
  const names = existsSync(contextFolder(env)) ? readdirSync(contextFolder(env)).filter((file) => file.endsWith(".json")).map((file) => file.slice(0, -".json".length)) : [];
  return names.length === 0 ? "It has none at all: make one with `nats context add`." : `It has: ${names.sort().join(", ")}.`;
}

function textOf(fields: Readonly<Record<string, unknown>>, key: string): string | undefined {
  const value = fields[key];
  return typeof value === "string" && value !== "" ? value : undefined;
}

function contextFolder(env: Environment): string {
  return join(configFolder(env), "context");
}

function configFolder(env: Environment): string {
  return join(env["XDG_CONFIG_HOME"] || join(env["HOME"] ?? homedir(), ".config"), "nats");
}
