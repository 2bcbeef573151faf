import { type DeadLetter, type Message, type PushItem, QueuescopeError, type RedriveRequest, type WorkerInfo, invalidInput } from "../../../../core/index.ts";
import type { Stored } from "../../api.ts";
import { entriesOf } from "../bucket.ts";
import type { Decoded, ForeignQueue, Layout, Outgoing, Place } from "../layout.ts";
import type { ConsumerInfo, ForeignStream, Source } from "../source.ts";
import { jobAgain, NAQ_NAME, newJob } from "./jobs.ts";
import { readRecord, textOf, timeOf } from "./records.ts";

const JOBS = "naq_jobs";
const FAILED = "naq_failed_jobs";
const SCHEDULES = "naq_scheduled_jobs";
const WORKERS = "naq_workers";
const QUEUE = "naq.queue.";
const DEAD = "naq.failed.";
const DURABLE = "naq-worker-";

/** Schedules and heartbeats that are looked at. */
const MOST_ENTRIES = 1_000;
/** How long after a heartbeat a worker counts as running: three of NAQ's 15 s. */
const LIVE = 45_000;
const INTERVAL = 15_000;

/** NAQ: https://github.com/legout/naq. Its jobs are in a work queue, its failed jobs in a second stream, the rest in buckets. */
export class NaqLayout implements Layout {
  readonly prefix = "naq:";
  readonly product = "NAQ";
  readonly keepsCompleted = false;
  readonly #source: Source;
  #read: { readonly seen: string; readonly entries: readonly ScheduleEntry[] } | undefined;

  constructor(source: Source) {
    this.#source = source;
  }

  /** Those that hold jobs or failed jobs, and those with a worker. */
  async queues(): Promise<ForeignQueue[]> {
    const stream = await this.#source.find(JOBS);
    if (stream === undefined) return [];
    const [jobs, failed, consumers, schedules] = await Promise.all([
      this.#source.subjects(JOBS, `${QUEUE}*`),
      this.#source.subjects(FAILED, `${DEAD}*`),
      this.#source.consumers(JOBS),
      this.#schedules(),
    ]);
    const counts = new Map(jobs.counts.map(([subject, count]) => [subject.slice(QUEUE.length), count]));
    const names = new Set([
      ...counts.keys(),
      ...failed.counts.map(([subject]) => subject.slice(DEAD.length)),
      ...consumers.flatMap(({ name }) => (name.startsWith(DURABLE) ? [name.slice(DURABLE.length)] : [])),
      ...schedules.flatMap(({ fields }) => textOf(fields["queue_name"]) ?? []),
    ]);
    return [...names].sort().map((name) => queueOf(stream, name, counts.get(name) ?? 0, consumers.find((consumer) => consumer.name === `${DURABLE}${name}`)));
  }

