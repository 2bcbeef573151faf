import { type Broker, isQueuescopeError, type LinkStatus, type Watch } from "../../core/index.ts";
import type { ConnectionOrigin } from "./folder.ts";
import type { OpenedBroker } from "./library.ts";

/** How a connection gets its broker. `create` false: undefined where there is no local file yet. */
export type OpenBroker = (create: boolean) => Promise<OpenedBroker | undefined>;

/** Told about what is in the broker, and about the connection itself. */
export interface OnChange {
  readonly data: () => void;
  readonly state: () => void;
}

export interface Identity {
  readonly id: string;
  readonly label: string;
  /** The workspace folder it belongs to: where its workers start and its documents resolve. */
  readonly folder: string;
  /** Whether it was made to refuse every change. */
  readonly readOnly?: boolean;
  readonly name?: string;
  readonly origin?: ConnectionOrigin;
  /** Whether it goes over a network: nobody waits for it then, and it is tried again by itself. */
  readonly remote?: boolean;
  /** As it was written, without secrets; `undefined` for what is found. */
  readonly url?: string | undefined;
  /** The name under which its login is in the secret storage. */
  readonly secret?: string | undefined;
}

/** `absent`: there is no file yet. `lost`: it was open, and is tried again. `disconnected`: by a person, until they connect it. */
export type ConnectionState = "closed" | "absent" | "connecting" | "open" | "lost" | "failed" | "disconnected";

/** Between two attempts to open what is out of reach. */
const FIRST_WAIT_MS = 2000;
const LONGEST_WAIT_MS = 60_000;

/**
 * One broker that the views show: opened on first use, watched while it is open. Free of `vscode`.
 */
export class Connection {
  readonly id: string;
  readonly label: string;
  readonly name: string;
  readonly folder: string;
  readonly readOnly: boolean;
  readonly origin: ConnectionOrigin;
  readonly remote: boolean;
  readonly url: string | undefined;
  readonly secret: string | undefined;
  readonly #openBroker: OpenBroker;
  readonly #onChange: OnChange;
  #opening: Promise<Broker | undefined> | undefined;
  #watches: readonly Watch[] = [];
  #opened: OpenedBroker | undefined;
  #error: unknown;
  #state: ConnectionState = "closed";
  #wait = FIRST_WAIT_MS;
  #retry: NodeJS.Timeout | undefined;
  /** Views don't try what failed: the next attempt comes by itself, or with Refresh. */
  #resting = false;

