import { type BucketEntry, instant, invalidInput, type Page, type PageRequest, QueuescopeError, type StreamConsumer, type StreamDetails, type StreamKind, type StreamMessage, type Streams, type StreamSummary, type SubjectCount } from "../../../core/index.ts";
import type { Stored } from "../api.ts";
import { keyPrefix, operationOf } from "./bucket.ts";
import { plainKey } from "./naq/layout.ts";
import { readRecord } from "./naq/records.ts";
import type { Deaths } from "./protoqueue/deaths.ts";
import { type Shown, shown } from "./shown.ts";
import { type ConsumerInfo, type ForeignStream, notThere, type Source } from "./source.ts";

const MOST_BYTES = 8 * 1024 * 1024;

/** The facet `streams` of the port. */
export function streamsFacet(source: Source, deaths: Deaths, readOnly: boolean): Streams {
  /** Of a stream's or a bucket's name. */
  const found = async (name: string): Promise<ForeignStream> => {
    const stream = (await source.find(`KV_${name}`)) ?? (await source.find(name));
    if (stream === undefined) throw notThere(name);
    return stream;
  };
  return {
    list: async ({ match, kind, ...request } = {}) => {
      const wanted = (match ?? "").toLowerCase();
      const all = (await source.streams()).map(summaryOf).filter((summary) => (kind === undefined || summary.kind === kind) && [summary.name, ...summary.subjects].some((text) => text.toLowerCase().includes(wanted)));
      return pageOf(all, request, ({ stream }) => stream);
    },
    get: async (name) => detailsOf(await found(name)),
    subjects: async (name, { match, ...request } = {}) => {
      const { config } = await found(name);
      return await subjectPage(source, config.name, ">", request, match);
    },
    consumers: async (name, request = {}) => {
      const { config } = await found(name);
      return pageOf((await source.consumers(config.name)).map(consumerOf), request, (consumer) => consumer.name);
    },
    messages: async (name, { subject = ">", ...request } = {}) => {
      if (!/^[^\s]+$/.test(subject) || subject.split(".").includes("")) throw invalidInput("subject", `subject must be a NATS subject such as orders.*, but is ${JSON.stringify(subject)}.`);
      const { config } = await found(name);
      return await messagePage(source, config.name, subject, request);
    },
    message: async (name, sequence) => {
      const { config } = await found(name);
      const stored = Number.isSafeInteger(sequence) && sequence > 0 ? await source.at(config.name, sequence) : undefined;
      if (stored === undefined) throw new QueuescopeError("message-not-found", `${config.name} has no message ${sequence}.`);
      return messageOf(config.name, stored);
    },
    keys: async (bucket, { match, ...request } = {}) => {
      const { config } = await bucketOf(found, bucket);
      const prefix = keyPrefix(config.name.slice("KV_".length));
      const { items, next } = await subjectPage(source, config.name, `${prefix}>`, request, match, prefix.length);
      return { items: items.map(({ subject }) => subject.slice(prefix.length)), next };
    },
    value: async (bucket, key) => {
      const { config } = await bucketOf(found, bucket);
      const name = config.name.slice("KV_".length);
      if (key === "" || /\s|[*>]/.test(key)) throw invalidInput("key", `${JSON.stringify(key)} can't be a key of a bucket.`);
      for (const candidate of name.startsWith("naq_") ? [key, `b'${key}'`] : [key]) {
        const stored = await source.last(config.name, `${keyPrefix(name)}${candidate}`);
        if (stored !== undefined) return entryOf(config.name, name, candidate, stored);
      }
      throw new QueuescopeError("message-not-found", `The bucket ${name} has no key ${JSON.stringify(key)}.`);
    },
    keepsDeadLetters: () => deaths.kept(),
    keepDeadLetters: async (keep) => {
      if (readOnly) throw new QueuescopeError("read-only", "This connection is read-only, so no stream for dead letters can be made or deleted.");
      await deaths.keep(keep);
    },
  };
}

async function bucketOf(found: (name: string) => Promise<ForeignStream>, bucket: string): Promise<ForeignStream> {
  const stream = await found(bucket);
  if (kindOf(stream.config.name) !== "bucket") throw invalidInput("bucket", `${bucket} is a stream, not a key-value bucket. Look at its messages instead.`);
  return stream;
}

async function subjectPage(source: Source, stream: string, filter: string, { after, limit }: PageRequest, match = "", skipped = 0): Promise<Page<SubjectCount>> {
  const size = pageSize(limit);
  const offset = after === undefined ? 0 : sequenceOf(after);
  const { counts, total } = await source.subjects(stream, filter, offset);
  const items: SubjectCount[] = [];
  let read = 0;
  for (const [subject, messages] of counts) {
    if (items.length === size) break;
    read += 1;
    if (subject.slice(skipped).toLowerCase().includes(match.toLowerCase())) items.push({ subject, messages });
  }
  return { items, next: offset + read < total && read > 0 ? String(offset + read) : null };
}

