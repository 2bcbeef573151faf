import type { Broker, WorkerState } from "../core/index.ts";
import type { Logger } from "../client/log.ts";

/** Milliseconds between heartbeats; a worker counts as live for three of them. */
export const BEAT_EVERY = 5_000;
/** What changes within this time makes one heartbeat. */
const MERGE = 200;

export type Change = Partial<Pick<WorkerState, "status" | "processed" | "failed">>;

/** Tells the broker, and with it every editor, that this worker lives and what it does. */
export class Heartbeat {
  readonly #broker: Broker;
  readonly #log: Logger;
  readonly #onBeat: (state: WorkerState) => void;
  readonly #current = new Set<string>();
  #state: WorkerState;
  #soon: NodeJS.Timeout | null = null;
  #regular: NodeJS.Timeout | null = null;
  #writing: Promise<void> = Promise.resolve();

  constructor(broker: Broker, log: Logger, state: WorkerState, onBeat: (state: WorkerState) => void) {
    this.#broker = broker;
    this.#log = log;
    this.#state = state;
    this.#onBeat = onBeat;
  }

  get state(): WorkerState {
    return { ...this.#state, current: [...this.#current] };
  }

  async start(): Promise<void> {
    await this.#broker.workers.heartbeat(this.state);
    this.#regular = setInterval(() => { this.#beat(); }, BEAT_EVERY).unref();
  }

  began(messageId: string): void {
    this.#current.add(messageId);
    this.change({ status: this.#state.status === "stopping" ? "stopping" : "busy" });
  }

  ended(messageId: string, failed: boolean): void {
    this.#current.delete(messageId);
    const status = this.#state.status === "stopping" ? "stopping" : this.#current.size === 0 ? "idle" : "busy";
    this.change({ status, processed: this.#state.processed + 1, failed: this.#state.failed + (failed ? 1 : 0) });
  }

  change(change: Change): void {
    this.#state = { ...this.#state, ...change };
    this.#onBeat(this.state);
    this.#soon ??= setTimeout(() => { this.#beat(); }, MERGE).unref();
  }

  /** The last word: the worker leaves the list. */
  async stop(): Promise<void> {
    if (this.#soon !== null) clearTimeout(this.#soon);
    if (this.#regular !== null) clearInterval(this.#regular);
    await this.#writing;
    await this.#broker.workers.remove(this.#state.id);
  }

  #beat(): void {
    if (this.#soon !== null) clearTimeout(this.#soon);
    this.#soon = null;
    const state = this.state;
    this.#onBeat(state);
    this.#writing = this.#writing.then(() => this.#broker.workers.heartbeat(state)).catch((error: unknown) => {
      this.#log.warn(`the heartbeat was not stored: ${String(error)}`);
    });
  }
}