  constructor(identity: Identity, openBroker: OpenBroker, onChange: OnChange) {
    this.id = identity.id;
    this.label = identity.label;
    this.name = identity.name ?? identity.label;
    this.folder = identity.folder;
    this.readOnly = identity.readOnly ?? false;
    this.origin = identity.origin ?? "own";
    this.remote = identity.remote ?? false;
    this.url = identity.url;
    this.secret = identity.secret;
    this.#openBroker = openBroker;
    this.#onChange = onChange;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Why it failed, or was lost. */
  get error(): unknown {
    return this.#error;
  }

  /** The open broker's; `undefined` until then. */
  get broker(): Broker | undefined {
    return this.#opened?.broker;
  }

  /** What is open, with more than the broker: for taps and workers. */
  get opened(): OpenedBroker | undefined {
    return this.#opened;
  }

  /** For changing commands and below rows that exist: makes the local file if there is none. @throws when it is disconnected */
  async open(): Promise<Broker> {
    if (this.#state === "disconnected") throw new Error(`${this.label} is disconnected. Connect it first.`);
    // Somebody asks for it: that is worth another attempt.
    if (this.#state === "failed") this.#noRetry();
    let broker = await this.existing();
    while (broker === undefined) {
      // A view may have asked meanwhile, which doesn't make the file.
      broker = await (this.#opening ?? this.#start(true));
    }
    return broker;
  }

  /** A handle of one's own on the same broker, that stays open when this connection is opened anew. Whoever asks for it closes it. */
  async another(): Promise<OpenedBroker> {
    await this.open();
    const opened = await this.#openBroker(true);
    if (opened === undefined) throw new Error(`${this.label} has no queues to open any more. Try again.`);
    return opened;
  }

  /** `undefined` where there is no local file yet, or it was disconnected. */
  existing(): Promise<Broker | undefined> {
    if (this.#state === "disconnected") return Promise.resolve(undefined);
    if (this.#resting) return Promise.reject(this.#error instanceof Error ? this.#error : new Error(String(this.#error)));
    return this.#opening ?? this.#start(false);
  }

  /** For views, which wait for no server: its broker if it can be asked now. When it can, that is a change of state. */
  async shown(): Promise<Broker | undefined> {
    if (!this.remote) return this.existing();
    if (this.#state === "closed") this.existing().catch(() => undefined);
    return this.#state === "open" ? this.broker : undefined;
  }

  #start(create: boolean): Promise<Broker | undefined> {
    // What is tried again by itself stays what it was until it is open.
    if (this.remote && this.#state !== "failed") this.#enter("connecting");
    const opening = this.#openBroker(create).then(
      (opened) => {
        this.#opened = opened;
        this.#error = undefined;
        this.#wait = FIRST_WAIT_MS;
        if (opened === undefined) {
          this.#opening = undefined;
          this.#state = "absent";
          return undefined;
        }
        const { broker } = opened;
        const link = broker.link?.watch((status) => { this.#follow(status); });
        this.#watches = [broker.watch(this.#onChange.data), ...(link === undefined ? [] : [link])];
        this.#enter("open");
        return broker;
      },
      (error: unknown) => {
        this.#opening = undefined;
        this.#fail(error);
        throw error;
      },
    );
    this.#opening = opening;
    return opening;
  }

  #fail(error: unknown): void {
    this.#error = error;
    if (this.remote) this.#retryLater(error);
    this.#enter("failed");
  }

  /** What only a person can mend isn't tried again before they say so. */
  #retryLater(error: unknown): void {
    this.#resting = true;
    if (!isQueuescopeError(error, "unavailable")) return;
    this.#retry = setTimeout(() => {
      this.#resting = false;
      this.existing().catch(() => undefined);
    }, this.#wait).unref();
    this.#wait = Math.min(2 * this.#wait, LONGEST_WAIT_MS);
  }

  #noRetry(): void {
    clearTimeout(this.#retry);
    this.#resting = false;
  }

  #follow({ state, reason, server }: LinkStatus): void {
    if (state === "lost") {
      this.#error = new Error(reason ?? `The connection to ${server} was lost.`);
      this.#enter("lost");
    } else if (state === "restored") {
      this.#error = undefined;
      this.#enter("open");
      this.#onChange.data();
    } else if (state === "closed" && this.#opened !== undefined) {
      this.#leave().catch(() => undefined);
      this.#fail(new Error(reason ?? `${server} closed the connection.`));
    }
  }

  #enter(state: ConnectionState): void {
    this.#state = state;
    this.#onChange.state();
  }

  /** Whether what is open is of no use any more: its file was deleted or replaced. */
  async hasEnded(): Promise<boolean> {
    const asked = this.remote ? undefined : this.#opened?.broker.queues.list({ limit: 1 });
    return (await asked?.then(() => false, (error: unknown) => isQueuescopeError(error) && error.ended)) ?? false;
  }

  /** Leaves the broker; the next use opens it anew. */
  async close(): Promise<void> {
    this.#noRetry();
    this.#wait = FIRST_WAIT_MS;
    // Whoever asks while this waits may start the next opening: that one ends here too. Where opening failed, whoever asked for it was told.
    while (this.#opening !== undefined && this.#opened === undefined) await this.#opening.catch(() => undefined);
    this.#noRetry();
    if (this.#state !== "disconnected") this.#state = "closed";
    await this.#leave();
  }

  /** Until `reconnect`. */
  async disconnect(): Promise<void> {
    await this.close();
    this.#enter("disconnected");
  }

  async reconnect(): Promise<void> {
    await this.close();
    this.#enter("closed");
    await this.existing();
  }

  async #leave(): Promise<void> {
    const opened = this.#opened;
    for (const watch of this.#watches) watch.close();
    this.#watches = [];
    this.#opening = undefined;
    this.#opened = undefined;
    await opened?.close();
  }
}
