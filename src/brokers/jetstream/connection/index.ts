import type { ConnectionOptions as ClientOptions, NatsConnection } from "@nats-io/transport-node";
import { invalidInput, QueuescopeError } from "../../../core/index.ts";
import { connectFailure } from "./errors.ts";
import { NatsHandle } from "./handle.ts";
import { login } from "./login.ts";
import type { CallersConnection, ConnectionOptions, ReconnectOptions } from "./options.ts";
import { expandedPath, readText, type Surroundings } from "./secrets.ts";
import { type Server, shownServers } from "./servers.ts";
import { settle } from "./settings.ts";
import { StatusFeed } from "./status.ts";
import { checkSubject } from "./subject.ts";
import { dial, type DialOptions } from "./transport.ts";

export { type AccountInfo, Lost, NatsHandle } from "./handle.ts";
export { type ContextSummary, listContexts, selectedContext } from "./contexts.ts";
export type { CallersConnection, ConnectionOptions, Environment, ReconnectOptions } from "./options.ts";
export type { ConnectionStatus, Violation } from "./status.ts";
export { checkSubject } from "./subject.ts";

/**
 * Connects to NATS, or takes a caller's connection.
 * @throws unavailable when no server lets us in within some seconds, permission-denied, invalid-input
 */
export async function openConnection(options: ConnectionOptions = {}): Promise<NatsHandle> {
  if (options.connection !== undefined) return adopt(options.connection, options);
  const around: Surroundings = { env: options.env ?? process.env, cwd: options.cwd ?? process.cwd(), allowProgram: options.allowProgram };
  const { servers, options: settings } = await settle(options, around);
  const { authenticators, shown } = await login(settings, around);
  const [prefix, inboxPrefix, url, timeout] = [apiPrefix(settings), inboxPrefixOf(settings), shownServers(servers), settings.connectTimeout ?? 5000];
  const feed = new StatusFeed(url);
  if (settings.onStatus !== undefined) {
    feed.onStatus(settings.onStatus);
    feed.announce(feed.current);
  }
  const nc = await dial({
    servers: servers.map(({ host, port }) => `${host}:${port}`),
    name: settings.name ?? "queuescope",
    authenticator: authenticators,
    timeout,
    pingInterval: settings.pingInterval ?? 20_000,
    inboxPrefix,
    ...transportOf(servers, tlsOf(settings, around)),
    ...reconnecting(settings.reconnect ?? {}, feed),
  }).catch((error: unknown) => {
    const failure = connectFailure(error, { url, login: shown }, timeout);
    feed.announce({ state: "closed", server: url, reason: failure.message });
    throw failure;
  });
  feed.follow(nc);
  return new NatsHandle({ nc, feed, prefix, inboxPrefix, url, login: shown, owned: true, patience: timeout });
}

function adopt(connection: CallersConnection, options: ConnectionOptions): NatsHandle {
  const nc = connection as NatsConnection;
  for (const method of ["publish", "subscribe", "request", "status", "closed", "getServer"] as const) {
    if (typeof nc[method] !== "function") throw invalidInput("connection", `connection is not a NATS connection (it has no ${method}). Give what connect() of @nats-io/transport-node or of nats 2.x answers.`);
  }
  if (nc.isClosed() || nc.isDraining()) throw new QueuescopeError("unavailable", "The NATS connection given is closed. Give one that is open.", { field: "connection", ended: true });
  const url = `nats://${nc.getServer()}`;
  const feed = new StatusFeed(url);
  if (options.onStatus !== undefined) feed.onStatus(options.onStatus);
  feed.follow(nc);
  const own = (nc as { options?: { inboxPrefix?: unknown } }).options?.inboxPrefix;
  const inboxPrefix = inboxPrefixOf({ inboxPrefix: options.inboxPrefix ?? (typeof own === "string" ? own : undefined) });
  return new NatsHandle({ nc, feed, prefix: apiPrefix(options), inboxPrefix, url, login: "", owned: false, patience: 0 });
}

function apiPrefix({ domain, apiPrefix: custom }: ConnectionOptions): string {
  if (domain !== undefined && custom !== undefined) throw invalidInput("apiPrefix", `domain (${domain}) and apiPrefix (${custom}) exclude each other: the domain's prefix is $JS.${domain}.API. Give one.`);
  if (domain !== undefined) {
    if (!/^[^\s.*>]+$/.test(domain)) throw invalidInput("domain", `${JSON.stringify(domain)} can't be a JetStream domain: it is one word without . * >.`);
    return `$JS.${domain}.API`;
  }
  return custom === undefined ? "$JS.API" : checkSubject(custom.replace(/\.$/, ""), "apiPrefix");
}

function inboxPrefixOf({ inboxPrefix }: ConnectionOptions): string {
  return inboxPrefix === undefined ? "_INBOX" : checkSubject(inboxPrefix.replace(/\.$/, ""), "inboxPrefix");
}

/** Over websockets TLS lies below them, the server's gossip names no websockets, and host names are theirs to look up. */
function transportOf(servers: readonly Server[], tls: Pick<ClientOptions, "tls">): DialOptions {
  if (!servers.some(({ scheme }) => scheme.startsWith("ws"))) return tls;
  if (tls.tls?.handshakeFirst === true) throw invalidInput("tlsFirst", "tlsFirst is not for websockets: wss:// speaks TLS from the first byte anyway.");
  const websockets = new Map(servers.map((server) => [`${server.host.replaceAll(/[[\]]/g, "")}:${server.port}`, shownServers([server])]));
  return { websockets, websocketTls: tls.tls ?? {}, tls: null, resolve: false, ignoreClusterUpdates: true };
}

function tlsOf({ tls, ca, cert, key, tlsFirst }: ConnectionOptions, around: Surroundings): Pick<ClientOptions, "tls"> {
  const wanted = [ca, cert, key].some((file) => file !== undefined) || tlsFirst === true;
  if (tls === false && wanted) throw invalidInput("tls", "tls is false, but ca, cert, key or tlsFirst is given. Leave out one or the other.");
  if (tls === false) return { tls: null };
  if (tls !== true && !wanted) return {};
  if ((cert === undefined) !== (key === undefined)) throw invalidInput(cert === undefined ? "cert" : "key", "A client certificate needs both cert and key.");
  const file = (path: string | undefined, what: string): string | undefined => {
    if (path === undefined) return undefined;
    const full = expandedPath(path, around);
    readText(full, what);
    return full;
  };
  const [caFile, certFile, keyFile] = [file(ca, "the certificate authority"), file(cert, "the client certificate"), file(key, "the client certificate's key")];
  return { tls: { ...(caFile === undefined ? {} : { caFile }), ...(certFile === undefined ? {} : { certFile }), ...(keyFile === undefined ? {} : { keyFile }), ...(tlsFirst === true ? { handshakeFirst: true } : {}) } };
}

/** Soon at first, then ever more slowly; not all clients of a server at the same moment. A refused login is tried again too: credentials are renewed. */
function reconnecting({ attempts, wait = 500, maxWait = 15_000 }: ReconnectOptions, feed: StatusFeed): ClientOptions {
  if (attempts === 0) return { reconnect: false };
  return {
    maxReconnectAttempts: attempts ?? -1,
    ignoreAuthErrorAbort: true,
    reconnectDelayHandler: () => Math.min(maxWait, wait * 2 ** Math.min(feed.attempts, 10)) * (1 + Math.random() / 5),
  };
}
