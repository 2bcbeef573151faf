import { randomBytes } from "node:crypto";
import { type DeadLetter, invalidInput, type Message, type Payload, payloadText, type PushItem, QueuescopeError, type RedriveRequest, type WorkerInfo } from "../../../../core/index.ts";
import type { Stored } from "../../api.ts";
import type { Decoded, ForeignQueue, Layout, Outgoing, Place } from "../layout.ts";
import { isJson, raw, reason, utf8 } from "../shown.ts";
import type { ConsumerInfo, ForeignStream, Source } from "../source.ts";
import { readTask, type Task, writeTask } from "../task.ts";
import type { Death, Deaths } from "./deaths.ts";

const MOST_SUBJECTS = 1_000;
/** Streams whose last message is looked at, to see whether it is a task. */
const MOST_SNIFFED = 200;

/** Protoqueue: https://github.com/izadoesdev/Protoqueue. Tasks are protobuf; stream and subjects are the user's own. */
export class ProtoqueueLayout implements Layout {
  readonly prefix = "protoqueue:";
  readonly product = "Protoqueue";
  readonly keepsCompleted = true;
  readonly #source: Source;
  readonly #deaths: Deaths;
  /** What was found out about a stream, until it changes. */
  readonly #recognised = new Map<string, { readonly seen: string; readonly is: boolean }>();

  constructor(source: Source, deaths: Deaths) {
    this.#source = source;
    this.#deaths = deaths;
  }

