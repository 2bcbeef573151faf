import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Msg } from "@nats-io/transport-node";
import { isQueuescopeError, QueuescopeError } from "../../core/index.ts";
import { apiFailure } from "./api-errors.ts";
import { Lost, type NatsHandle } from "./connection/index.ts";
import { LogMessage } from "./message.ts";

/** What the engine needs of a connection. */
export type Link = Pick<NatsHandle, "nc" | "prefix" | "inbox" | "headers" | "failure" | "onViolation" | "onStatus" | "status" | "exchange" | "connected">;

/** A message as a stream keeps it. */
export interface Stored {
  readonly seq: number;
  readonly subject: string;
  /** Milliseconds: when the server took it. */
  readonly at: number;
  /** The same in nanoseconds, as digits. */
  readonly stamp?: string;
  readonly headers: Headers;
  readonly data: Uint8Array;
}

export type Headers = Readonly<Record<string, string>>;

export interface StreamState {
  readonly messages: number;
  readonly bytes: number;
  readonly first_seq: number;
  readonly last_seq: number;
  readonly num_deleted?: number;
  readonly num_subjects?: number;
  readonly subjects?: Readonly<Record<string, number>>;
}

export interface StreamInfo {
  readonly config: Readonly<Record<string, unknown>> & { readonly name: string };
  readonly state: StreamState;
  readonly total?: number;
}

interface RawMessage {
  readonly message: { readonly subject: string; readonly seq: number; readonly hdrs?: string; readonly data?: string; readonly time: string };
}

/** How messages are read: see readMany. */
export interface ReadHow {
  readonly bytes?: number;
  readonly headersOnly?: true;
}

/** How long an answer may take before the server counts as out of reach. */
export const PATIENCE = 5_000;
/** In a cluster, until another consumer is made; and how many more are tried. */
const CHOSEN = 3_000;
const OTHERS = 3;

/** Milliseconds until a server that is behind is asked again. */
const BEHIND = 50;

const READS = /^(STREAM\.(INFO|NAMES|LIST|MSG\.GET)|INFO)/;

export const NO_MESSAGE = 10_037;
export const STREAM_NOT_FOUND = 10_059;
export const WRONG_LAST_SEQUENCE = 10_071;

/** JetStream's requests, as plain JSON: what the server doesn't know it drops, what we don't know we ignore. */
export class Api {
  readonly link: Link;

  constructor(link: Link) {
    this.link = link;
  }

  /** @throws unavailable, permission-denied, and what the server refuses */
  async request<T>(subject: string, body?: unknown, timeout = PATIENCE): Promise<T> {
    const text = body === undefined ? "" : JSON.stringify(body);
    const answer = await this.#exchange(subject, text, timeout);
    const value = JSON.parse(answer.string()) as T & { error?: { code: number; err_code?: number; description: string } };
    if (value.error !== undefined) throw apiFailure(value.error);
    return value;
  }