  /** Without looking at the other queues. */
  async find(queue: string): Promise<ForeignQueue | undefined> {
    const name = queue.slice(this.prefix.length);
    const stream = NAQ_NAME.test(name) ? await this.#source.find(JOBS) : undefined;
    if (stream === undefined) return undefined;
    const [jobs, consumer] = await Promise.all([this.#source.count(JOBS, `${QUEUE}${name}`), this.#source.consumer(JOBS, `${DURABLE}${name}`)]);
    const found = queueOf(stream, name, jobs, consumer);
    if (jobs > 0 || consumer !== undefined || (await this.deadCount(found)) > 0 || (await this.scheduled(found)).length > 0) return found;
    return undefined;
  }

  async fresh(queue: string): Promise<ForeignQueue> {
    const name = queue.slice(this.prefix.length);
    if (!NAQ_NAME.test(name)) throw invalidInput("queue", `NAQ's queues have names of letters, digits, _ and -, and ${JSON.stringify(name)} isn't one.`);
    const stream = await this.#source.find(JOBS);
    if (stream === undefined) throw new QueuescopeError("queue-not-found", `There is no NAQ here: the stream ${JOBS} doesn't exist. Its first worker or producer makes it; Queuescope doesn't make streams of others.`, { queue });
    return queueOf(stream, name, 0, undefined);
  }

  place(id: string): Place | undefined {
    const [, kind = "", rest = ""] = /^naq:(job|failed|schedule)-(.+)$/s.exec(id) ?? [];
    if (kind === "schedule") return { kind: "scheduled", key: rest };
    if (kind === "" || !/^\d{1,15}$/.test(rest)) return undefined;
    return kind === "job" ? { kind: "message", stream: JOBS, seq: Number(rest) } : { kind: "dead", stream: FAILED, seq: Number(rest) };
  }

  idOf(stream: string, seq: number): string {
    return `${this.prefix}${stream === FAILED ? "failed" : "job"}-${seq}`;
  }

  queueOf({ subject }: Stored): string {
    return `${this.prefix}${subject.startsWith(DEAD) ? subject.slice(DEAD.length) : subject.slice(QUEUE.length)}`;
  }

  decode({ data, headers }: Stored): Decoded {
    const { payload, fields, note } = readRecord(data);
    const transactionId = textOf(fields["job_id"]);
    return { payload, headers, transactionId, priority: 0, charges: 0, note: note ?? (transactionId === null ? "It isn't a job of NAQ: it has no job_id." : null) };
  }

  async scheduled({ name }: ForeignQueue): Promise<Message[]> {
    const messages = (await this.#schedules()).flatMap((entry) => (`${this.prefix}${textOf(entry.fields["queue_name"]) ?? ""}` === name ? [this.#messageOf(entry)] : []));
    return messages.sort((a, b) => (a.until ?? 0) - (b.until ?? 0) || (a.id < b.id ? -1 : 1));
  }

  async dead(queue: ForeignQueue, after: string | undefined, limit: number): Promise<{ letters: DeadLetter[]; next: string | null }> {
    const from = after === undefined ? undefined : this.place(after);
    let seq = from?.kind === "dead" ? from.seq : 0;
    const letters: DeadLetter[] = [];
    while (letters.length < limit) {
      const stored = await this.#source.next(FAILED, `${DEAD}${queue.name.slice(this.prefix.length)}`, seq + 1);
      if (stored === undefined) return { letters, next: null };
      letters.push(this.#letter(stored));
      seq = stored.seq;
    }
    return { letters, next: this.idOf(FAILED, seq) };
  }

  async deadLetter(place: Place): Promise<DeadLetter | undefined> {
    const stored = place.kind === "dead" ? await this.#source.at(FAILED, place.seq) : undefined;
    return stored === undefined ? undefined : this.#letter(stored);
  }

  deadCount({ name }: ForeignQueue): Promise<number> {
    return this.#source.count(FAILED, `${DEAD}${name.slice(this.prefix.length)}`);
  }

  async isDead(_queue: ForeignQueue, seq: number): Promise<boolean> {
    return (await this.#source.at(FAILED, seq)) !== undefined;
  }

  deadMessages(): Promise<ReadonlySet<number>> {
    // Failed jobs leave the stream of jobs.
    return Promise.resolve(new Set());
  }

  async encode(queue: ForeignQueue, item: PushItem): Promise<Outgoing> {
    await this.#refusePickled(queue);
    if (item.deliverAt !== undefined) throw new QueuescopeError("unsupported", "A job of NAQ can't be scheduled from here: its scheduler reads pickles only, which Queuescope never writes. Push it when it is due, or schedule it with NAQ.", { queue: queue.name });
    return { ...newJob(queue.name.slice(this.prefix.length), item, Date.now()), headers: natsHeaders(item.headers ?? {}) };
  }

  async encodeAgain(queue: ForeignQueue, letter: DeadLetter, { payload, headers }: Pick<RedriveRequest, "payload" | "headers">): Promise<Outgoing> {
    await this.#refusePickled(queue);
    return { ...jobAgain(queue.name.slice(this.prefix.length), letter, payload, Date.now()), headers: natsHeaders(headers ?? {}) };
  }

  async workers(): Promise<WorkerInfo[]> {
    const stream = await this.#source.find(`KV_${WORKERS}`);
    const now = Date.now();
    return (await entriesOf(this.#source, stream, MOST_ENTRIES)).flatMap(({ stored }) => workerOf(stored, now) ?? []);
  }

  close(): void {
    // It holds nothing open.
  }

  /**
   * Workers read one form only, that of NAQ_JOB_SERIALIZER: to those that read pickles a JSON job is garbage, which they
   * throw away. What is in the queue, or failed last, tells which form it is.
   */
  async #refusePickled({ name, subject }: ForeignQueue): Promise<void> {
    const newest = (await this.#source.last(JOBS, subject)) ?? (await this.#source.last(FAILED, `${DEAD}${name.slice(this.prefix.length)}`));
    if (newest === undefined || readRecord(newest.data).format !== "pickle") return;
    throw new QueuescopeError("unsupported", `The jobs of ${name} are pickled, and its workers would throw a JSON job away. Queuescope never writes pickles: set NAQ_JOB_SERIALIZER=json for its producers and workers; once they have worked off what is pickled, push again.`, { queue: name });
  }

  /** Read again only when the bucket has changed: each queue's counts ask for them. */
  async #schedules(): Promise<readonly ScheduleEntry[]> {
    const stream = await this.#source.find(`KV_${SCHEDULES}`);
    const seen = JSON.stringify([stream?.created, stream?.state.last_seq, stream?.state.messages]);
    if (this.#read?.seen !== seen) {
      const entries = await entriesOf(this.#source, stream, MOST_ENTRIES);
      this.#read = { seen, entries: entries.map(({ key, stored }) => ({ key, stored, ...readRecord(stored.data) })) };
    }
    return this.#read.entries;
  }

  async scheduledMessage(key: string): Promise<Message | undefined> {
    const found = (await this.#schedules()).find((entry) => plainKey(entry.key) === key);
    return found === undefined ? undefined : this.#messageOf(found);
  }

  #messageOf({ key, stored, payload, fields, note }: ScheduleEntry): Message {
    const status = textOf(fields["status"]) ?? "active";
    const due = timeOf(fields["next_run_utc"]) ?? timeOf(fields["scheduled_timestamp_utc"]);
    return {
      id: `${this.prefix}schedule-${plainKey(key)}`,
      queue: `${this.prefix}${textOf(fields["queue_name"]) ?? ""}`,
      partition: null,
      payload,
      headers: stored.headers,
      transactionId: textOf(fields["job_id"]) ?? plainKey(key),
      priority: 0,
      createdAt: stored.at,
      expiresAt: null,
      redrivenFrom: null,
      editedAt: null,
      state: "scheduled",
      group: "default",
      charges: typeof fields["schedule_failure_count"] === "number" ? fields["schedule_failure_count"] : 0,
      deliveryCount: 0,
      until: due,
      worker: null,
      lastError: note ?? (status === "active" ? null : `NAQ's schedule is ${status}.`),
    };
  }

  #letter(stored: Stored): DeadLetter {
    const { payload, fields, note } = readRecord(stored.data);
    const id = this.idOf(FAILED, stored.seq);
    const queue = this.queueOf(stored);
    return {
      id,
      messageId: id,
      queue,
      group: `${DURABLE}${queue.slice(this.prefix.length)}`,
      partition: null,
      payload,
      headers: stored.headers,
      transactionId: textOf(fields["job_id"]) ?? id,
      priority: 0,
      createdAt: timeOf(fields["enqueue_time"]) ?? stored.at,
      deadAt: stored.at,
      reason: "retries-exhausted",
      attempts: typeof fields["max_retries"] === "number" ? fields["max_retries"] + 1 : 1,
      deliveryCount: typeof fields["max_retries"] === "number" ? fields["max_retries"] + 1 : 1,
      error: textOf(fields["error"]) ?? note,
      stack: textOf(fields["traceback"]),
      redriven: [],
    };
  }
}

type ScheduleEntry = ReturnType<typeof readRecord> & { readonly key: string; readonly stored: Stored };

/** Older clients wrote bytes as keys, so that a key can be literally `b'<id>'`. */
export function plainKey(key: string): string {
  return /^b'(.*)'$/s.exec(key)?.[1] ?? key;
}

function queueOf(stream: ForeignStream, name: string, messages: number, consumer: ConsumerInfo | undefined): ForeignQueue {
  return {
    name: `naq:${name}`,
    stream: JOBS,
    subject: `${QUEUE}${name}`,
    messages,
    bytes: stream.state.messages === 0 ? 0 : Math.round((stream.state.bytes * messages) / stream.state.messages),
    createdAt: Date.parse(stream.created ?? "") || 0,
    consumer: consumer ?? null,
    options: { retryLimit: 0, backoff: "fixed", ...(consumer?.config.ack_wait === undefined ? {} : { leaseTime: `${Math.round(consumer.config.ack_wait / 1e6)}ms` }) },
  };
}

const STATUS: Readonly<Record<string, WorkerInfo["status"]>> = { starting: "starting", idle: "idle", busy: "busy", stopping: "stopping" };

function workerOf(stored: Stored, now: number): WorkerInfo | undefined {
  const { fields } = readRecord(stored.data);
  const id = textOf(fields["worker_id"]);
  if (id === null) return undefined;
  const queues = fields["queues"];
  const current = textOf(fields["current_job_id"]);
  const at = timeOf(fields["last_heartbeat_utc"]) ?? timeOf(fields["timestamp"]) ?? stored.at;
  return {
    id: `naq:${id}`,
    name: id,
    queues: Array.isArray(queues) ? queues.filter((queue) => typeof queue === "string").map((queue) => `naq:${queue}`) : [],
    group: "naq",
    host: textOf(fields["hostname"]) ?? "",
    pid: typeof fields["pid"] === "number" ? fields["pid"] : 0,
    startedAt: at,
    concurrency: typeof fields["concurrency"] === "number" ? fields["concurrency"] : 1,
    status: STATUS[textOf(fields["status"]) ?? ""] ?? "idle",
    current: current === null ? [] : [current],
    processed: 0,
    failed: 0,
    interval: INTERVAL,
    lastHeartbeatAt: at,
    live: now - at < LIVE,
  };
}

/** Headers that the server acts upon are its own business. @throws invalid-input */
function natsHeaders(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  for (const [name, value] of Object.entries(headers)) {
    if (/^nats-/i.test(name)) throw invalidInput("headers", `The header ${name} is one that NATS acts upon; it can't be pushed.`);
    if (!/^[!-9;-~]+$/.test(name) || /[\r\n]/.test(value)) throw invalidInput("headers", `NATS takes no header ${JSON.stringify(name)} with this value: names are ASCII without blanks and colons, values one line.`);
  }
  return headers;
}
