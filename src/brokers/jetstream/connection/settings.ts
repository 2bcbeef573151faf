import { invalidInput } from "../../../core/index.ts";
import { type Context, loadContext, selectedContext } from "./contexts.ts";
import { LOGINS } from "./login.ts";
import type { ConnectionOptions } from "./options.ts";
import { nscProfile, type Surroundings } from "./secrets.ts";
import { readUrl, type Server } from "./servers.ts";

/** All that a connection is made from, whoever said it. */
export interface Settings {
  readonly servers: readonly Server[];
  readonly options: ConnectionOptions;
}

const LOCALHOST: Server = { scheme: "nats", host: "localhost", port: 4222, path: "" };

/**
 * What is given, then what its URL says, then the context, then the environment. A login is taken from the first of
 * them that has one, whole: a user never meets another one's password.
 */
export async function settle(given: ConnectionOptions, around: Surroundings): Promise<Settings> {
  const { env } = around;
  const url = readUrl(given.url ?? "");
  const explicit: ConnectionOptions = { ...withPassword(url.options, given), ...defined(given) };
  refuseTwoLogins(explicit, url.options);
  const bare = url.servers.length === 0;
  const contextName = explicit.context ?? (bare ? env["NATS_CONTEXT"] || (env["NATS_URL"] ? undefined : selectedContext(env)) : undefined);
  const context = contextName === undefined ? undefined : await readContext(loadContext(contextName, env), contextName, around);
  const ofEnvironment = bare && explicit.context === undefined && env["NATS_URL"] ? readUrl(env["NATS_URL"], "NATS_URL") : undefined;
  const layers: ConnectionOptions[] = [explicit, ofEnvironment?.options ?? {}, context?.options ?? {}, { creds: env["NATS_CREDS"] || undefined, nkey: env["NATS_NKEY"] || undefined }];
  const servers = [url.servers, ofEnvironment?.servers ?? [], context?.servers ?? [], [LOCALHOST]].find((some) => some.length > 0) ?? [];
  return { servers, options: { ...(Object.assign({}, ...layers.toReversed().map(withoutLogin)) as ConnectionOptions), ...loginOf(layers.find(hasLogin) ?? {}), url: undefined } };
}

async function readContext({ options, nsc }: Context, name: string, around: Surroundings): Promise<Settings> {
  const field = `context ${name}`;
  const own = readUrl(options.url ?? "", field);
  const profile = nsc === undefined ? undefined : await nscProfile(nsc, around);
  const servers = own.servers.length > 0 ? own.servers : readUrl(profile?.servers ?? "", field).servers;
  const merged: ConnectionOptions = { ...own.options, ...defined(options) };
  return { servers, options: { ...merged, url: undefined, creds: merged.creds ?? profile?.creds } };
}

/** A name alone in the URL is a token, but a user where the password comes from elsewhere: from a place for secrets. */
function withPassword({ token, ...rest }: ConnectionOptions, { password }: ConnectionOptions): ConnectionOptions {
  return defined({ ...rest, ...(password === undefined ? { token } : { user: token ?? rest.user }) });
}

function hasLogin(options: ConnectionOptions): boolean {
  return [...LOGIN_OPTIONS].some((name) => options[name as keyof ConnectionOptions] !== undefined);
}

const LOGIN_OPTIONS = new Set<string>([...LOGINS, "password", "seed"]);

function loginOf(options: ConnectionOptions): ConnectionOptions {
  return Object.fromEntries(Object.entries(defined(options)).filter(([name]) => LOGIN_OPTIONS.has(name)));
}

function withoutLogin(options: ConnectionOptions): ConnectionOptions {
  return Object.fromEntries(Object.entries(defined(options)).filter(([name]) => !LOGIN_OPTIONS.has(name)));
}

function refuseTwoLogins(explicit: ConnectionOptions, ofUrl: ConnectionOptions): void {
  const kinds = LOGINS.filter((kind) => explicit[kind] !== undefined);
  if (kinds.length < 2) return;
  const inUrl = kinds.filter((kind) => ofUrl[kind] !== undefined);
  throw invalidInput(kinds[1] ?? "user", `There are several ways to log in (${kinds.join(", ")}${inUrl.length > 0 ? `; ${inUrl.join(", ")} by the URL` : ""}). Give one.`);
}

function defined(options: ConnectionOptions): ConnectionOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
