import type { Duration, GroupStart } from "../core/index.ts";
import type { Logger } from "../client/log.ts";

export interface WorkerOptions {
  /** At least one. Each is consumed with its own `concurrency`; one that doesn't exist yet is waited for. */
  readonly queues: readonly string[];
  /** A module with a default export or one named `handler`: JavaScript or TypeScript. Exactly one of `handler` and `exec`. */
  readonly handler?: string | undefined;
  /** A program that is run once a message: a command line, or the program and its arguments. */
  readonly exec?: string | readonly string[] | undefined;
  /** Where `handler` and `exec` are looked up; default: the current folder. */
  readonly cwd?: string | undefined;
  /** Added to the environment of the `exec` program, or of this process for a `handler`. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** As for `connect`. */
  readonly url?: string | undefined;
  /** The login of a `url` on NATS: the password of the user it names, else the text of a .creds file, an nkey's seed, or a token. */
  readonly credentials?: string | undefined;
  readonly group?: string | undefined;
  /** Where a group that doesn't exist yet starts. */
  readonly start?: GroupStart | undefined;
  readonly partition?: string | undefined;
  /** Handle the dead letters of the group instead of its messages: return discards, throw keeps. Ends after the last one. */
  readonly dlq?: boolean | undefined;
  /** Handlers that run at once for a queue; default 1. */
  readonly concurrency?: number | undefined;
  /** Above 1, a `handler` gets an array; an `exec` program still gets one message at a time. Default 1. */
  readonly batch?: number | undefined;
  /** Stop after this many messages. */
  readonly limit?: number | undefined;
  /** Stop when nothing is ready any more. */
  readonly drain?: boolean | undefined;
  /** Only this message, once: debug exactly this one. */
  readonly messageId?: string | undefined;
  /** Length of each lease; renewed while the handler runs. Default: the queue's leaseTime. A bare number is milliseconds. */
  readonly lease?: Duration | undefined;
  /** Shown in lists; default: the name of the handler or program. */
  readonly name?: string | undefined;
  /** Stops as the first SIGINT does: what runs is finished, what wasn't started is released. */
  readonly signal?: AbortSignal | undefined;
  /** Whether SIGINT and SIGTERM stop it (default): the first lets running handlers finish, the second doesn't wait. */
  readonly processSignals?: boolean | undefined;
  /** Lines about each message: id, queue, partition, attempt, duration, outcome. */
  readonly log?: Logger | undefined;
}

export interface WorkerSummary {
  /** Handler runs that ended, whatever the outcome; counted by message. */
  readonly processed: number;
  readonly failed: number;
  readonly reason: "limit" | "drained" | "stopped" | "forced";
}
