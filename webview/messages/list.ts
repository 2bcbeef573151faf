import type { MessageFilter, MessageRow, MethodName, Order, Params, Result } from "../../src/protocol/index.ts";
import type { Client } from "../channel/client.ts";
import { EMPTY, endingWith, startingAt, startingWith, type Window, withAbove, withBelow, withChanges, withStart } from "./window.ts";

export interface ListQuery {
  readonly queue: string;
  readonly filter: MessageFilter;
  readonly order: Order;
}

/** How many messages it looked at, and when the last of them entered. */
export interface Searched {
  readonly read: number;
  readonly reached: number | null;
}

export interface ListState {
  readonly window: Window;
  /** Nothing has been read yet. */
  readonly fresh: boolean;
  readonly loading: boolean;
  readonly error: Error | undefined;
  /** A search that goes on. */
  readonly searching: Searched | null;
  /** One that took long, and waits to be told to go on. */
  readonly paused: Searched | null;
  /** Messages that came since the list was at its start, and aren't shown. */
  readonly newer: { readonly count: number; readonly more: boolean };
  /** The row to bring into sight. */
  readonly reveal: { readonly key: string } | undefined;
}

type Direction = "up" | "down";
type Asks = Pick<Client, "call">;

/** Rows a call brings. */
const PAGE = 200;
/** Of the start of the list, read again at each change while it is in sight. */
const TOP = 100;
/** A search goes on by itself for so long. */
const SEARCH_MS = 3000;
/** Between two looks at how the rows in sight stand. */
const LOOK_EVERY_MS = 1000;
/** Only what the person waits for is shown as loading. */
const QUIET: readonly string[] = ["change", "look"];
const NONE = { count: 0, more: false };

/** The list of one filter in one order: reads what is scrolled to, and follows changes. One thing at a time. */
export class MessageList {
  readonly #client: Asks;
  readonly #query: ListQuery;
  readonly #tell: (state: ListState) => void;
  readonly #stop = new AbortController();
  #state: ListState = { window: EMPTY, fresh: true, loading: true, error: undefined, searching: null, paused: null, newer: NONE, reveal: undefined };
  #turn: Promise<void> = Promise.resolve();
  #waiting = new Set<string>();
  /** Behind what `newer` counts. */
  #cursor: string | null = null;
  #searched = 0;
  #sight: { readonly ids: readonly string[]; readonly after: string | undefined; readonly atTop: boolean } = { ids: [], after: undefined, atTop: true };
  #lookedAt = 0;
  #lookAgain: ReturnType<typeof setTimeout> | undefined;

  constructor(client: Asks, query: ListQuery, tell: (state: ListState) => void) {
    this.#client = client;
    this.#query = query;
    this.#tell = tell;
  }

  get state(): ListState {
    return this.#state;
  }

