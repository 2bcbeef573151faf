import { useEffect, useRef, useState } from "preact/hooks";
import type { QueueLag, QueueRow, Result } from "../../src/protocol/index.ts";
import type { Client } from "../channel/client.ts";

/** A queue, and how far behind its groups are once that is known. */
export type ListedQueue = QueueRow & { readonly lag: QueueLag | undefined };

export interface Queues {
  readonly queues: readonly ListedQueue[];
  /** There are more than were asked for. */
  readonly more: boolean;
  readonly error: Error | undefined;
  readonly loading: boolean;
}

/** Between two readings of the whole list: changes come in bursts. */
const PAUSE_MS = 1000;

/** The first `wanted` queues by name whose names hold `match`, live. */
export function useQueues(client: Client, match: string, wanted: number): Queues {
  const [state, setState] = useState<Queues>({ queues: [], more: false, error: undefined, loading: true });
  const lags = useRef(new Map<string, QueueLag>());
  useEffect(() => {
    const stop = new AbortController();
    const { signal } = stop;
    const change = (next: Partial<Queues>): void => { if (!signal.aborted) setState((last) => ({ ...last, ...next })); };
    const withLags = (rows: readonly QueueRow[]): ListedQueue[] => rows.map((row) => ({ ...row, lag: lags.current.get(row.name) }));
    const read = async (): Promise<void> => {
      const rows: QueueRow[] = [];
      let next: string | null = null;
      do {
        const page: Result<"queue.list"> = await client.call("queue.list", { ...(match === "" ? {} : { match }), ...(next === null ? {} : { after: next }) }, { signal });
        rows.push(...page.queues);
        next = page.next;
      } while (next !== null && rows.length < wanted);
      change({ queues: withLags(rows), more: next !== null, error: undefined, loading: false });
      for (let at = 0; at < rows.length; at += 100) {
        const answer = await client.call("queue.lags", { queues: rows.slice(at, at + 100).map(({ name }) => name) }, { signal });
        for (const lag of answer.lags) lags.current.set(lag.queue, lag);
        change({ queues: withLags(rows) });
      }
    };
    change({ loading: true });
    const ended = repeat(read, (error) => { change({ error, loading: false }); }, signal);
    const unlisten = client.onEvent((event) => { if (event.name === "changed") ended.again(); });
    ended.again();
    return () => {
      unlisten();
      stop.abort();
    };
  }, [client, match, wanted]);
  return state;
}

/** Does it each time that it is asked to, one after the other, with a pause between: asked several times meanwhile, it is done once more. */
function repeat(act: () => Promise<void>, onError: (error: Error) => void, signal: AbortSignal): { again(): void } {
  let wanted = false;
  let running = false;
  const run = async (): Promise<void> => {
    running = true;
    while (wanted && !signal.aborted) {
      wanted = false;
      try {
        await act();
      } catch (error) {
        onError(error instanceof Error ? error : new Error(String(error)));
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    running = false;
  };
  return {
    again: () => {
      wanted = true;
      if (!running) void run();
    },
  };
}
