import { type Broker, isQueuescopeError, type Watch } from "../../core/index.ts";
import type { OpenedBroker } from "./library.ts";

/** How a connection gets its broker. `create` false: undefined where there is no local file yet. */
export type OpenBroker = (create: boolean) => Promise<OpenedBroker | undefined>;

/** Told about what is in the broker, and about the connection itself. */
export interface OnChange {
  readonly data: () => void;
  readonly state: () => void;
}

export type ConnectionState = "closed" | "absent" | "open" | "failed";

/**
 * One broker that the views show: opened on first use, watched while it is open. Free of `vscode`.
 */
export class Connection {
  readonly id: string;
  readonly label: string;
  /** The workspace folder it belongs to: where its workers start and its documents resolve. */
  readonly folder: string;
  /** Whether it was made to refuse every change. */
  readonly readOnly: boolean;
  readonly #openBroker: OpenBroker;
  readonly #onChange: OnChange;
  #opening: Promise<Broker | undefined> | undefined;
  #watch: Watch | undefined;
  #opened: OpenedBroker | undefined;
  #error: unknown;
  #state: ConnectionState = "closed";

  constructor(identity: { readonly id: string; readonly label: string; readonly folder: string; readonly readOnly?: boolean }, openBroker: OpenBroker, onChange: OnChange) {
    this.id = identity.id;
    this.label = identity.label;
    this.folder = identity.folder;
    this.readOnly = identity.readOnly ?? false;
    this.#openBroker = openBroker;
    this.#onChange = onChange;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Why it failed. */
  get error(): unknown {
    return this.#error;
  }

  /** The open broker's; `undefined` until then. */
  get broker(): Broker | undefined {
    return this.#opened?.broker;
  }

  /** For changing commands and below rows that exist: makes the local file if there is none. */
  async open(): Promise<Broker> {
    let broker = await this.existing();
    while (broker === undefined) {
      // A view may have asked meanwhile, which doesn't make the file.
      broker = await (this.#opening ?? this.#start(true));
    }
    return broker;
  }

  /** For views: undefined where there is no local file yet. */
  existing(): Promise<Broker | undefined> {
    return this.#opening ?? this.#start(false);
  }

  #start(create: boolean): Promise<Broker | undefined> {
    const opening = this.#openBroker(create).then(
      (opened) => {
        this.#opened = opened;
        this.#error = undefined;
        this.#state = opened === undefined ? "absent" : "open";
        if (opened === undefined) this.#opening = undefined;
        else this.#watch = opened.broker.watch(this.#onChange.data);
        if (opened !== undefined) this.#onChange.state();
        return opened?.broker;
      },
      (error: unknown) => {
        this.#error = error;
        this.#state = "failed";
        this.#opening = undefined;
        this.#onChange.state();
        throw error;
      },
    );
    this.#opening = opening;
    return opening;
  }

  /** Whether what is open is of no use any more: its file was deleted or replaced. */
  async hasEnded(): Promise<boolean> {
    const asked = this.#opened?.broker.queues.list({ limit: 1 });
    return (await asked?.then(() => false, (error: unknown) => isQueuescopeError(error) && error.ended)) ?? false;
  }

  /** Leaves the broker; the next use opens it anew. */
  async close(): Promise<void> {
    // Whoever asks while this waits may start the next opening: that one ends here too. Where opening failed, whoever asked for it was told.
    while (this.#opening !== undefined && this.#opened === undefined) await this.#opening.catch(() => undefined);
    const opened = this.#opened;
    this.#watch?.close();
    this.#watch = undefined;
    this.#opening = undefined;
    this.#opened = undefined;
    this.#state = "closed";
    await opened?.close();
  }
}