  stop(): void {
    this.#stop.abort();
    clearTimeout(this.#lookAgain);
  }

  toStart(): Promise<void> {
    return this.#next("start", () => this.#readStart());
  }

  toEnd(): Promise<void> {
    return this.#next("end", async () => {
      const page = await this.#browse(reverse(this.#query.order), undefined, PAGE);
      const window = endingWith(page);
      this.#set({ window, fresh: false, paused: null, reveal: revealed(window.rows.at(-1)) });
    });
  }

  /** Around one message, whatever the filter says of it. */
  to(id: string): Promise<void> {
    return this.#next(`to ${id}`, async () => {
      const { queue, filter, order } = this.#query;
      const [row] = (await this.#call("messages.rows", { queue, filter: { group: filter.group }, order, ids: [id] })).rows;
      if (row === undefined) throw new Error(`There is no message ${id} here. It may have been removed, have expired, or be past the retention of its queue.`);
      const below = await this.#browse(order, id, PAGE);
      const above = await this.#browse(reverse(order), id, PAGE);
      this.#set({ window: withAbove(startingAt(row, below), above), fresh: false, paused: null, reveal: { key: id } });
      await this.#markCursor();
    });
  }

  more(direction: Direction): void {
    const { window, paused, fresh } = this.#state;
    if (fresh || window[direction] === null || (direction === "down" && paused !== null)) return;
    void this.#next(direction, () => this.#extend(direction));
  }

  /** After it had paused. */
  search(): void {
    this.#set({ paused: null });
    void this.#next("down", () => this.#extend("down"));
  }

  /** What is looked at: it is kept up to date. */
  see(first: number, last: number, atTop: boolean): void {
    const { rows } = this.#state.window;
    const wasAtTop = this.#sight.atTop;
    this.#sight = { ids: rows.slice(Math.max(0, first), last + 1).map(({ id }) => id), after: rows[first - 1]?.id, atTop };
    if (atTop && !wasAtTop && this.#state.newer.count > 0) this.changed();
  }

  /** Something in the broker did. */
  changed(): void {
    void this.#next("change", () => this.#follow());
  }

  async #follow(): Promise<void> {
    const { window, fresh } = this.#state;
    if (fresh) { await this.#readStart(); return; }
    if (this.#sight.atTop && window.up === null && (this.#query.order === "newest" || window.rows.length < TOP)) { await this.#readTop(); return; }
    if (this.#query.order === "newest") await this.#countNewer();
    else if (window.down === null) await this.#append();
    await this.#look();
  }

  async #readStart(): Promise<void> {
    await this.#markCursor();
    this.#searched = 0;
    const page = await this.#browse(this.#query.order, undefined, PAGE);
    this.#searched += page.read;
    this.#set({ window: startingWith(page), fresh: false, paused: null, newer: NONE, reveal: revealed(page.rows[0]) });
    if (page.partial) await this.#extend("down", PAGE - page.rows.length);
  }

  async #readTop(): Promise<void> {
    await this.#markCursor();
    const page = await this.#browse(this.#query.order, undefined, TOP);
    this.#set({ window: withStart(this.#state.window, page), newer: NONE });
  }

  /** New ones are at the end. */
  async #append(): Promise<void> {
    const { window } = this.#state;
    this.#set({ window: withBelow(window, await this.#browse("oldest", window.rows.at(-1)?.id, PAGE)) });
  }

  async #markCursor(): Promise<void> {
    this.#cursor = (await this.#call("messages.latest", { queue: this.#query.queue })).cursor;
    this.#set({ newer: NONE });
  }

  async #countNewer(): Promise<void> {
    const { queue, filter } = this.#query;
    const { newer } = this.#state;
    if (newer.more) return;
    const found = await this.#call("messages.newer", { queue, filter, cursor: this.#cursor });
    this.#cursor = found.cursor;
    if (found.count > 0 || found.more) this.#set({ newer: { count: newer.count + found.count, more: found.more } });
  }

  /** How the rows in sight stand now; not more often than it is worth. */
  async #look(): Promise<void> {
    const { ids, after } = this.#sight;
    const wait = this.#lookedAt + LOOK_EVERY_MS - Date.now();
    if (ids.length === 0) return;
    if (wait > 0) {
      clearTimeout(this.#lookAgain);
      this.#lookAgain = setTimeout(() => { void this.#next("look", () => this.#look()); }, wait);
      return;
    }
    this.#lookedAt = Date.now();
    const { queue, filter, order } = this.#query;
    const { rows } = await this.#call("messages.rows", { queue, filter, order, after, ids: ids.slice(0, 1000) });
    this.#set({ window: withChanges(this.#state.window, ids, rows) });
  }

  /** By a page, however many calls it takes: each reads a share of the queue. What is found is shown at once; long searches pause. */
  async #extend(direction: Direction, wanted = PAGE): Promise<void> {
    const order = direction === "down" ? this.#query.order : reverse(this.#query.order);
    const until = Date.now() + SEARCH_MS;
    for (let left = wanted; left > 0; ) {
      const from = this.#state.window[direction];
      if (from === null || this.#stop.signal.aborted) break;
      const page = await this.#browse(order, from, left);
      left -= page.rows.length;
      this.#searched += page.read;
      const { window } = this.#state;
      const search = page.partial ? { read: this.#searched, reached: page.reached } : null;
      this.#set({ window: direction === "down" ? withBelow(window, page) : withAbove(window, page), searching: search });
      if (search !== null && direction === "down" && Date.now() > until) {
        this.#set({ paused: search });
        break;
      }
    }
    this.#set({ searching: null });
  }

  #browse(order: Order, after: string | undefined, limit: number): Promise<Result<"messages.browse">> {
    const { queue, filter } = this.#query;
    return this.#call("messages.browse", { queue, filter, order, after, limit });
  }

  #call<M extends MethodName>(method: M, params: Params<M>): Promise<Result<M>> {
    return this.#client.call(method, params, { signal: this.#stop.signal });
  }

  /** One thing after the other; what waits already isn't asked for twice. */
  #next(what: string, act: () => Promise<void>): Promise<void> {
    if (this.#waiting.has(what)) return this.#turn;
    this.#waiting.add(what);
    this.#turn = this.#turn.then(async () => {
      this.#waiting.delete(what);
      if (this.#stop.signal.aborted) return;
      if (!QUIET.includes(what)) this.#set({ loading: true });
      try {
        await act();
        this.#set({ loading: false, error: undefined });
      } catch (error) {
        this.#set({ loading: false, error: error instanceof Error ? error : new Error(String(error)) });
      }
    });
    return this.#turn;
  }

  #set(change: Partial<ListState>): void {
    if (this.#stop.signal.aborted) return;
    this.#state = { ...this.#state, ...change };
    this.#tell(this.#state);
  }
}

function reverse(order: Order): Order {
  return order === "newest" ? "oldest" : "newest";
}

function revealed(row: MessageRow | undefined): ListState["reveal"] {
  return row === undefined ? undefined : { key: row.id };
}
