import type { Msg } from "@nats-io/transport-node";
import { QueuescopeError } from "../../../core/index.ts";
import { type Api, isApiError, PATIENCE, type Stored, STREAM_NOT_FOUND, type StreamInfo } from "../api.ts";

/** What the server says of a consumer, as far as we look. */
export interface ConsumerInfo {
  readonly name: string;
  readonly stream_name: string;
  readonly config: {
    readonly durable_name?: string;
    readonly filter_subject?: string;
    readonly filter_subjects?: readonly string[];
    /** Nanoseconds. */
    readonly ack_wait?: number;
    readonly max_deliver?: number;
  };
  readonly delivered: { readonly consumer_seq: number; readonly stream_seq: number; readonly last_active?: string };
  readonly ack_floor: { readonly consumer_seq: number; readonly stream_seq: number };
  readonly num_ack_pending: number;
  readonly num_redelivered: number;
  readonly num_waiting: number;
  readonly num_pending: number;
  readonly paused?: boolean;
}

/** A stream as `STREAM.LIST` and `STREAM.INFO` give it. */
export interface ForeignStream extends StreamInfo {
  readonly created?: string;
  readonly state: StreamInfo["state"] & { readonly consumer_count?: number };
}

/** Streams of Queuescope's own. */
const OURS = /^(QS_|QSS_|QUEUESCOPE)/;

/** Names that JetStream takes; others would end up in another subject of its API. */
const STREAM_NAME = /^[^\s.*>/\\]+$/;

/** Reads streams of others: no consumer, no ack, nothing that changes anything. */
export class Source {
  readonly api: Api;
  /** Streams that answer reads without their leader; learnt when they are listed. */
  readonly #direct = new Set<string>();

  constructor(api: Api) {
    this.api = api;
  }

  /** All of others', in name order. */
  async streams(): Promise<ForeignStream[]> {
    const all = await this.#pages<ForeignStream>("STREAM.LIST", "streams");
    const foreign = all.filter(({ config }) => !OURS.test(config.name));
    for (const { config } of foreign) this.#note(config);
    return foreign.sort((a, b) => (a.config.name < b.config.name ? -1 : 1));
  }

  /** @throws queue-not-found */
  async stream(name: string): Promise<ForeignStream> {
    const found = await this.find(name);
    if (found === undefined) throw notThere(name);
    return found;
  }

  async find(name: string): Promise<ForeignStream | undefined> {
    if (!STREAM_NAME.test(name)) return undefined;
    const found = await orMissing(this.api.streamInfo(name) as Promise<ForeignStream>);
    if (found !== undefined) this.#note(found.config);
    return found;
  }

  /** By name. */
  async consumers(stream: string): Promise<ConsumerInfo[]> {
    const all = await orMissing(this.#pages<ConsumerInfo>(`CONSUMER.LIST.${stream}`, "consumers"));
    return (all ?? []).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  consumer(stream: string, name: string): Promise<ConsumerInfo | undefined> {
    return orMissing(this.api.request<ConsumerInfo>(`CONSUMER.INFO.${stream}.${name}`));
  }

  /** Counts by subject from `offset` on, as many as the server gives at once (100,000), and whether there are more. */
  async subjects(stream: string, filter: string, offset = 0): Promise<{ counts: [string, number][]; total: number }> {
    const info = await orMissing(this.api.streamInfo(stream, { subjects_filter: filter, offset }));
    const counts = Object.entries(info?.state.subjects ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
    return { counts, total: info?.total ?? counts.length };
  }

  async count(stream: string, subject: string): Promise<number> {
    return (await this.subjects(stream, subject)).counts.reduce((sum, [, count]) => sum + count, 0);
  }

  at(stream: string, seq: number): Promise<Stored | undefined> {
    return this.#read(stream, { seq });
  }

  /** The first of `subject` at or after `seq`. */
  next(stream: string, subject: string, seq: number): Promise<Stored | undefined> {
    return this.#read(stream, { seq, next_by_subj: subject });
  }

  last(stream: string, subject: string): Promise<Stored | undefined> {
    return this.#read(stream, { last_by_subj: subject });
  }

  async #read(stream: string, which: { seq: number; next_by_subj?: string } | { last_by_subj: string }): Promise<Stored | undefined> {
    return await orMissing(this.#direct.has(stream) ? this.#readDirect(stream, which) : this.api.read(stream, which));
  }

  /** Where the stream allows it: any replica answers, and the payload comes as it is. */
  async #readDirect(stream: string, which: { seq: number; next_by_subj?: string } | { last_by_subj: string }): Promise<Stored | undefined> {
    const subject = `${this.api.link.prefix}.DIRECT.GET.${stream}`;
    let answer: Msg;
    try {
      answer = await this.api.link.nc.request(subject, JSON.stringify(which), { timeout: PATIENCE });
    } catch (cause) {
      throw this.api.link.failure(cause, subject);
    }
    const { headers } = answer;
    if (headers?.get("Nats-Sequence") === undefined || headers.get("Nats-Sequence") === "") {
      if (headers?.code === 404) return undefined;
      throw new QueuescopeError("unavailable", `The stream ${stream} couldn't be read (${headers?.code ?? 0} ${headers?.description ?? "no answer"}). Try again.`);
    }
    const own = headers.keys().filter((name) => !DIRECT_HEADERS.has(name));
    return {
      seq: Number(headers.get("Nats-Sequence")),
      subject: headers.get("Nats-Subject"),
      at: Date.parse(headers.get("Nats-Time-Stamp")),
      headers: Object.fromEntries(own.map((name) => [name, headers.values(name).join(", ")])),
      data: answer.data,
    };
  }

  #note(config: Readonly<Record<string, unknown>> & { readonly name: string }): void {
    if (config["allow_direct"] === true) this.#direct.add(config.name);
    else this.#direct.delete(config.name);
  }

  async #pages<T>(subject: string, field: string): Promise<T[]> {
    const found: T[] = [];
    for (;;) {
      const page = await this.api.request<Readonly<Record<string, unknown>>>(subject, { offset: found.length });
      const items = (page[field] as readonly T[] | null | undefined) ?? [];
      found.push(...items);
      if (items.length === 0 || found.length >= Number(page["total"] ?? 0)) return found;
    }
  }
}

const DIRECT_HEADERS = new Set(["Nats-Stream", "Nats-Subject", "Nats-Sequence", "Nats-Time-Stamp", "Nats-Num-Pending", "Nats-Last-Sequence"]);

export function notThere(name: string): QueuescopeError {
  return new QueuescopeError("queue-not-found", `There is no stream or bucket ${JSON.stringify(name)}. See what there is with: queuescope streams list`);
}

const CONSUMER_NOT_FOUND = 10_014;

async function orMissing<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (isApiError(error, STREAM_NOT_FOUND) || isApiError(error, CONSUMER_NOT_FOUND)) return undefined;
    throw error;
  }
}
