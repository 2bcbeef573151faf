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
  if (Object.values(headers).every(({ length }) => length <= LARGE)) return { headers, data };
  const large = Object.entries(headers).filter(([, value]) => value.length > LARGE);
  const front = Buffer.from(JSON.stringify(Object.fromEntries(large)));
  const small = Object.fromEntries(Object.entries(headers).filter(([, value]) => value.length <= LARGE));
  return { headers: { ...small, [HEADER.front]: String(front.length) }, data: Buffer.concat([front, data]) };
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
  readonly #header: (name: string) => string | undefined;
  readonly #names: () => string[];
  #place: Place | undefined;

  private constructor(seq: number, subject: string, data: Uint8Array, stamp: string, header: (name: string) => string | undefined, names: () => string[], pending = 0) {
    this.seq = seq;
    this.subject = subject;
    this.data = data;
    this.stamp = stamp;
    this.pending = pending;
    this.#header = header;
    this.#names = names;
  }

  static ofStored({ seq, subject, data, at, stamp = `${at}000000`, headers }: Stored): LogMessage {
    return LogMessage.#opened(seq, subject, data, stamp, (name) => headers[name], () => Object.keys(headers));
  }

  static #opened(seq: number, subject: string, data: Uint8Array, stamp: string, header: (name: string) => string | undefined, names: () => string[], pending = 0): LogMessage {
    const length = Number(header(HEADER.front) ?? 0);
    // Shorter: only headers were asked for.
    if (length === 0 || data.length < length) return new LogMessage(seq, subject, data, stamp, header, names, pending);
    const front = JSON.parse(Buffer.from(data.subarray(0, length)).toString()) as Readonly<Record<string, string>>;
    const all = (): string[] => [...names().filter((name) => name !== HEADER.front), ...Object.keys(front)];
    return new LogMessage(seq, subject, data.subarray(length), stamp, (name) => front[name] ?? (name === HEADER.front ? undefined : header(name)), all, pending);
  }

  /** As a consumer delivered it; `undefined` when its reply subject isn't a consumer's. */
  static delivered(message: Msg): LogMessage | undefined {
    const place = deliveredAs(message.reply ?? "");
    if (place === undefined) return undefined;
    // Each look-up in the client's own headers goes through all of them.
    const headers = new Map<string, string>();
    for (const [name, [first = ""]] of message.headers ?? []) headers.set(name, first);
    return LogMessage.#opened(place.seq, message.subject, message.data, place.stamp, (name) => headers.get(name) || undefined, () => [...headers.keys()], place.pending);
  }

  /** Itself, with the data and headers of an edit. */
  edited(by: LogMessage): LogMessage {
    const changed = new Set<string>([HEADER.encoding, HEADER.headers, HEADER.edited]);
    const header = (name: string): string | undefined => (changed.has(name) ? by.header(name) : this.#header(name));
    const own = (): string[] => this.#names().filter((name) => OURS.has(name) || name.startsWith("Nats-"));
    return new LogMessage(this.seq, this.subject, by.data, this.stamp, header, () => [...new Set([...own(), ...by.headerNames])]);
  }

  get editedAt(): number | null {
    const at = this.#header(HEADER.edited);
    return at === undefined ? null : Number(at);
  }

  get place(): Place {
    return (this.#place ??= placeOf(this.subject));
  }

  /** When it entered the queue. */
  get at(): number {
    const own = this.#header(HEADER.at);
    return own === undefined ? Number(this.stamp.slice(0, -6)) : Number(own);
  }

  get expires(): number | null {
    const at = this.#header(HEADER.expires);
    return at === undefined ? null : Number(at);
  }

  get onlyGroup(): string | null {
    return text(this.#header(HEADER.onlyGroup));
  }

  get transaction(): string | null {
    return text(this.#header(HEADER.transaction));
  }

  /** As a stream would hand it over. */
  get asStored(): Stored {
    const headers = Object.fromEntries(this.#names().map((name) => [name, this.#header(name) ?? ""]));
    return { seq: this.seq, subject: this.subject, at: Number(this.stamp.slice(0, -6)), stamp: this.stamp, headers, data: this.data };
  }

  get headerNames(): string[] {
    return this.#names();
  }

  header(name: string): string | undefined {
    return this.#header(name);
  }

  /** Of a message that no Queuescope wrote: what it looks like. */
  get encoding(): Encoding {
    const given = this.#header(HEADER.encoding);
    if (given === "json" || given === "text" || given === "bytes") return given;
    return guessed(this.data);
  }

  /** @param unseal decrypts what `Qs-Headers` holds in base64 */
  headers(unseal: (bytes: Uint8Array) => Uint8Array): Headers {
    const own = this.#header(HEADER.headers);
    if (own !== undefined) return JSON.parse(own.startsWith("!") ? Buffer.from(unseal(Buffer.from(own.slice(1), "base64"))).toString() : own) as Headers;
    const foreign = this.#names().filter((name) => !OURS.has(name) && !name.startsWith("Nats-"));
    return Object.fromEntries(foreign.map((name) => [name, this.#header(name) ?? ""]));
  }
}

/** Texts stand in headers as JSON: they may have blanks at their ends, and lines. */
function text(header: string | undefined): string | null {
  return header === undefined ? null : (JSON.parse(header) as string);
}

/** `$JS.ACK.STREAM.CONSUMER.DELIVERED.SEQ.CSEQ.NANOSECONDS.PENDING`, or with a domain and an account before the stream. */
function deliveredAs(reply: string): { seq: number; stamp: string; pending: number } | undefined {
  if (!reply.startsWith("$JS.ACK.")) return undefined;
  const tokens = reply.split(".");
  const from = tokens.length >= 11 ? 4 : 2;
  const seq = Number(tokens[from + 3]);
  return Number.isSafeInteger(seq) ? { seq, stamp: tokens[from + 5] ?? "", pending: Number(tokens[from + 6] ?? 0) } : undefined;
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