  async queues(): Promise<ForeignQueue[]> {
    const candidates = (await this.#source.streams()).filter(couldBe).slice(0, MOST_SNIFFED);
    const found: ForeignQueue[] = [];
    for (const stream of candidates) {
      if (await this.#isOne(stream)) found.push(...(await this.#queuesOf(stream)));
    }
    if (found.length > 0) this.#deaths.listen();
    return found;
  }

  async find(name: string): Promise<ForeignQueue | undefined> {
    const stream = await this.#streamOf(name);
    return stream === undefined ? undefined : (await this.#queuesOf(stream)).find((queue) => queue.name === name);
  }

  async fresh(name: string): Promise<ForeignQueue> {
    const stream = await this.#streamOf(name);
    const { subject = "" } = parts(name);
    if (stream === undefined) throw new QueuescopeError("queue-not-found", `There is no stream of Protoqueue for ${name}. A queue of Protoqueue is named protoqueue:STREAM/SUBJECT; its stream is made by Protoqueue.`, { queue: name });
    if (/[\s*>]/.test(subject) || !subjectsOf(stream).some((pattern) => matches(pattern, subject))) {
      throw invalidInput("queue", `The stream ${stream.config.name} takes ${subjectsOf(stream).join(", ")}, and ${JSON.stringify(subject)} is none of these.`);
    }
    return queueFor(stream, subject, 0, undefined);
  }

  place(id: string): Place | undefined {
    const [, stream, dead, seq] = /^protoqueue:([^/]+)\/(dead-)?(\d{1,15})$/.exec(id) ?? [];
    return stream === undefined ? undefined : { kind: dead === undefined ? "message" : "dead", stream, seq: Number(seq) };
  }

  idOf(stream: string, seq: number): string {
    return `${this.prefix}${stream}/${seq}`;
  }

  queueOf({ subject }: Stored, stream: string): string {
    return `${this.prefix}${stream}/${subject}`;
  }

  decode({ data, headers }: Stored): Decoded {
    try {
      const task = readTask(data);
      return { payload: payloadOf(task), headers: { ...headers, ...customHeaders(task) }, transactionId: task.id, priority: Math.min(9, Math.max(0, task.priority)), charges: Math.max(0, task.retries), note: null };
    } catch (error) {
      return { payload: raw(data, null).payload, headers, transactionId: null, priority: 0, charges: 0, note: `It isn't a task of Protoqueue: ${reason(error)}.` };
    }
  }

  scheduled(): Promise<Message[]> {
    // Protoqueue has none.
    return Promise.resolve([]);
  }

  scheduledMessage(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  async dead(queue: ForeignQueue, after: string | undefined, limit: number): Promise<{ letters: DeadLetter[]; next: string | null }> {
    const from = after === undefined ? undefined : this.place(after);
    const rest = (await this.#deathsOf(queue)).filter(({ seq }) => from === undefined || from.kind === "scheduled" || seq > from.seq);
    const page = rest.slice(0, limit);
    const letters = await Promise.all(page.map((death) => this.#letter(queue.stream, queue.consumer?.name ?? "default", death)));
    const last = page.at(-1);
    // A task that is gone since leaves no dead letter.
    return { letters: letters.filter((letter) => letter !== undefined), next: rest.length > page.length && last !== undefined ? this.#deadId(queue.stream, last.seq) : null };
  }

  async deadLetter(place: Place): Promise<DeadLetter | undefined> {
    if (place.kind !== "dead") return undefined;
    const stored = await this.#source.at(place.stream, place.seq);
    const queue = stored === undefined ? undefined : await this.find(this.queueOf(stored, place.stream));
    if (queue === undefined) return undefined;
    const death = (await this.#deathsOf(queue)).find(({ seq }) => seq === place.seq);
    return death === undefined ? undefined : await this.#letter(queue.stream, queue.consumer?.name ?? "default", death);
  }

  async deadCount(queue: ForeignQueue): Promise<number> {
    return (await this.#deathsOf(queue)).length;
  }

  async isDead(queue: ForeignQueue, seq: number): Promise<boolean> {
    return (await this.deadMessages(queue)).has(seq);
  }

  async deadMessages(queue: ForeignQueue): Promise<ReadonlySet<number>> {
    return new Set((await this.#deathsOf(queue)).map(({ seq }) => seq));
  }

  encode(queue: ForeignQueue, item: PushItem): Promise<Outgoing> {
    if (item.deliverAt !== undefined) throw new QueuescopeError("unsupported", "A task of Protoqueue can't be scheduled: Protoqueue has no delays. Push it when it is due.", { queue: queue.name });
    return Promise.resolve(outgoing({ id: item.transactionId ?? taskId(), data: dataOf(item.payload), priority: item.priority ?? 0, timestamp: Date.now(), retries: 0, custom: customOf(item.headers ?? {}) }));
  }

  async encodeAgain(_queue: ForeignQueue, letter: DeadLetter, { payload, headers }: Pick<RedriveRequest, "payload" | "headers">): Promise<Outgoing> {
    const place = this.place(letter.id);
    const stored = place === undefined || place.kind === "scheduled" ? undefined : await this.#source.at(place.stream, place.seq);
    let task: Task | undefined;
    try {
      task = stored === undefined ? undefined : readTask(stored.data);
    } catch {
      task = undefined;
    }
    if (task === undefined && payload === undefined) throw new QueuescopeError("corrupt", `The message of ${letter.id} isn't a task of Protoqueue, so pushing it again would fail again. Give its data with --data, or leave it.`);
    return outgoing({
      id: task?.id ?? taskId(),
      data: payload === undefined ? (task?.data ?? new Uint8Array()) : dataOf(payload),
      priority: task?.priority ?? 0,
      timestamp: Date.now(),
      retries: 0,
      custom: headers === undefined ? (task?.custom ?? null) : customOf(headers),
    });
  }

  workers(): Promise<WorkerInfo[]> {
    // Protoqueue's workers leave no trace but their consumer.
    return Promise.resolve([]);
  }

  close(): void {
    this.#deaths.close();
  }

  async #streamOf(name: string): Promise<ForeignStream | undefined> {
    const { stream } = parts(name);
    const found = stream === undefined ? undefined : await this.#source.find(stream);
    return found !== undefined && couldBe(found) && (await this.#isOne(found)) ? found : undefined;
  }

  /** By a durable that is named as Protoqueue names its own, or by its last message. */
  async #isOne(stream: ForeignStream): Promise<boolean> {
    const { name } = stream.config;
    const created = stream.created ?? "";
    const seen = `${created} ${stream.state.last_seq} ${stream.state.consumer_count ?? 0}`;
    const known = this.#recognised.get(name);
    // Once it is one it stays one, unless it is made anew.
    if (known?.seen === seen || (known?.is === true && known.seen.startsWith(`${created} `))) return known.is;
    const is = (await this.#source.consumers(name)).some((consumer) => isDurable(stream, consumer)) || (await this.#holdsTask(stream));
    this.#recognised.set(name, { seen, is });
    return is;
  }

  async #holdsTask({ config, state }: ForeignStream): Promise<boolean> {
    const last = state.messages === 0 ? undefined : await this.#source.at(config.name, state.last_seq);
    if (last === undefined) return false;
    try {
      const { data, timestamp } = readTask(last.data);
      const text = utf8(data);
      return text !== undefined && isJson(text) && timestamp > 1e12;
    } catch {
      return false;
    }
  }

  async #queuesOf(stream: ForeignStream): Promise<ForeignQueue[]> {
    const { name } = stream.config;
    const [{ counts }, consumers] = await Promise.all([this.#source.subjects(name, ">"), this.#source.consumers(name)]);
    const durables = consumers.filter((consumer) => isDurable(stream, consumer));
    const plain = subjectsOf(stream).filter((subject) => !/[*>]/.test(subject));
    const subjects = new Set([...counts.map(([subject]) => subject), ...durables.flatMap(({ config }) => config.filter_subject ?? []), ...plain]);
    const amounts = new Map(counts);
    return [...subjects].sort().slice(0, MOST_SUBJECTS).map((subject) => queueFor(stream, subject, amounts.get(subject) ?? 0, durables.find(({ config }) => config.filter_subject === subject)));
  }

  /** Of tasks that are still stored. */
  async #deathsOf({ stream, consumer }: ForeignQueue): Promise<Death[]> {
    if (consumer === null) return [];
    const [deaths, found] = await Promise.all([this.#deaths.of(stream, consumer.name), this.#source.find(stream)]);
    return deaths.filter(({ seq }) => seq >= (found?.state.first_seq ?? Number.POSITIVE_INFINITY));
  }

  async #letter(stream: string, group: string, death: Death): Promise<DeadLetter | undefined> {
    const stored = await this.#source.at(stream, death.seq);
    if (stored === undefined) return undefined;
    const { payload, headers, transactionId, priority, note } = this.decode(stored);
    const told = death.kind === "exhausted" ? `Given up after ${death.deliveries} deliveries.` : `Terminated by a worker at delivery ${death.deliveries}.`;
    return {
      id: this.#deadId(stream, death.seq),
      messageId: this.idOf(stream, death.seq),
      queue: this.queueOf(stored, stream),
      group,
      partition: null,
      payload,
      headers,
      transactionId: transactionId ?? this.idOf(stream, death.seq),
      priority,
      createdAt: stored.at,
      deadAt: death.at,
      reason: death.kind === "exhausted" ? "retries-exhausted" : "rejected",
      attempts: death.deliveries,
      deliveryCount: death.deliveries,
      error: [death.reason, note].find((text) => text !== null) ?? `${told} Protoqueue keeps no error.`,
      stack: null,
      redriven: [],
    };
  }

  #deadId(stream: string, seq: number): string {
    return `${this.prefix}${stream}/dead-${seq}`;
  }
}

/** Not a bucket or the like, and kept by limits, as Protoqueue makes its streams. */
function couldBe({ config }: ForeignStream): boolean {
  return !/^(KV_|OBJ_|naq_|\$)/.test(config.name) && config["retention"] === "limits";
}

/** `<stream>-<subject with dashes>-consumer` */
function isDurable({ config }: ForeignStream, { name, config: { filter_subject: subject } }: ConsumerInfo): boolean {
  return subject !== undefined && name === `${config.name}-${subject.replaceAll(".", "-")}-consumer`;
}

function subjectsOf({ config }: ForeignStream): readonly string[] {
  return (config["subjects"] as readonly string[] | undefined) ?? [];
}

/** A stream's name has no slash; a subject may have one. */
function parts(name: string): { stream?: string; subject?: string } {
  const [, stream, subject] = /^protoqueue:([^/]+)\/(.+)$/s.exec(name) ?? [];
  return stream === undefined || subject === undefined ? {} : { stream, subject };
}

function queueFor(stream: ForeignStream, subject: string, messages: number, consumer: ConsumerInfo | undefined): ForeignQueue {
  const { max_deliver: deliveries, ack_wait: wait } = consumer?.config ?? {};
  return {
    name: `protoqueue:${stream.config.name}/${subject}`,
    stream: stream.config.name,
    subject,
    messages,
    bytes: stream.state.messages === 0 ? 0 : Math.round((stream.state.bytes * messages) / stream.state.messages),
    createdAt: Date.parse(stream.created ?? "") || 0,
    consumer: consumer ?? null,
    options: { backoff: "fixed", ...(wait === undefined ? {} : { leaseTime: `${Math.round(wait / 1e6)}ms` }), ...(deliveries === undefined || deliveries < 1 ? {} : { retryLimit: deliveries - 1 }) },
  };
}

function matches(pattern: string, subject: string): boolean {
  const [wanted, given] = [pattern.split("."), subject.split(".")];
  if (given.includes("")) return false;
  const rest = wanted.at(-1) === ">";
  if (rest ? given.length < wanted.length : given.length !== wanted.length) return false;
  return wanted.every((token, i) => token === "*" || (token === ">" && rest && i === wanted.length - 1) || token === given[i]);
}

function taskId(): string {
  return randomBytes(16).toString("base64url").slice(0, 21);
}

function payloadOf({ data }: Task): Payload {
  const text = utf8(data);
  if (text === undefined) return { encoding: "bytes", bytes: data };
  return { encoding: isJson(text) ? "json" : "text", bytes: data };
}

/** UTF-8 JSON: text is a JSON string there. @throws invalid-input */
function dataOf(payload: Payload): Uint8Array {
  if (payload.encoding === "bytes") throw invalidInput("data", "A task of Protoqueue holds JSON, so bytes can't be pushed to it. Push base64 in a JSON string, or a reference.");
  return payload.encoding === "json" ? payload.bytes : Buffer.from(JSON.stringify(payloadText(payload)));
}

function outgoing(task: Task): Outgoing {
  return { data: writeTask(task), headers: {}, transactionId: task.id };
}

/** A task's own metadata is what headers are with us. */
function customHeaders({ custom }: Task): Record<string, string> {
  return Object.fromEntries(Object.entries(custom ?? {}).map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)]));
}

function customOf(headers: Readonly<Record<string, string>>): Record<string, unknown> | null {
  return Object.keys(headers).length === 0 ? null : { ...headers };
}
