import type { SeekPreview } from "./port/inspect.ts";

/** What a broker knows of a group and a new start for it. */
export interface SeekFacts {
  /** Behind the new start, and not for other groups alone. */
  readonly messages: number;
  /** Not settled by the group, wherever they are. */
  readonly lag: number;
  /** Of those, before the new start. */
  readonly passed: number;
  /** Behind the new start, and settled only in that the group began behind them. */
  readonly unseen: number;
  readonly exact: boolean;
}

export function seekPreviewOf({ messages, lag, passed, unseen, exact }: SeekFacts): SeekPreview {
  const open = Math.max(0, lag - passed);
  return { messages, again: Math.max(0, messages - open - unseen), skipped: passed, exact };
}
