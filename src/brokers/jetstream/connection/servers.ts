import { invalidInput } from "../../../core/index.ts";
import { type ConnectionOptions, QUERY_SETTINGS } from "./options.ts";

const SCHEMES = ["nats", "tls", "ws", "wss"] as const;
type Scheme = (typeof SCHEMES)[number];
const PORTS: Readonly<Record<Scheme, number>> = { nats: 4222, tls: 4222, ws: 80, wss: 443 };

export interface Server {
  readonly scheme: Scheme;
  readonly host: string;
  readonly port: number;
  /** Of a websocket. */
  readonly path: string;
}

/** What a URL says: servers (none for `nats:` alone), and options by its user part and its query. */
export interface ReadUrl {
  readonly servers: readonly Server[];
  readonly options: ConnectionOptions;
}

/**
 * Reads `nats://user:password@host:4222,nats://other?domain=hub`. Several servers share scheme and credentials.
 * @throws invalid-input; no message holds the user part
 */
export function readUrl(url: string, field = "url"): ReadUrl {
  const [list = "", ...rest] = url.trim().split("?");
  const query = readQuery(rest.join("?"), field);
  const parts = list.split(",").map((part) => part.trim()).filter((part) => !/^([a-z]+:(\/\/)?)?$/i.test(part));
  const read = parts.map((part) => readServer(part, url, field));
  const kinds = new Set(read.map(({ server }) => (server.scheme.startsWith("ws") ? "ws" : "nats")));
  if (kinds.size > 1) throw invalidInput(field, `${withoutSecrets(url)} mixes websocket and plain servers. Name servers of one kind.`);
  const login = read.map(({ login }) => login).find((one) => one !== undefined);
  if (read.some((other) => other.login !== undefined && JSON.stringify(other.login) !== JSON.stringify(login))) {
    throw invalidInput(field, `${withoutSecrets(url)} names different users for its servers. One connection has one user: name it once.`);
  }
  return { servers: read.map(({ server }) => server), options: { ...query, ...login, ...(read.some(({ server }) => server.scheme === "tls") ? { tls: true } : {}) } };
}

/** As people and logs may see it. */
export function shownServers(servers: readonly Server[]): string {
  return servers.map(({ scheme, host, port, path }) => `${scheme}://${host}:${port}${path}`).join(",");
}

/** A URL that couldn't be read, without anything that may be secret: all before the last `@`, and the query. */
export function withoutSecrets(url: string): string {
  const list = url.split("?")[0] ?? "";
  const at = list.lastIndexOf("@");
  return at < 0 ? list : `${/^[a-z]+:\/\//i.exec(list)?.[0] ?? ""}***${list.slice(at)}`;
}

function readServer(part: string, whole: string, field: string): { server: Server; login: Pick<ConnectionOptions, "user" | "password" | "token"> | undefined } {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(part)?.[1]?.toLowerCase() ?? "nats";
  if (!isScheme(scheme)) throw invalidInput(field, `${scheme}: is not a way to NATS. Write nats://, tls://, ws:// or wss://.`);
  let url: URL;
  try {
    // A scheme that URL doesn't know, so that it keeps every port.
    url = new URL(`nats://${part.replace(/^[a-z][a-z0-9+.-]*:\/\//i, "")}`);
  } catch {
    // Without the cause: it names the URL with its password.
    throw invalidInput(field, `${withoutSecrets(whole)} is not the URL of a NATS server. Write nats://HOST:PORT; in a user or password write @ : / ? , and % as %XX.`);
  }
  const websocket = scheme.startsWith("ws");
  const path = url.pathname === "/" ? "" : url.pathname;
  if (path !== "" && !websocket) throw invalidInput(field, `${withoutSecrets(whole)} has a path (${path}), which a NATS server doesn't know. Write nats://HOST:PORT.`);
  return { server: { scheme, host: url.hostname, port: url.port === "" ? PORTS[scheme] : Number(url.port), path }, login: readLogin(url, field) };
}

/** A name alone is a token, as in every NATS client. */
function readLogin(url: URL, field: string): Pick<ConnectionOptions, "user" | "password" | "token"> | undefined {
  if (url.username === "" && url.password === "") return undefined;
  const [user, password] = [decoded(url.username, field), decoded(url.password, field)];
  return password === "" ? { token: user } : { user, password };
}

function decoded(text: string, field: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalidInput(field, "The user or password in the URL has a % that isn't followed by two hexadecimal digits. Write % itself as %25.");
  }
}

function readQuery(text: string, field: string): ConnectionOptions {
  const options: Record<string, string | boolean> = {};
  for (const [name, value] of new URLSearchParams(text)) {
    if (!(QUERY_SETTINGS as readonly string[]).includes(name)) throw invalidInput(field, `The URL has the setting ${name}, which Queuescope doesn't know. After the ? it may have: ${QUERY_SETTINGS.join(", ")}.`);
    options[name] = name === "tls" || name === "tlsFirst" ? readFlag(name, value, field) : value;
  }
  return options;
}

function readFlag(name: string, value: string, field: string): boolean {
  if (value === "" || value === "true" || value === "1") return true;
  if (value === "false" || value === "0") return false;
  throw invalidInput(field, `${name}=${value} in the URL must be true or false.`);
}

function isScheme(text: string): text is Scheme {
  return (SCHEMES as readonly string[]).includes(text);
}
