import type { NatsConnection } from "@nats-io/transport-node";
import type { LinkStatus, Watch } from "../../../core/index.ts";

export type ConnectionStatus = LinkStatus;

/** The server refused one subject; everything else goes on. */
export interface Violation {
  readonly operation: "publish" | "subscription";
  readonly subject: string;
  readonly queue?: string | undefined;
}

/** Both packages' events: 3.x names the server or the error, 2.x puts either in `data`. */
interface Event {
  readonly type: string;
  readonly server?: string;
  readonly error?: Error;
  readonly data?: unknown;
  readonly permissionContext?: { operation: string; subject: string; queue?: string };
}

/** How our transport begins what it says of a connection that ended before the server let us in. */
export const ENDED = "the connection ended:";

type Listener<T> = (event: T) => void;

/** Follows a connection of either package and tells what matters, until it is closed. */
export class StatusFeed {
  #current: ConnectionStatus;
  #attempts = 0;
  /** Why the server turned us away, as the last attempts said. */
  #refusal: string | undefined;
  readonly #listeners = new Set<Listener<ConnectionStatus>>();
  readonly #violations = new Set<Listener<Violation>>();

  constructor(servers: string) {
    this.#current = { state: "connecting", server: servers };
  }

  get current(): ConnectionStatus {
    return this.#current;
  }

  /** Attempts since the connection was lost. */
  get attempts(): number {
    return this.#attempts;
  }

  onStatus(listener: Listener<ConnectionStatus>): Watch {
    return subscribed(this.#listeners, listener);
  }

  onViolation(listener: Listener<Violation>): Watch {
    return subscribed(this.#violations, listener);
  }

  announce(status: ConnectionStatus): void {
    this.#current = status;
    for (const listener of this.#listeners) listener(status);
  }

  /** Ends with the connection. */
  follow(nc: NatsConnection): void {
    // A caller's may be trying again at this moment.
    this.announce({ state: nc.info === undefined ? "lost" : "connected", server: nc.getServer() });
    const events = nc.status() as AsyncIterable<Event>;
    void (async () => {
      for await (const event of events) this.#take(event, nc);
    })();
    void nc.closed().then((error) => {
      const reason = error instanceof Error ? error.message : undefined;
      this.announce({ state: "closed", server: this.#current.server, ...(reason === undefined ? {} : { reason }) });
    });
  }

  #take(event: Event, nc: NatsConnection): void {
    switch (event.type) {
      case "disconnect":
        this.#attempts = 0;
        this.announce({ state: "lost", server: this.#current.server, ...(this.#refusal === undefined ? {} : { reason: this.#refusal }) });
        break;
      case "reconnecting":
        this.#attempts += 1;
        break;
      case "reconnect":
        this.#attempts = 0;
        this.#refusal = undefined;
        this.announce({ state: "restored", server: nc.getServer() });
        break;
      case "error":
        this.#takeError(event);
        break;
      default:
    }
  }

  #takeError(event: Event): void {
    const violation = violationOf(event);
    if (violation !== undefined) {
      for (const listener of this.#violations) listener(violation);
      return;
    }
    this.#refusal = (event.error?.message ?? (typeof event.data === "string" ? event.data : undefined))?.replace(`Authorization Violation: ${ENDED}`, ENDED);
    if (this.#current.state === "lost" && this.#refusal !== undefined) this.announce({ ...this.#current, reason: this.#refusal });
  }
}

/** Of an error or an event of either package. */
export function violationOf(value: unknown): Violation | undefined {
  const { error, permissionContext, operation, subject, queue, cause } = value as { error?: unknown; permissionContext?: unknown; operation?: unknown; subject?: unknown; queue?: unknown; cause?: unknown };
  if ((operation === "publish" || operation === "subscription") && typeof subject === "string") return { operation, subject, queue: typeof queue === "string" ? queue : undefined };
  for (const inner of [error, permissionContext, cause]) {
    if (typeof inner === "object" && inner !== null) {
      const found = violationOf(inner);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

function subscribed<T>(listeners: Set<Listener<T>>, listener: Listener<T>): Watch {
  // A listener given twice is told twice, and each ends alone.
  const own: Listener<T> = (event) => { listener(event); };
  listeners.add(own);
  const close = (): void => { listeners.delete(own); };
  return { close, [Symbol.dispose]: close };
}
