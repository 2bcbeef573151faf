import type { MessageState } from "../message.ts";
import type { QueueOptions, QueueOptionsInput } from "../options.ts";
import type { Instant } from "../time.ts";
import type { Page, PageRequest } from "./page.ts";

export interface Queues {
  /** (changes) @throws queue-exists */
  create(name: string, options?: QueueOptionsInput): Promise<QueueInfo>;
  /** (changes) Merges: absent keeps, null resets. @throws queue-not-found, invalid-input */
  configure(name: string, options: QueueOptionsInput): Promise<QueueInfo>;
  /** In name order. `match` is a part of the name, any case. */
  list(request?: PageRequest & { readonly match?: string | undefined; readonly namespace?: string | undefined; readonly task?: string | undefined }): Promise<Page<QueueInfo>>;
  /** @throws queue-not-found */
  get(name: string): Promise<QueueInfo>;
  /** (changes) With its messages, dead letters, groups and traces. @throws queue-not-found */
  delete(name: string): Promise<void>;
  /** (changes) Pops give nothing while paused; pushes and settlements go on. */
  pause(name: string): Promise<void>;
  /** (changes) */
  resume(name: string): Promise<void>;
}

export interface QueueInfo {
  readonly name: string;
  readonly options: QueueOptions;
  readonly paused: boolean;
  readonly createdAt: Instant;
  /** Of group `default`, whether or not it was ever popped. */
  readonly counts: StateCounts;
}

export type StateCounts = Readonly<Record<MessageState, number>>;
