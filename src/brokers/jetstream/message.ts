import type { Msg } from "@nats-io/transport-node";
import type { Encoding, Headers } from "../../core/index.ts";
import type { Stored } from "./api.ts";
import { placeOf } from "./subjects.ts";
import type { Place } from "./subjects.ts";

/** Our headers; what a program of somebody else's wrote besides is shown as the message's own. */
export const HEADER = {
  encoding: "Qs-Encoding",
  /** The message's headers as JSON; in base64 after `!`, where they are encrypted. */
  headers: "Qs-Headers",
  transaction: "Qs-Tx",
  /** Milliseconds. */
  expires: "Qs-Expires",
  /** Milliseconds: entered then, by the clock of who pushed it; without it, when the server took it. */
  at: "Qs-At",
  onlyGroup: "Qs-Only",
  /** What it was redriven from, as JSON. */
  origin: "Qs-Origin",
  /** The intent of a transaction that it was pushed for. */
  intent: "Qs-Intent",
  due: "Qs-Due",
  ttl: "Qs-Ttl",
  place: "Qs-Place",
  edited: "Qs-Edited",
  /** Headers too large for NATS stand as JSON in so many bytes before the data. */
  front: "Qs-Front",
} as const;

const OURS: ReadonlySet<string> = new Set(Object.values(HEADER));

/** NATS takes 64 KiB of headers; larger ones of ours go before the data. */
const LARGE = 16_384;

/** What is published for these headers and data. */
export function enclosed(headers: Readonly<Record<string, string>>, data: Uint8Array): { readonly headers: Readonly<Record<string, string>>; readonly data: Uint8Array } {
  if (!hasLarge(headers)) return { headers, data };
  const large = Object.entries(headers).filter(([, value]) => value.length > LARGE);
  const front = Buffer.from(JSON.stringify(Object.fromEntries(large)));
  const small = Object.fromEntries(Object.entries(headers).filter(([, value]) => value.length <= LARGE));
  return { headers: { ...small, [HEADER.front]: String(front.length) }, data: Buffer.concat([front, data]) };
}

function hasLarge(headers: Readonly<Record<string, string>>): boolean {
  for (const name in headers) if ((headers[name] ?? "").length > LARGE) return true;
  return false;
}

/** Headers of messages, with what is read of them for each delivery. */
class HeaderSet {
  /** As they came, where they did: those of another message with the same bytes are the same. */
  readonly bytes: Uint8Array | undefined;
  readonly #values: ReadonlyMap<string, string>;
  /** Milliseconds; those who pushed it set them. */
  readonly at: number | undefined;
  readonly expires: number | null;
  readonly onlyGroup: string | null;

  constructor(values: ReadonlyMap<string, string>, bytes?: Uint8Array) {
    this.bytes = bytes;
    this.#values = values;
    this.at = number(this.get(HEADER.at));
    this.expires = number(this.get(HEADER.expires)) ?? null;
    this.onlyGroup = text(this.get(HEADER.onlyGroup));
  }

  /** Of a message as it is delivered; those of the one `before` it, where they are the same. */
  static of(message: Msg, before: HeaderSet | undefined): HeaderSet {
    const { _msg, _rdata } = message as Undecoded;
    const length = _msg?.hdr ?? -1;
    if (_rdata === undefined || length <= 0) return new HeaderSet(decoded(message));
    if (before?.bytes !== undefined && startsWith(_rdata, length, before.bytes)) return before;
    return new HeaderSet(decoded(message), new Uint8Array(_rdata.subarray(0, length)));
  }

  get(name: string): string | undefined {
    return this.#values.get(name) || undefined;
  }

