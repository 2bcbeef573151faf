import type { Publisher } from "../publisher.ts";
import type { Source } from "./source.ts";

/** What a dead letter of another system was redriven to. */
export interface Mark {
  readonly queue: string;
  readonly messageId: string;
  readonly at: number;
}

/** Ours, made by the first redrive: the other systems' streams have no place for it. */
const STREAM = "QUEUESCOPE_REDRIVEN";
const MOST = 100_000;

function subjectOf(queue: string, id: string): string {
  return `QUEUESCOPE.redriven.${token(queue)}.${token(id)}`;
}

function token(text: string): string {
  return Buffer.from(text).toString("base64url");
}

/** Which dead letters of other systems were redriven, and to what. */
export class Marks {
  readonly #source: Source;
  readonly #publisher: Publisher;
  readonly #replicas: number;

  constructor(source: Source, publisher: Publisher, replicas: number) {
    this.#source = source;
    this.#publisher = publisher;
    this.#replicas = replicas;
  }

  /** The latest of each; `undefined` where there is none. */
  async of(queue: string, ids: readonly string[]): Promise<(Mark | undefined)[]> {
    if (ids.length === 0 || (await this.#source.find(STREAM)) === undefined) return ids.map(() => undefined);
    return await Promise.all(ids.map(async (id) => {
      const stored = await this.#source.last(STREAM, subjectOf(queue, id));
      return stored === undefined ? undefined : (JSON.parse(Buffer.from(stored.data).toString()) as Mark);
    }));
  }

  /** Ids of a queue's dead letters that were redriven. */
  async ids(queue: string): Promise<string[]> {
    const { counts } = await this.#source.subjects(STREAM, `QUEUESCOPE.redriven.${token(queue)}.*`);
    return counts.map(([subject]) => Buffer.from(subject.slice(subject.lastIndexOf(".") + 1), "base64url").toString());
  }

  async set(queue: string, id: string, mark: Mark): Promise<void> {
    const message = { subject: subjectOf(queue, id), data: JSON.stringify(mark), headers: { "Nats-Expected-Stream": STREAM } };
    if ((await this.#source.find(STREAM)) === undefined) await this.#make();
    await this.#publisher.publish(message);
  }

  async #make(): Promise<void> {
    const config = { name: STREAM, description: "Queuescope: which dead letters of other systems were redriven", subjects: ["QUEUESCOPE.redriven.>"], retention: "limits", discard: "old", storage: "file", max_msgs: MOST, max_msgs_per_subject: 1, num_replicas: this.#replicas };
    await this.#source.api.request(`STREAM.CREATE.${STREAM}`, config);
  }
}

