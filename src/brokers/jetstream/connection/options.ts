import type { LinkStatus } from "../../../core/index.ts";

/**
 * How to reach NATS. Files are paths, with `~` and `$VAR` expanded. Every secret (user, password, token, creds, nkey,
 * jwt, seed) may be a reference instead: `env://NAME`, `file://PATH`, `op://VAULT/ITEM/FIELD`, `nsc://OPERATOR/ACCOUNT/USER`,
 * `data:;base64,...`; it is looked up when a connection is made, and nowhere kept or shown.
 */
export interface ConnectionOptions {
  /**
   * `nats://`, `tls://`, `ws://` or `wss://`, several servers separated by commas, a user and password or a token before an `@`,
   * and settings after a `?` (QUERY_SETTINGS). `nats:` alone, or nothing: what NATS_CONTEXT or NATS_URL names, else the context
   * that the nats CLI has selected, else localhost:4222.
   */
  readonly url?: string | undefined;
  /** A context of the nats CLI; what is said here besides wins over it. */
  readonly context?: string | undefined;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly token?: string | undefined;
  /** A .creds file. */
  readonly creds?: string | undefined;
  /** A file with the seed of an nkey. */
  readonly nkey?: string | undefined;
  /** A user's JWT, with `seed`. */
  readonly jwt?: string | undefined;
  readonly seed?: string | undefined;
  /** TLS or nothing; default: with `tls://`, a TLS file or `tlsFirst`, else when the server offers it. */
  readonly tls?: boolean | undefined;
  /** Files of TLS: who is trusted, and the client's own certificate and its key. */
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** The server speaks TLS from the first byte (`handshake_first`). */
  readonly tlsFirst?: boolean | undefined;
  /** JetStream's domain, or another prefix of its API than `$JS.API`; not both. */
  readonly domain?: string | undefined;
  readonly apiPrefix?: string | undefined;
  /** Where answers come to; default `_INBOX`. */
  readonly inboxPrefix?: string | undefined;
  /** What the server's monitoring shows; default `queuescope`. */
  readonly name?: string | undefined;
  /** Milliseconds a server may take to let us in, and to say farewell; default 5,000. */
  readonly connectTimeout?: number | undefined;
  /** Milliseconds between signs of life; two without an answer mean that the server is lost. Default 20,000. */
  readonly pingInterval?: number | undefined;
  readonly reconnect?: ReconnectOptions | undefined;
  /** The caller's own connection, of @nats-io/transport-node or of nats 2.x. It is used as it is and never closed. */
  readonly connection?: CallersConnection | undefined;
  /** Asked before a program is run for a secret (`op read ...`, `nsc generate profile ...`). Without it none is run. */
  readonly allowProgram?: ((command: readonly string[], reason: string) => boolean | Promise<boolean>) | undefined;
  /** Told from the first attempt on. */
  readonly onStatus?: ((status: LinkStatus) => void) | undefined;
  /** Default: the process's own. */
  readonly env?: Environment | undefined;
  /** Where relative paths start; default: the current folder. */
  readonly cwd?: string | undefined;
}

/** After the first connection. Both waits are milliseconds. */
export interface ReconnectOptions {
  /** Attempts for each server; default: without end. 0 ends the connection with its first loss. */
  readonly attempts?: number | undefined;
  /** Between the first attempts; each further one waits longer. Default 500. */
  readonly wait?: number | undefined;
  /** Default 15,000. */
  readonly maxWait?: number | undefined;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** What both packages' connections have (written out: whoever uses our types need not have theirs); only what we ask of it before we trust it to be a NatsConnection. */
export interface CallersConnection {
  isClosed(): boolean;
  isDraining(): boolean;
  closed(): Promise<unknown>;
  getServer(): string;
  flush(): Promise<void>;
  drain(): Promise<void>;
  status(): AsyncIterable<{ readonly type: string }>;
}

/** Options that a URL may carry after `?`, so that one line of queuescope.json is enough. Secrets aren't among them. */
export const QUERY_SETTINGS = ["context", "creds", "nkey", "tls", "ca", "cert", "key", "tlsFirst", "domain", "apiPrefix", "inboxPrefix", "name"] as const;