  /** What only reads is asked again when the connection was lost on the way. */
  async #exchange(subject: string, text: string, timeout: number): Promise<Msg> {
    const whole = `${this.link.prefix}.${subject}`;
    for (const deadline = performance.now() + timeout; ; ) {
      try {
        return await this.link.exchange(whole, text, timeout);
      } catch (cause) {
        if (!(cause instanceof Lost) || !READS.test(subject) || performance.now() > deadline) throw this.link.failure(cause, whole);
      }
    }
  }

  streamInfo(name: string, more: { subjects_filter?: string; offset?: number; deleted_details?: boolean } = {}): Promise<StreamInfo> {
    return this.request<StreamInfo>(`STREAM.INFO.${name}`, more);
  }

  /** Counts by subject, in pages of up to 100,000 as the server cuts them. */
  async subjects(stream: string, filter: string): Promise<Map<string, number>> {
    const found = new Map<string, number>();
    for (;;) {
      const info = await this.streamInfo(stream, { subjects_filter: filter, offset: found.size });
      const page = Object.entries(info.state.subjects ?? {});
      for (const [subject, count] of page) found.set(subject, count);
      if (page.length === 0 || found.size >= (info.total ?? 0)) return found;
    }
  }

  /** `undefined` where there is none. */
  async read(stream: string, which: { seq: number; next_by_subj?: string } | { last_by_subj: string }): Promise<Stored | undefined> {
    try {
      return stored(await this.request<RawMessage>(`STREAM.MSG.GET.${stream}`, which));
    } catch (error) {
      if (isApiError(error, NO_MESSAGE)) return undefined;
      throw error;
    }
  }

  /** Whether it was there. */
  async deleteMessage(stream: string, seq: number): Promise<boolean> {
    try {
      await this.request(`STREAM.MSG.DELETE.${stream}`, { seq, no_erase: true });
      return true;
    } catch (error) {
      // 10043: no such message; 10057: it was deleted before.
      if (isApiError(error, NO_MESSAGE) || isApiError(error, 10_043) || isApiError(error, 10_057)) return false;
      throw error;
    }
  }

  /** Removes messages below `seq`, of a subject or of all; answers how many. */
  async purge(stream: string, what: { filter?: string; seq?: number } = {}): Promise<number> {
    // Nothing is below the first; nats-server 2.9 would remove everything instead.
    if (what.seq !== undefined && what.seq <= 1) return 0;
    return (await this.request<{ purged: number }>(`STREAM.PURGE.${stream}`, what, 30_000)).purged;
  }

  /** How many messages of `filter` there are from `seq` on, without reading them. `null`: of all, at once however many subjects there are. */
  async countFrom(stream: string, filter: string | null, from: { seq: number } | { time: number }): Promise<number> {
    const start = startingAt("seq" in from ? from.seq : `${Math.min(Math.max(0, Math.ceil(from.time)), LATEST)}000000`);
    const { name, num_pending } = await this.makeConsumer(stream, { ...only(filter), inactive_threshold: 5_000_000_000, ...start });
    this.#discard(stream, name);
    return num_pending;
  }

  /**
   * Up to `most` messages of `filter` from a sequence or a stamp on, in order, by a consumer that lives as long as this call.
   * @param how `bytes`: fewer when they have more than this, one at least; `headersOnly`: without their data
   */
  async readMany(stream: string, filter: string | null, from: number | string, most: number, how: ReadHow = {}): Promise<LogMessage[]> {
    if (typeof from === "number" && filter !== null && most <= 2 && how.headersOnly === undefined) return this.#oneByOne(stream, filter, from, most);
    return (await this.readSome(stream, filter, from, most, how)).messages;
  }

  /** The same; `more`: there are others behind them. */
  async readSome(stream: string, filter: string | null, from: number | string, most: number, how: ReadHow = {}): Promise<ReadPage> {
    if (this.link.nc.info?.cluster === undefined) return this.#readPage(stream, filter, from, most, how);
    for (const deadline = performance.now() + PATIENCE; performance.now() < deadline; ) {
      const last = await this.read(stream, { last_by_subj: filter ?? ">" });
      const page = await this.#readPage(stream, filter, from, most, how);
      const full = page.messages.length === most || (how.bytes !== undefined && page.more && page.messages.length > 0);
      if (full || last === undefined || (await this.#reaches(stream, filter, from, page.messages, last))) return page;
      await sleep(BEHIND);
    }
    throw new QueuescopeError("unavailable", `The servers that keep the stream ${stream} aren't all up to date yet. Try again.`);
  }

  /** The consumer may live on a server that is behind the stream's leader, or goes, as at a restart: whether it has seen what the leader had. */
  async #reaches(stream: string, filter: string | null, from: number | string, found: readonly LogMessage[], last: Stored): Promise<boolean> {
    const known = found.at(-1)?.seq ?? (typeof from === "number" ? from - 1 : undefined);
    if (known === undefined) return (last.stamp ?? "") < from;
    if (known >= last.seq) return true;
    const next = await this.read(stream, { seq: known + 1, next_by_subj: filter ?? ">" });
    return next === undefined || next.seq > last.seq;
  }

  async #readPage(stream: string, filter: string | null, from: number | string, most: number, how: ReadHow): Promise<ReadPage> {
    const { nc } = this.link;
    const { name, num_pending: there } = await this.makeConsumer(stream, { ...only(filter), inactive_threshold: 10_000_000_000, ...startingAt(from), ...(how.headersOnly === undefined ? {} : { headers_only: true }) });
    const want = Math.min(most, there);
    const found: LogMessage[] = [];
    const limit = how.bytes === undefined ? {} : { max_bytes: Math.max(how.bytes, (nc.info?.max_payload ?? 0) + 65_536) };
    if (want > 0) await this.#collect(`CONSUMER.MSG.NEXT.${stream}.${name}`, filter ?? stream, { batch: want, ...limit }, found);
    this.#discard(stream, name);
    return { messages: found, more: found.length < there };
  }

  /** The server would forget it by itself; a closed connection needs nothing. */
  #discard(stream: string, consumer: string): void {
    const { nc, prefix } = this.link;
    if (!nc.isClosed() && !nc.isDraining()) nc.publish(`${prefix}.CONSUMER.DELETE.${stream}.${consumer}`);
  }

  async #oneByOne(stream: string, filter: string, from: number, most: number): Promise<LogMessage[]> {
    const found: LogMessage[] = [];
    for (let seq = Math.max(1, from); found.length < most; ) {
      const next = await this.read(stream, { seq, next_by_subj: filter });
      if (next === undefined) break;
      found.push(LogMessage.ofStored(next));
      seq = next.seq + 1;
    }
    return found;
  }

  #collect(pull: string, filter: string, want: { readonly batch: number; readonly max_bytes?: number }, found: LogMessage[]): Promise<void> {
    const { nc, prefix } = this.link;
    return new Promise((resolve, reject) => {
      const end = (error?: Error): void => {
        clearTimeout(timer);
        subscription.unsubscribe();
        if (error === undefined) resolve();
        else reject(error);
      };
      const timer = setTimeout(() => { end(new QueuescopeError("unavailable", `The NATS server didn't send what it has of ${filter} in time. Try again.`)); }, PATIENCE);
      const subscription = nc.subscribe(this.link.inbox(), {
        callback: (error, message) => {
          if (error !== null) {
            end(this.link.failure(error, pull));
            return;
          }
          const read = LogMessage.delivered(message, found.at(-1));
          // A status: what was removed since the count doesn't come, nor what is too much.
          if (read === undefined) {
            end();
            return;
          }
          found.push(read);
          if (found.length >= want.batch) end();
        },
      });
      nc.publish(`${prefix}.${pull}`, JSON.stringify({ ...want, no_wait: true }), { reply: subscription.getSubject() });
    });
  }

  /**
   * A consumer that only reads: it acks nothing, and lives in memory. In a cluster a server may be chosen for it that is
   * gone, and never answers: then another one is made.
   */
  async makeConsumer(stream: string, config: Readonly<Record<string, unknown>>): Promise<{ readonly name: string; readonly num_pending: number }> {
    const alone = this.link.nc.info?.cluster === undefined;
    for (let left = alone ? 0 : OTHERS; ; left--) {
      const name = `qsc_${randomBytes(8).toString("hex")}`;
      const consumer = { name, ack_policy: "none", replay_policy: "instant", mem_storage: true, num_replicas: 1, ...config };
      try {
        const { num_pending } = await this.request<{ num_pending: number }>(`CONSUMER.CREATE.${stream}.${name}`, { stream_name: stream, config: consumer }, alone ? PATIENCE : CHOSEN);
        return { name, num_pending };
      } catch (error) {
        if (left === 0 || !isQueuescopeError(error, "unavailable") || error.ended) throw error;
      }
    }
  }
}

