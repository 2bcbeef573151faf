import { setTimeout as sleep } from "node:timers/promises";
import { createInbox, headers, type Msg, type MsgHdrs, type NatsConnection, type Payload, type Subscription } from "@nats-io/transport-node";
import { QueuescopeError, type Watch } from "../../../core/index.ts";
import { jetStreamOff, type Named, requestFailure, violationError } from "./errors.ts";
import type { ConnectionStatus, StatusFeed, Violation } from "./status.ts";
import { checkSubject } from "./subject.ts";

export interface HandleParts extends Named {
  readonly nc: NatsConnection;
  readonly feed: StatusFeed;
  readonly prefix: string;
  readonly inboxPrefix: string;
  readonly owned: boolean;
  /** Milliseconds that the server may take to say farewell. */
  readonly patience: number;
}

/** What JetStream says of the account. */
export interface AccountInfo {
  readonly domain?: string;
  readonly memory: number;
  readonly storage: number;
  readonly streams: number;
  readonly consumers: number;
  readonly limits: Readonly<Record<string, number | boolean>>;
  readonly api: { readonly level?: number; readonly total: number; readonly errors: number };
}

/** The connection was lost while an answer was on its way. */
export class Lost extends Error {
  constructor() {
    super("the connection was lost before the answer came");
  }
}

/** A connection to NATS, with what the broker needs besides. */
export class NatsHandle {
  /** Of @nats-io/transport-node, or one of nats 2.x that behaves alike. */
  readonly nc: NatsConnection;
  /** Servers, with domain or API prefix where there is one; nothing secret. */
  readonly url: string;
  /** Of JetStream's requests: `$JS.API`, `$JS.DOMAIN.API`, or a custom one. */
  readonly prefix: string;
  /** Whether close() closes the connection. */
  readonly owned: boolean;
  readonly #parts: HandleParts;

  constructor(parts: HandleParts) {
    this.#parts = parts;
    this.nc = parts.nc;
    this.prefix = parts.prefix;
    this.owned = parts.owned;
    this.url = parts.prefix === "$JS.API" ? parts.url : `${parts.url}?${queryOf(parts.prefix)}`;
  }

  get status(): ConnectionStatus {
    return this.#parts.feed.current;
  }

  /** Good for both packages: each encodes headers by their own method. */
  headers(): MsgHdrs {
    return headers();
  }

  /** A new subject that this connection may get answers on. */
  inbox(): string {
    return createInbox(this.#parts.inboxPrefix);
  }

  /** As nc.request, with our errors; a missing permission rejects this call alone, at once. @throws unavailable, permission-denied, unsupported */
  async request(subject: string, payload?: Payload, options: { timeout?: number; headers?: MsgHdrs } = {}): Promise<Msg> {
    checkSubject(subject);
    try {
      return await this.nc.request(subject, payload, { timeout: 5000, ...options });
    } catch (error) {
      throw this.failure(error, subject);
    }
  }

  /**
   * As nc.request, for what stands in no order to anything else. While the connection is lost it waits; when it is lost
   * under way it ends at once, since the answer can't come any more. @throws as nc.request, or `Lost`
   */
  async exchange(subject: string, payload: Payload, timeout: number): Promise<Msg> {
    await this.connected(timeout);
    if (this.status.state === "lost") throw new Lost();
    return new Promise((resolve, reject) => {
      const watch = this.onStatus(({ state }) => { if (state === "lost") reject(new Lost()); });
      this.nc.request(subject, payload, { timeout }).then(resolve, reject).finally(() => { watch.close(); });
    });
  }

  /** Until the connection is back, is closed, or the time is up. */
  connected(timeout: number): Promise<void> {
    if (this.status.state !== "lost") return Promise.resolve();
    return new Promise((resolve) => {
      const end = (): void => {
        watch.close();
        clearTimeout(timer);
        resolve();
      };
      const watch = this.onStatus(({ state }) => { if (state !== "lost") end(); });
      const timer = setTimeout(end, timeout);
    });
  }

  /** As nc.subscribe with a callback. When the server refuses the subject, onRefused is told once and the subscription is over. */
  subscribe(subject: string, onMessage: (message: Msg) => void, onRefused: (error: QueuescopeError) => void, options: { queue?: string; max?: number } = {}): Subscription {
    checkSubject(subject, "subject", { wildcards: true });
    try {
      return this.nc.subscribe(subject, { ...options, callback: (error, message) => { if (error === null) onMessage(message); else onRefused(this.failure(error, subject)); } });
    } catch (error) {
      throw this.failure(error, subject);
    }
  }

  /** Any error of the connection about `subject`, in our words. */
  failure(error: unknown, subject: string): QueuescopeError {
    return requestFailure(error, subject, this.#parts);
  }

  /** Follows the connection; starts with the next change, `status` has the present one. */
  onStatus(listener: (status: ConnectionStatus) => void): Watch {
    return this.#parts.feed.onStatus(listener);
  }

  /** Subjects that the server refused, plain publications too, which have no answer to say so. */
  onViolation(listener: (violation: Violation, error: QueuescopeError) => void): Watch {
    return this.#parts.feed.onViolation((violation) => { listener(violation, violationError(violation, this.#parts)); });
  }

  /** @throws unsupported when JetStream is off, permission-denied, unavailable */
  async accountInfo(): Promise<AccountInfo> {
    const answer = (await this.request(`${this.prefix}.INFO`)).json<AccountInfo & { error?: { code: number; err_code?: number; description: string } }>();
    const { error } = answer;
    if (error === undefined) return answer;
    // 10039: off for the account; 10076: for the server.
    if (error.err_code === 10_039 || error.err_code === 10_076) throw new QueuescopeError("unsupported", jetStreamOff(this.url, this.prefix), { cause: error });
    throw new QueuescopeError("unavailable", `JetStream at ${this.url} isn't ready: ${error.description} (${error.err_code ?? error.code}). Try again.`, { cause: error });
  }

  /** Sends what is under way, then closes; a caller's connection is left as it is. Idempotent. */
  async close(): Promise<void> {
    if (!this.owned || this.nc.isClosed()) return;
    if (this.nc.isDraining()) {
      await this.nc.closed();
      return;
    }
    if (this.status.state !== "lost") await Promise.race([this.nc.drain().catch(() => undefined), sleep(this.#parts.patience, undefined, { ref: false })]);
    // Where the server is out of reach, what couldn't be sent is given up.
    await this.nc.close();
  }
}

function queryOf(prefix: string): string {
  const domain = /^\$JS\.([^.]+)\.API$/.exec(prefix)?.[1];
  return domain === undefined ? `apiPrefix=${encodeURIComponent(prefix)}` : `domain=${encodeURIComponent(domain)}`;
}
