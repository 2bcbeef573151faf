import type { Instant } from "../time.ts";

export interface Workers {
  /** (changes) Adds or refreshes; a worker is live for 3 intervals after its last heartbeat. */
  heartbeat(worker: WorkerState): Promise<void>;
  /** Live ones first, then those that stopped without a word, for an hour. */
  list(): Promise<WorkerInfo[]>;
  /** (changes) Signed off. */
  remove(id: string): Promise<void>;
  /** (changes) Renews all its live leases; answers how many. */
  renewLeases(id: string, lease?: number): Promise<number>;
  /** (changes) Releases all its live leases, uncharged; answers how many messages. */
  releaseLeases(id: string): Promise<number>;
}

export interface WorkerState {
  readonly id: string;
  readonly name: string;
  readonly queues: readonly string[];
  readonly group: string;
  readonly host: string;
  readonly pid: number;
  readonly startedAt: Instant;
  readonly concurrency: number;
  readonly status: "starting" | "idle" | "busy" | "stopping" | "debugging";
  /** Ids of the messages it works on. */
  readonly current: readonly string[];
  readonly processed: number;
  readonly failed: number;
  /** Milliseconds between heartbeats. */
  readonly interval: number;
}

export interface WorkerInfo extends WorkerState {
  readonly lastHeartbeatAt: Instant;
  readonly live: boolean;
}