  get names(): string[] {
    return [...this.#values.keys()];
  }

  /** Those that a program of somebody else's wrote. */
  get foreign(): Headers {
    const foreign: Record<string, string> = {};
    for (const [name, value] of this.#values) if (!OURS.has(name) && !name.startsWith("Nats-")) foreign[name] = value;
    return foreign;
  }
}

/** The clients have a message's headers as bytes in these fields of theirs, and decode them when they are asked for. */
interface Undecoded {
  readonly _msg?: { readonly hdr?: number };
  readonly _rdata?: Uint8Array;
}

/** Each look-up in the client's own headers goes through all of them. */
function decoded({ headers }: Msg): Map<string, string> {
  const values = new Map<string, string>();
  for (const [name, [first = ""]] of headers ?? []) values.set(name, first);
  return values;
}

function startsWith(bytes: Uint8Array, length: number, start: Uint8Array): boolean {
  if (start.length !== length) return false;
  for (let i = 0; i < length; i++) if (bytes[i] !== start[i]) return false;
  return true;
}

/** A message of the log, in memory. Most of it is read only when somebody asks. */
export class LogMessage {
  readonly seq: number;
  readonly subject: string;
  readonly data: Uint8Array;
  /** When the server took it: nanoseconds, as digits. */
  readonly stamp: string;
  /** How many its consumer had behind it, when it was sent. */
  readonly pending: number;
  readonly #headers: HeaderSet;
  #place: Place | undefined;
  #at: number | undefined;

  private constructor(seq: number, subject: string, data: Uint8Array, stamp: string, headers: HeaderSet, pending = 0) {
    this.seq = seq;
    this.subject = subject;
    this.data = data;
    this.stamp = stamp;
    this.pending = pending;
    this.#headers = headers;
  }

  static ofStored({ seq, subject, data, at, stamp = `${at}000000`, headers }: Stored): LogMessage {
    return LogMessage.#opened(seq, subject, data, stamp, new HeaderSet(new Map(Object.entries(headers))));
  }

  static #opened(seq: number, subject: string, data: Uint8Array, stamp: string, headers: HeaderSet, pending = 0): LogMessage {
    const length = Number(headers.get(HEADER.front) ?? 0);
    // Shorter: only headers were asked for.
    if (length === 0 || data.length < length) return new LogMessage(seq, subject, data, stamp, headers, pending);
    const front = JSON.parse(Buffer.from(data.subarray(0, length)).toString()) as Readonly<Record<string, string>>;
    const all = headers.names.filter((name) => name !== HEADER.front).map((name) => [name, headers.get(name) ?? ""] as const);
    return new LogMessage(seq, subject, data.subarray(length), stamp, new HeaderSet(new Map([...all, ...Object.entries(front)])), pending);
  }

  /**
   * As a consumer delivered it; `undefined` when its reply subject isn't a consumer's.
   * @param before another one: headers that are the same are read once
   */
  static delivered(message: Msg, before?: LogMessage): LogMessage | undefined {
    const place = deliveredAs(message.reply ?? "");
    if (place === undefined) return undefined;
    return LogMessage.#opened(place.seq, message.subject, message.data, place.stamp, HeaderSet.of(message, before === undefined ? undefined : before.#headers), place.pending);
  }

  /** Itself, with the data and headers of an edit. */
  edited(by: LogMessage): LogMessage {
    const changed = new Set<string>([HEADER.encoding, HEADER.headers, HEADER.edited]);
    const kept = this.headerNames.filter((name) => (OURS.has(name) || name.startsWith("Nats-")) && !changed.has(name));
    const values = new Map([...kept.map((name) => [name, this.header(name) ?? ""] as const), ...by.headerNames.filter((name) => changed.has(name)).map((name) => [name, by.header(name) ?? ""] as const)]);
    return new LogMessage(this.seq, this.subject, by.data, this.stamp, new HeaderSet(values));
  }

  get editedAt(): number | null {
    return number(this.header(HEADER.edited)) ?? null;
  }

  get place(): Place {
    return (this.#place ??= placeOf(this.subject));
  }

  /** When it entered the queue. */
  get at(): number {
    return (this.#at ??= this.#headers.at ?? Number(this.stamp.slice(0, -6)));
  }

  get expires(): number | null {
    return this.#headers.expires;
  }

  get onlyGroup(): string | null {
    return this.#headers.onlyGroup;
  }

  get transaction(): string | null {
    return text(this.header(HEADER.transaction));
  }

  /** As a stream would hand it over. */
  get asStored(): Stored {
    const headers = Object.fromEntries(this.headerNames.map((name) => [name, this.header(name) ?? ""]));
    return { seq: this.seq, subject: this.subject, at: Number(this.stamp.slice(0, -6)), stamp: this.stamp, headers, data: this.data };
  }

  get headerNames(): string[] {
    return this.#headers.names;
  }

  header(name: string): string | undefined {
    return this.#headers.get(name);
  }

  /** Of a message that no Queuescope wrote: what it looks like. */
  get encoding(): Encoding {
    const given = this.header(HEADER.encoding);
    if (given === "json" || given === "text" || given === "bytes") return given;
    return guessed(this.data);
  }

  /** @param unseal decrypts what `Qs-Headers` holds in base64 */
  headers(unseal: (bytes: Uint8Array) => Uint8Array): Headers {
    const own = this.header(HEADER.headers);
    if (own === undefined) return this.#headers.foreign;
    return JSON.parse(own.startsWith("!") ? Buffer.from(unseal(Buffer.from(own.slice(1), "base64"))).toString() : own) as Headers;
  }
}

function number(header: string | undefined): number | undefined {
  return header === undefined ? undefined : Number(header);
}

/** Texts stand in headers as JSON: they may have blanks at their ends, and lines. */
function text(header: string | undefined): string | null {
  return header === undefined ? null : (JSON.parse(header) as string);
}

/** `$JS.ACK.STREAM.CONSUMER.DELIVERED.SEQ.CSEQ.NANOSECONDS.PENDING`, or with a domain and an account before the stream, and more behind. */
function deliveredAs(reply: string): { seq: number; stamp: string; pending: number } | undefined {
  if (!reply.startsWith("$JS.ACK.")) return undefined;
  const dots: number[] = [];
  for (let dot = reply.indexOf("."); dot >= 0; dot = reply.indexOf(".", dot + 1)) dots.push(dot);
  const first = dots.length >= 10 ? 6 : 4;
  const token = (n: number): string => reply.slice((dots[first + n] ?? reply.length) + 1, dots[first + n + 1] ?? reply.length);
  const seq = Number(token(0));
  return seq > 0 && Number.isSafeInteger(seq) ? { seq, stamp: token(2), pending: Number(token(3)) } : undefined;
}

const UTF8 = new TextDecoder("utf-8", { fatal: true });

function guessed(data: Uint8Array): Encoding {
  try {
    JSON.parse(UTF8.decode(data));
    return "json";
  } catch (error) {
    return error instanceof SyntaxError ? "text" : "bytes";
  }
}
