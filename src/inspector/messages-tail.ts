import type { Broker, Message } from "../core/index.ts";
import type { MessageFilter } from "../protocol/index.ts";
import type { Handlers } from "./handlers.ts";
import { messageRow } from "./messages-row.ts";

/** Messages counted by one call. */
const MOST_COUNTED = 1000;

/** What enters a queue, asked for as often as the page can take it: nothing is pushed to a page that is busy. */
export const messageTailHandlers = {
  "messages.latest": async ({ queue }, { broker }) => ({ cursor: await latest(broker, queue, null) }),

  "messages.tail": async ({ queue, filter, cursor, limit, wait }, { broker, signal }) => {
    // Whatever enters from here on is told, however long the reading takes.
    using changes = new ChangeWaiter(broker, signal, wait);
    for (let at = cursor; ; ) {
      const found = await entered(broker, queue, filter, at, limit);
      if (found.messages.length > 0 || found.more || !(await changes.next())) return { rows: found.messages.map(messageRow), cursor: found.cursor, more: found.more };
      at = found.cursor;
    }
  },

  "messages.newer": async ({ queue, filter, cursor }, { broker }) => {
    const found = await entered(broker, queue, filter, cursor, MOST_COUNTED);
    return { count: found.messages.length, cursor: found.cursor, more: found.more };
  },
} satisfies Handlers<"messages.latest" | "messages.tail" | "messages.newer">;

interface Entered {
  readonly messages: readonly Message[];
  /** Behind what was looked at. */
  readonly cursor: string | null;
  /** Not everything was: there may be others behind the cursor. */
  readonly more: boolean;
}

/** What matches of what entered behind the cursor, in order; nothing of it twice, and nothing left out. */
async function entered(broker: Broker, queue: string, filter: MessageFilter, cursor: string | null, limit: number): Promise<Entered> {
  // Known before the reading: without a match, everything up to here was looked at.
  const last = isConditional(filter) ? await latest(broker, queue, cursor) : cursor;
  const { items, next } = await broker.inspect.browse(queue, { ...filter, state: undefined, scheduled: false, limit, after: cursor ?? undefined });
  return { messages: items, cursor: next ?? items.at(-1)?.id ?? last, more: next !== null };
}

function isConditional({ match, partition, from, to }: MessageFilter): boolean {
  return [match, partition, from, to].some((condition) => condition !== undefined);
}

/** The message that entered last; `otherwise` where there is none. */
async function latest(broker: Broker, queue: string, otherwise: string | null): Promise<string | null> {
  const { items } = await broker.inspect.browse(queue, { scheduled: false, order: "newest", limit: 1 });
  return items[0]?.id ?? otherwise;
}

/** Waits for the broker's next change, of which one that came while nobody waited counts as well. */
class ChangeWaiter implements Disposable {
  readonly #watch: Disposable;
  readonly #timer: NodeJS.Timeout;
  readonly #signal: AbortSignal;
  readonly #end = (): void => {
    this.#ended = true;
    this.#wake();
  };
  #changed = false;
  #ended = false;
  #wake: () => void = () => undefined;

  constructor(broker: Broker, signal: AbortSignal, ms: number) {
    this.#watch = broker.watch(() => {
      this.#changed = true;
      this.#wake();
    });
    this.#signal = signal;
    signal.addEventListener("abort", this.#end);
    this.#timer = setTimeout(this.#end, ms);
  }

  /** False once the time is over, or nobody wants to know any more. */
  async next(): Promise<boolean> {
    if (!this.#changed && !this.#ended) await new Promise<void>((resolve) => { this.#wake = resolve; });
    this.#changed = false;
    return !this.#ended;
  }

  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]();
    clearTimeout(this.#timer);
    this.#signal.removeEventListener("abort", this.#end);
  }
}