/** The end of the year 9999: later ones have no text that the server reads. */
const LATEST = 253_402_300_799_999;

/** By sequence, or by a stamp. */
function startingAt(from: number | string): Readonly<Record<string, unknown>> {
  if (typeof from === "number") return { deliver_policy: "by_start_sequence", opt_start_seq: Math.max(1, from) };
  const seconds = new Date(Number(from.slice(0, -9)) * 1000).toISOString().slice(0, 19);
  return { deliver_policy: "by_start_time", opt_start_time: `${seconds}.${from.slice(-9)}Z` };
}

function only(filter: string | null): { readonly filter_subject?: string } {
  return filter === null ? {} : { filter_subject: filter };
}

interface ReadPage {
  readonly messages: LogMessage[];
  readonly more: boolean;
}

export class JetStreamError extends Error {
  readonly code: number;

  /** @param code JetStream's own number of the error */
  constructor(code: number, description: string) {
    super(description);
    this.code = code;
  }
}

export function isApiError(error: unknown, code: number): boolean {
  return error instanceof Error && error.cause instanceof JetStreamError && error.cause.code === code;
}

function stored({ message }: RawMessage): Stored {
  return {
    seq: message.seq,
    subject: message.subject,
    at: Date.parse(message.time),
    stamp: nanoseconds(message.time),
    headers: message.hdrs === undefined ? {} : readHeaders(Buffer.from(message.hdrs, "base64").toString()),
    data: message.data === undefined ? new Uint8Array() : Buffer.from(message.data, "base64"),
  };
}

/** Of the server's times: to the nanosecond, without zeros at the end. */
function nanoseconds(time: string): string {
  return `${Date.parse(`${time.slice(0, 19)}Z`) / 1000}${(/\.(\d+)/.exec(time)?.[1] ?? "").padEnd(9, "0")}`;
}

/** From the block that begins with `NATS/1.0`. */
function readHeaders(block: string): Headers {
  const headers: Record<string, string> = {};
  for (const line of block.split("\r\n").slice(1)) {
    const colon = line.indexOf(":");
    if (colon > 0) headers[line.slice(0, colon)] = line.slice(colon + 1).trim();
  }
  return headers;
}
