import { randomInt } from "node:crypto";
import { isQueuescopeError, QueuescopeError } from "../../core/index.ts";
import type { QueueOptions } from "../../core/index.ts";
import { type Api, isApiError, STREAM_NOT_FOUND } from "./api.ts";
import { META_STREAM } from "./subjects.ts";
import type { Subjects } from "./subjects.ts";

const NANO = 1_000_000;
/** The server's own default; a window can't be nothing. */
const LEAST_WINDOW = 120_000;
/** Below it a state stream begins, anywhere. */
const FIRST = 1_000_000;
const NAME_IN_USE = 10_058;
const SUBJECTS_OVERLAP = 10_065;
const NO_PEERS = new Set([10_074, 10_005, 10_052]);

/** Milliseconds for which the server remembers ids of what was pushed. */
export function windowOf({ dedupWindowSeconds }: QueueOptions): number {
  return Math.max(LEAST_WINDOW, dedupWindowSeconds);
}

/** Makes, changes and removes the streams of queues. */
export class Streams {
  readonly #api: Api;
  #replicas: number;

  /** @param replicas copies of each stream; fewer where the cluster hasn't so many servers */
  constructor(api: Api, replicas: number) {
    this.#api = api;
    this.#replicas = replicas;
  }

  /** Whether the log takes atomic batches: servers that don't know them drop that setting. */
  async ensure(subjects: Subjects, options: QueueOptions): Promise<boolean> {
    const state = await this.#ensure(this.#state(subjects));
    try {
      return (await this.#ensure(this.#log(subjects, options))).config["allow_atomic"] === true;
    } catch (error) {
      // A stream of somebody else's is in the way: nothing of ours stays behind.
      if (state.did_create === true) await this.#api.request(`STREAM.DELETE.${subjects.state}`);
      throw error;
    }
  }

  async ensureMeta(): Promise<void> {
    await this.#ensure({ name: META_STREAM, subjects: ["qs-m.>"], description: "Queuescope: definitions of queues, and workers", max_msgs_per_subject: 1, ...COMMON });
  }

  async configure(subjects: Subjects, options: QueueOptions): Promise<void> {
    await this.#api.request(`STREAM.UPDATE.${subjects.log}`, { ...this.#log(subjects, options), num_replicas: this.#replicas });
  }

  async remove(subjects: Subjects): Promise<void> {
    for (const name of [subjects.log, subjects.state]) {
      try {
        // nats-server 2.15 can bring messages back when the stream is made anew before their files are gone.
        await this.#api.purge(name);
        await this.#api.request(`STREAM.DELETE.${name}`);
      } catch (error) {
        if (!isApiError(error, STREAM_NOT_FOUND)) throw error;
      }
    }
  }

  #log(subjects: Subjects, options: QueueOptions): StreamConfig {
    return {
      name: subjects.log, subjects: subjects.all, description: `Queuescope: messages of ${subjects.queue}`, ...COMMON,
      duplicate_window: windowOf(options) * NANO, allow_atomic: true,
    };
  }

  #state(subjects: Subjects): StreamConfig {
    // A commit that is under way while its queue is deleted and made anew must not fit behind one of the new queue's.
    const first_seq = randomInt(1, FIRST);
    return { name: subjects.state, subjects: subjects.allState, description: `Queuescope: state of ${subjects.queue}`, ...COMMON, max_msgs_per_subject: 64, first_seq };
  }

  /** Its settings, as the server has them. */
  async #ensure(config: StreamConfig): Promise<Ensured> {
    try {
      return await this.#api.request<Ensured>(`STREAM.CREATE.${config.name}`, { ...config, num_replicas: this.#replicas });
    } catch (error) {
      if (isApiError(error, NAME_IN_USE)) return this.#checkOurs(config);
      if (isApiError(error, SUBJECTS_OVERLAP)) throw new QueuescopeError("queue-exists", `A stream that isn't Queuescope's takes the subjects ${config.subjects.join(", ")} already. Change its subjects, or choose another name for the queue.`, { cause: error });
      if (this.#replicas > 1 && isQueuescopeError(error) && error.cause instanceof Error && "code" in error.cause && NO_PEERS.has(error.cause.code as number)) {
        this.#replicas = 1;
        return this.#ensure(config);
      }
      throw error;
    }
  }

  /** A stream of that name has other settings: ours of before, ours changed by hand, or somebody else's. */
  async #checkOurs(config: StreamConfig): Promise<Ensured> {
    const { config: there } = await this.#api.streamInfo(config.name);
    const subjects = there["subjects"];
    const takesOurs = Array.isArray(subjects) && config.subjects.every((subject) => subjects.includes(subject));
    if (takesOurs && there["retention"] === "limits") return { config: there };
    throw new QueuescopeError("queue-exists", `There is a stream ${config.name} that isn't as Queuescope makes it: it takes ${JSON.stringify(subjects)} with retention ${String(there["retention"])}. Rename or delete it, or give it back the subjects ${config.subjects.join(", ")} and retention limits.`);
  }
}

interface Ensured {
  readonly config: Readonly<Record<string, unknown>>;
  /** It wasn't there before. */
  readonly did_create?: boolean;
}

interface StreamConfig {
  readonly name: string;
  readonly subjects: readonly string[];
  readonly [setting: string]: unknown;
}

const COMMON = { retention: "limits", storage: "file", discard: "new", max_msgs: -1, max_bytes: -1, max_age: 0, allow_direct: true, deny_delete: false, deny_purge: false } as const;
