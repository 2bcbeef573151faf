import type { MessageFilter, MessageRow } from "../../src/protocol/index.ts";
import type { Client } from "../channel/client.ts";

export interface TailState {
  /** In order of entry; the latest `MOST` of them. */
  readonly rows: readonly MessageRow[];
  /** All that came. */
  readonly received: number;
  /** Older ones that had to go for the newer ones. */
  readonly dropped: number;
  readonly paused: boolean;
  /** More are waiting than came with the last answer. */
  readonly behind: boolean;
  readonly error: Error | undefined;
}

export interface TailOptions {
  readonly queue: string;
  readonly filter: MessageFilter;
  /** Calls back when the next picture is drawn. */
  readonly onFrame: (act: () => void) => void;
  readonly tell: (state: TailState) => void;
}

/** Rows kept. */
export const MOST = 10_000;
/** Rows of one answer: no more than can be checked and drawn within a picture. */
const LIMIT = 300;
const WAIT_MS = 30_000;
const RETRY_MS = 1000;
/** Between two looks at how the rows in sight stand. */
const LOOK_EVERY_MS = 1000;

/** Follows what enters a queue. It asks for the next ones when the ones before are drawn, so that no rate is too high. */
export class Tail {
  readonly #client: Pick<Client, "call">;
  readonly #options: TailOptions;
  readonly #shown = new Set<string>();
  #state: TailState = { rows: [], received: 0, dropped: 0, paused: false, behind: false, error: undefined };
  /** `undefined`: not begun. */
  #cursor: string | null | undefined;
  #run: AbortController | undefined;
  #lookedAt = 0;

  constructor(client: Pick<Client, "call">, options: TailOptions) {
    this.#client = client;
    this.#options = options;
  }

  get state(): TailState {
    return this.#state;
  }

  /** From where it was paused, or from now on. */
  start(): void {
    if (this.#run !== undefined) return;
    this.#run = new AbortController();
    this.#set({ paused: false });
    void this.#follow(this.#run.signal);
  }

  pause(): void {
    this.stop();
    this.#set({ paused: true });
  }

  stop(): void {
    this.#run?.abort();
    this.#run = undefined;
  }

  /** Something in the broker changed: the rows in sight may stand otherwise than when they came. @param first, last their places in `rows` */
  async look(first: number, last: number): Promise<void> {
    const { rows } = this.#state;
    const seen = rows.slice(Math.max(0, first), last + 1);
    if (seen.length === 0 || Date.now() < this.#lookedAt + LOOK_EVERY_MS) return;
    this.#lookedAt = Date.now();
    const { queue, filter } = this.#options;
    const answer = await this.#client.call("messages.rows", { queue, filter, order: "oldest", after: rows[first - 1]?.id, ids: seen.map(({ id }) => id) });
    const now = new Map(answer.rows.map((row) => [row.id, row]));
    this.#set({ rows: this.#state.rows.map((row) => now.get(row.id) ?? row) });
  }

  clear(): void {
    this.#shown.clear();
    this.#set({ rows: [], received: 0, dropped: 0 });
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const stopped = (): boolean => signal.aborted;
    while (!stopped()) {
      try {
        await this.#step(signal);
      } catch (error) {
        if (stopped()) return;
        this.#set({ error: error instanceof Error ? error : new Error(String(error)) });
        await new Promise((resolve) => { setTimeout(resolve, RETRY_MS); });
      }
    }
  }

  async #step(signal: AbortSignal): Promise<void> {
    const { queue, filter } = this.#options;
    if (this.#cursor === undefined) this.#cursor = (await this.#client.call("messages.latest", { queue }, { signal })).cursor;
    const { rows, cursor, more } = await this.#client.call("messages.tail", { queue, filter, cursor: this.#cursor, limit: LIMIT, wait: WAIT_MS }, { signal });
    // A pause that came meanwhile: the next start asks for these again.
    if (signal.aborted) return;
    this.#cursor = cursor;
    this.#take(rows, more);
    if (rows.length > 0) await new Promise<void>((resolve) => { this.#options.onFrame(resolve); });
  }

  #take(rows: readonly MessageRow[], behind: boolean): void {
    const fresh = rows.filter(({ id }) => !this.#shown.has(id));
    for (const { id } of fresh) this.#shown.add(id);
    const all = fresh.length === 0 ? this.#state.rows : [...this.#state.rows, ...fresh];
    const cut = Math.max(0, all.length - MOST);
    for (const { id } of all.slice(0, cut)) this.#shown.delete(id);
    const { received, dropped } = this.#state;
    this.#set({ rows: cut === 0 ? all : all.slice(cut), received: received + fresh.length, dropped: dropped + cut, behind, error: undefined });
  }

  #set(change: Partial<TailState>): void {
    this.#state = { ...this.#state, ...change };
    this.#options.tell(this.#state);
  }
}
