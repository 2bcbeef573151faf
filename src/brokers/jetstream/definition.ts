import type { Instant, QueueOptions } from "../../core/index.ts";

/** A queue, as all its users see it. */
export interface Definition {
  readonly v: 1;
  /** Given at its making, never used again: part of the ids of its messages. */
  readonly id: string;
  readonly name: string;
  readonly options: QueueOptions;
  readonly paused: boolean;
  readonly createdAt: Instant;
  /** Bit n: messages of priority n exist or existed. */
  readonly priorities: number;
  /** Messages with a ttl exist or existed: somebody has to look for those that are over. */
  readonly expires?: true;
  /** Its log takes atomic batches: the server said so when it was made. */
  readonly atomic?: true;
  /** It is being deleted: who meets it finishes that. */
  readonly deleted?: true;
}

/** Priorities of a queue, the highest first. */
export function prioritiesOf({ priorities }: Definition): number[] {
  return [9, 8, 7, 6, 5, 4, 3, 2, 1, 0].filter((n) => n === 0 || (priorities & (1 << n)) !== 0);
}
