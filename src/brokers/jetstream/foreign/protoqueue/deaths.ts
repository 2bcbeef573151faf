import type { Subscription } from "@nats-io/transport-node";
import type { Source } from "../source.ts";

/** A task that a worker terminated, or that was delivered as often as its consumer allows. */
export interface Death {
  readonly seq: number;
  readonly at: number;
  readonly deliveries: number;
  readonly kind: "terminated" | "exhausted";
  /** What the worker said, where it said something. */
  readonly reason: string | null;
}

interface Advisory {
  readonly type?: string;
  readonly timestamp?: string;
  readonly stream?: string;
  readonly consumer?: string;
  readonly stream_seq?: number;
  readonly deliveries?: number;
  readonly reason?: string;
}

/** Ours, where somebody asked to keep dead letters. */
const STREAM = "QUEUESCOPE_DEATHS";
const SUBJECT = "$JS.EVENT.ADVISORY.CONSUMER";
const KINDS = ["MSG_TERMINATED", "MAX_DELIVERIES"];
const WEEK_NS = 7 * 24 * 3600 * 1e9;
const MOST_KEPT = 100_000;
/** Of one consumer, in memory. */
const MOST_KNOWN = 10_000;
/** Advisories read in one call. */
const MOST_READ = 2_000;

interface Known {
  readonly deaths: Map<number, Death>;
  /** How far the stream of advisories was read. */
  read: number;
}

/**
 * Deaths are told once, by an advisory that the server keeps nowhere. We listen while we are connected, and read the
 * stream that keeps them where there is one.
 */
export class Deaths {
  readonly #source: Source;
  readonly #replicas: number;
  readonly #known = new Map<string, Known>();
  #subscriptions: Subscription[] | undefined;

  constructor(source: Source, replicas: number) {
    this.#source = source;
    this.#replicas = replicas;
  }

  /** From now on; again and again does nothing. */
  listen(): void {
    this.#subscriptions ??= KINDS.map((kind) => this.#source.api.link.nc.subscribe(`${SUBJECT}.${kind}.*.*`, {
      callback: (error, message) => {
        if (error === null) this.#take(message.data);
      },
    }));
  }

  /** By the task's place in the stream. */
  async of(stream: string, consumer: string): Promise<Death[]> {
    this.listen();
    const known = this.#knownOf(stream, consumer);
    if (await this.kept()) {
      for (let i = 0; i < MOST_READ; i++) {
        const stored = await this.#source.next(STREAM, `${SUBJECT}.*.${stream}.${consumer}`, known.read + 1);
        if (stored === undefined) break;
        known.read = stored.seq;
        this.#take(stored.data);
      }
    }
    return [...known.deaths.values()].sort((a, b) => a.seq - b.seq);
  }

  async kept(): Promise<boolean> {
    return (await this.#source.find(STREAM)) !== undefined;
  }

  async keep(keep: boolean): Promise<void> {
    if (keep === (await this.kept())) return;
    if (!keep) {
      // Emptied first: nats-server 2.15 can bring messages back when it is made anew at once.
      await this.#source.api.purge(STREAM);
      await this.#source.api.request(`STREAM.DELETE.${STREAM}`);
      for (const known of this.#known.values()) known.read = 0;
      return;
    }
    const config = { name: STREAM, description: "Queuescope: what the server tells of terminated and given-up messages", subjects: KINDS.map((kind) => `${SUBJECT}.${kind}.>`), retention: "limits", discard: "old", storage: "file", max_age: WEEK_NS, max_msgs: MOST_KEPT, num_replicas: this.#replicas };
    await this.#source.api.request(`STREAM.CREATE.${STREAM}`, config);
  }

  close(): void {
    for (const subscription of this.#subscriptions ?? []) subscription.unsubscribe();
    this.#subscriptions = undefined;
  }

  #take(data: Uint8Array): void {
    const advisory = readAdvisory(data);
    if (advisory === undefined) return;
    const { deaths } = this.#knownOf(advisory.stream, advisory.consumer);
    deaths.set(advisory.death.seq, advisory.death);
    const [oldest] = deaths.keys();
    if (deaths.size > MOST_KNOWN && oldest !== undefined) deaths.delete(oldest);
  }

  #knownOf(stream: string, consumer: string): Known {
    const key = `${stream}/${consumer}`;
    const known = this.#known.get(key) ?? { deaths: new Map<number, Death>(), read: 0 };
    this.#known.set(key, known);
    return known;
  }
}

/** `undefined` for what isn't one: anybody may publish on these subjects. */
function readAdvisory(data: Uint8Array): { readonly stream: string; readonly consumer: string; readonly death: Death } | undefined {
  let advisory: Advisory | null;
  try {
    advisory = JSON.parse(Buffer.from(data).toString()) as Advisory | null;
  } catch {
    return undefined;
  }
  const { type = "", timestamp = "", stream, consumer, stream_seq: seq, deliveries = 0, reason } = advisory ?? {};
  if (stream === undefined || consumer === undefined || typeof seq !== "number") return undefined;
  const kind = type.endsWith(".terminated") ? "terminated" : "exhausted";
  return { stream, consumer, death: { seq, at: Date.parse(timestamp) || Date.now(), deliveries, kind, reason: reason ?? null } };
}