async function messagePage(source: Source, stream: string, subject: string, { after, limit }: PageRequest): Promise<Page<StreamMessage>> {
  const size = pageSize(limit);
  const items: StreamMessage[] = [];
  let [at, bytes] = [after === undefined ? 0 : sequenceOf(after), 0];
  while (items.length < size && bytes < MOST_BYTES) {
    const stored = await source.next(stream, subject, at + 1);
    if (stored === undefined) return { items, next: null };
    items.push(messageOf(stream, stored));
    at = stored.seq;
    bytes += stored.data.byteLength;
  }
  return { items, next: String(at) };
}

function sequenceOf(after: string): number {
  if (!/^\d{1,15}$/.test(after)) throw invalidInput("after", `after must be what the page before gave as next, but is ${JSON.stringify(after)}.`);
  return Number(after);
}

/** All are there already; `after` is the key of the last one shown. */
function pageOf<T>(all: readonly T[], { after, limit }: PageRequest, keyOf: (item: T) => string): Page<T> {
  const size = pageSize(limit);
  const rest = after === undefined ? all : all.filter((item) => keyOf(item) > after);
  const items = rest.slice(0, size);
  const last = items.at(-1);
  return { items, next: rest.length > size && last !== undefined ? keyOf(last) : null };
}

function pageSize(limit = 100): number {
  if (!Number.isInteger(limit) || limit < 1 || limit > 1_000) throw invalidInput("limit", `limit must be a whole number from 1 to 1000, but is ${String(limit)}.`);
  return limit;
}

function kindOf(stream: string): StreamKind {
  return stream.startsWith("KV_") ? "bucket" : stream.startsWith("OBJ_") ? "objects" : "stream";
}

function summaryOf({ config, state, created }: ForeignStream): StreamSummary {
  const kind = kindOf(config.name);
  return {
    name: kind === "stream" ? config.name : config.name.replace(/^(KV_|OBJ_)/, ""),
    kind,
    stream: config.name,
    subjects: (config["subjects"] as readonly string[] | undefined) ?? [],
    messages: state.messages,
    bytes: state.bytes,
    consumers: state.consumer_count ?? 0,
    createdAt: Date.parse(created ?? "") || 0,
  };
}

function detailsOf(stream: ForeignStream): StreamDetails {
  const { config, state } = stream;
  const text = (name: string): string => (typeof config[name] === "string" ? config[name] : "");
  const age = typeof config["max_age"] === "number" ? config["max_age"] : 0;
  return {
    ...summaryOf(stream),
    description: text("description") || null,
    retention: text("retention"),
    storage: text("storage"),
    replicas: typeof config["num_replicas"] === "number" ? config["num_replicas"] : 1,
    maxAge: age > 0 ? age / 1e6 : null,
    firstSequence: state.first_seq,
    lastSequence: state.last_seq,
    subjectCount: state.num_subjects ?? 0,
  };
}

function consumerOf(info: ConsumerInfo): StreamConsumer {
  const { config, delivered, ack_floor: floor } = info;
  const filters = config.filter_subjects ?? (config.filter_subject === undefined ? [] : [config.filter_subject]);
  return {
    name: info.name,
    durable: config.durable_name !== undefined,
    filters,
    pending: info.num_pending,
    ackPending: info.num_ack_pending,
    redelivered: info.num_redelivered,
    waiting: info.num_waiting,
    delivered: delivered.stream_seq,
    ackFloor: floor.stream_seq,
    ackWait: config.ack_wait === undefined ? null : config.ack_wait / 1e6,
    maxDeliver: config.max_deliver === undefined || config.max_deliver < 1 ? null : config.max_deliver,
    paused: info.paused === true,
    lastActiveAt: delivered.last_active === undefined ? null : instant(new Date(delivered.last_active), "last_active"),
  };
}

function messageOf(stream: string, { seq, subject, at, headers, data }: Stored): StreamMessage {
  return { stream, sequence: seq, subject, at, headers, ...readable(stream, data) };
}

function entryOf(stream: string, bucket: string, key: string, stored: Stored): BucketEntry {
  return { ...messageOf(stream, stored), bucket, key: bucket.startsWith("naq_") ? plainKey(key) : key, operation: operationOf(stored) };
}

/** What NAQ stores has pickles within pickles. */
function readable(stream: string, data: Uint8Array): Shown {
  if (!/^(KV_)?naq_/.test(stream)) return shown(data);
  const { payload, format, note } = readRecord(data);
  return { payload, format, note };
}
