/** Streams, consumers and buckets as NAQ and Protoqueue make them, on a real nats-server. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Api } from "../../src/brokers/jetstream/api.ts";
import { openConnection, type NatsHandle } from "../../src/brokers/jetstream/connection/index.ts";
import { type Foreign, openForeign } from "../../src/brokers/jetstream/foreign/index.ts";
import { Publisher } from "../../src/brokers/jetstream/publisher.ts";
import { until } from "./until.ts";

const SECOND = 1_000_000_000;

export function naqPickle(name: string): Uint8Array {
  return readFileSync(join(import.meta.dirname, "..", "fixtures", "naq", `${name}.pickle`));
}

/** A connection with what the broker builds on it. */
export class ForeignWorld implements AsyncDisposable {
  readonly handle: NatsHandle;
  readonly api: Api;
  readonly foreign: Foreign;
  readonly #publisher: Publisher;

  private constructor(handle: NatsHandle, readOnly: boolean) {
    this.handle = handle;
    this.api = new Api(handle);
    this.#publisher = new Publisher(handle);
    this.foreign = openForeign(this.api, this.#publisher, { readOnly });
  }

  static async open(url: string, { readOnly = false }: { readonly readOnly?: boolean } = {}): Promise<ForeignWorld> {
    return new ForeignWorld(await openConnection({ url }), readOnly);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.foreign.close();
    this.#publisher.close();
    await this.handle.close();
  }

  makeStream(name: string, subjects: readonly string[], more: object = {}): Promise<unknown> {
    return this.api.request(`STREAM.CREATE.${name}`, { name, subjects, storage: "file", ...more });
  }

  makeDurable(stream: string, name: string, filter: string, more: object = {}): Promise<unknown> {
    return this.api.request(`CONSUMER.DURABLE.CREATE.${stream}.${name}`, { stream_name: stream, config: { durable_name: name, filter_subject: filter, ack_policy: "explicit", deliver_policy: "all", ...more } });
  }

  makeBucket(name: string): Promise<unknown> {
    return this.makeStream(`KV_${name}`, [`$KV.${name}.>`], { max_msgs_per_subject: 1, allow_rollup_hdrs: true, deny_delete: true, allow_direct: true, discard: "new" });
  }

  put(bucket: string, key: string, value: Uint8Array | string): Promise<number> {
    return this.store(`$KV.${bucket}.${key}`, value);
  }

  async store(subject: string, data: Uint8Array | string, headers: Readonly<Record<string, string>> = {}): Promise<number> {
    return (await this.#publisher.publish({ subject, data, headers })).seq;
  }

  /** The streams and the durable of a NAQ worker for the queue `mails`. */
  async makeNaq(): Promise<void> {
    await this.makeStream("naq_jobs", ["naq.queue.*"], { retention: "workqueue" });
    await this.makeStream("naq_failed_jobs", ["naq.failed.*"], { retention: "workqueue" });
    await this.makeDurable("naq_jobs", "naq-worker-mails", "naq.queue.mails", { ack_wait: 60 * SECOND, max_deliver: -1 });
    for (const bucket of ["naq_scheduled_jobs", "naq_results", "naq_workers", "naq_job_status"]) await this.makeBucket(bucket);
  }

  /** The stream and the durable of a Protoqueue for `tasks.mail`. */
  async makeProtoqueue(stream = "tasks"): Promise<void> {
    await this.makeStream(stream, [`${stream}.>`], { max_age: 3600 * SECOND, retention: "limits" });
    await this.makeDurable(stream, `${stream}-${stream}-mail-consumer`, `${stream}.mail`, { ack_wait: 30 * SECOND, max_deliver: 4 });
  }

  /** What a worker does with the next messages of a consumer: `+ACK`, `+TERM`, or nothing. */
  async work(stream: string, consumer: string, answers: readonly (string | null)[]): Promise<void> {
    const { nc } = this.handle;
    const inbox = this.handle.inbox();
    const subscription = nc.subscribe(inbox, { max: answers.length });
    nc.publish(`$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`, JSON.stringify({ batch: answers.length, expires: 10 * SECOND }), { reply: inbox });
    let taken = 0;
    for await (const message of subscription) {
      const answer = answers[taken];
      taken += 1;
      if (answer !== null && answer !== undefined) message.respond(answer);
    }
    await nc.flush();
    const acknowledged = answers.filter((answer) => answer !== null).length;
    // The server works off acknowledgements after it has answered.
    await until("the acknowledgements", async () => {
      const info = await this.api.request<{ num_ack_pending: number }>(`CONSUMER.INFO.${stream}.${consumer}`);
      return info.num_ack_pending === answers.length - acknowledged;
    });
  }

  /** Everything that a look must not change: configurations, messages, consumers and how far they are. */
  async snapshot(): Promise<string> {
    const { streams } = await this.api.request<{ streams: readonly { readonly config: { readonly name: string }; readonly state: object }[] }>("STREAM.LIST");
    const parts = await Promise.all(streams.map(async ({ config, state }) => {
      const { consumers } = await this.api.request<{ consumers: readonly Readonly<Record<string, unknown>>[] | null }>(`CONSUMER.LIST.${config.name}`);
      return { config, state, consumers: (consumers ?? []).map((consumer) => ({ ...consumer, ts: undefined })) };
    }));
    return JSON.stringify(parts, null, 1);
  }
}
