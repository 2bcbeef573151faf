import { checkSubjectHeaders, invalidInput, listOf, QueuescopeError, subjectFilter, subjectGroup, subjectName } from "../../../core/index.ts";
import type { ArrivedMessage, SubjectMessage, Subjects, SubjectTap, TapRequest, Watch } from "../../../core/index.ts";
import type { NatsHandle } from "../connection/index.ts";
import { confirmed } from "./confirmed.ts";
import { Talk } from "./talk.ts";
import { LiveTap } from "./tap.ts";
import { arrived, fillHeaders, headerBytes } from "./wire.ts";

const OVERFLOWS = ["drop-oldest", "drop-newest"];
const BUFFER = 10_000;
const BUFFER_BYTES = 64 * 1024 * 1024;

export interface OpenSubjects extends Subjects {
  /** Stops all taps; the connection stays as it is. */
  close(): Promise<void>;
}

/** The facet `subjects` on a connection to NATS; it needs no JetStream. */
export function openSubjects(handle: NatsHandle, { readOnly = false }: { readonly readOnly?: boolean } = {}): OpenSubjects {
  return new NatsSubjects(handle, readOnly);
}

class NatsSubjects implements OpenSubjects {
  readonly #handle: NatsHandle;
  readonly #talk: Talk;
  readonly #readOnly: boolean;
  readonly #taps = new Set<LiveTap>();
  readonly #status: Watch;

  constructor(handle: NatsHandle, readOnly: boolean) {
    this.#handle = handle;
    this.#talk = new Talk(handle);
    this.#readOnly = readOnly;
    this.#status = handle.onStatus(({ state, reason }) => {
      if (state !== "closed") return;
      const error = new QueuescopeError("unavailable", `The connection to NATS was closed${reason === undefined ? "" : ` (${reason})`}: nothing arrives any more. Connect again.`, { ended: true });
      for (const tap of this.#taps) tap.abandon(error);
    });
  }

  async tap(subjects: readonly string[], request: TapRequest = {}): Promise<SubjectTap> {
    const filters = listOf(subjects, "subjects").map((subject, i) => subjectFilter(subject, subjects.length === 1 ? "subject" : `subjects[${i}]`));
    if (filters.length === 0) throw invalidInput("subjects", "A tap needs at least one subject.");
    const { group, internal, overflow = "drop-oldest" } = request;
    if (group !== undefined) this.#refuseReadOnly("Listening in a queue group takes messages from the others in the group");
    if (!OVERFLOWS.includes(overflow)) throw invalidInput("overflow", `overflow must be one of ${OVERFLOWS.join(", ")}, but is ${JSON.stringify(overflow)}. Core NATS can't be told to wait.`);
    const own = internal === false ? filters.find((filter) => this.#talk.feeds(filter)) : undefined;
    if (own !== undefined) throw invalidInput("subjects", `${own} is what NATS and Queuescope say among themselves: passing it on would make more of it without end. Choose another subject.`);
    const tap = new LiveTap(this.#handle, this.#talk, filters, {
      buffer: atLeastOne(request.buffer ?? BUFFER, "buffer"),
      bufferBytes: atLeastOne(request.bufferBytes ?? BUFFER_BYTES, "bufferBytes"),
      overflow,
      group: group === undefined ? null : subjectGroup(group),
      internal,
    });
    this.#taps.add(tap);
    void tap.ended.then(() => this.#taps.delete(tap));
    await tap.start();
    return tap;
  }

  async publish(messages: readonly SubjectMessage[], { timeout }: { readonly timeout?: number } = {}): Promise<void> {
    this.#refuseReadOnly("Publishing reaches whoever listens");
    listOf(messages, "messages").forEach((message, i) => { this.#check(message, messages.length === 1 ? "" : `messages[${i}].`); });
    if (messages.length === 0) return;
    const refused = new Map<string, QueuescopeError>();
    const watch = this.#handle.onViolation(({ operation, subject }, error) => {
      if (operation === "publish") refused.set(subject, error);
    });
    try {
      for (const { subject, data, headers = {}, reply } of messages) {
        this.#handle.nc.publish(subject, data, { ...(reply === undefined ? {} : { reply }), ...(Object.keys(headers).length === 0 ? {} : { headers: fillHeaders(this.#handle.headers(), headers) }) });
      }
      await confirmed(this.#handle.nc, timeout);
    } catch (error) {
      throw unconfirmed(this.#handle.failure(error, messages.map(({ subject }) => subject).slice(0, 3).join(", ")), messages.length);
    } finally {
      watch.close();
    }
    const refusal = messages.map(({ subject }) => refused.get(subject)).find((error) => error !== undefined);
    if (refusal !== undefined) throw refusal;
  }

  async request(message: SubjectMessage, { timeout = 5_000, signal }: { readonly timeout?: number; readonly signal?: AbortSignal } = {}): Promise<ArrivedMessage> {
    this.#refuseReadOnly("A request reaches whoever listens");
    this.#check(message, "");
    const { subject, data, headers = {} } = message;
    signal?.throwIfAborted();
    try {
      const answer = this.#handle.nc.request(subject, data, { timeout: atLeastOne(timeout, "timeout"), headers: fillHeaders(this.#handle.headers(), headers) });
      return arrived(await (signal === undefined ? answer : unlessAborted(answer, signal)));
    } catch (error) {
      if (signal?.aborted === true) throw signal.reason;
      throw this.#handle.failure(error, subject);
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#taps].map((tap) => tap.stop()));
    this.#status.close();
  }

  #check({ subject, data, headers = {}, reply }: SubjectMessage, at: string): void {
    subjectName(subject, `${at}subject`);
    if (reply !== undefined) subjectName(reply, `${at}reply`);
    if (!((data as unknown) instanceof Uint8Array)) throw invalidInput(`${at}data`, `${at}data must be a Uint8Array.`);
    const bytes = data.byteLength + headerBytes(checkSubjectHeaders(headers, `${at}headers`));
    const most = this.#handle.nc.info?.max_payload;
    if (most !== undefined && bytes > most) throw new QueuescopeError("payload-too-large", `A message of ${bytes} bytes (headers included) for ${subject} is more than the ${most} that this server takes. Send less, or raise max_payload in the server's configuration.`, { field: `${at}data` });
  }

  #refuseReadOnly(why: string): void {
    if (this.#readOnly) throw new QueuescopeError("read-only", `This connection is read-only. ${why}: use a connection that may change things.`);
  }
}

function atLeastOne(value: number, field: string): number {
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw invalidInput(field, `${field} must be a whole number above 0, but is ${String(value)}.`);
}

function unconfirmed(error: QueuescopeError, count: number): QueuescopeError {
  if (error.code !== "unavailable" || error.ended) return error;
  return new QueuescopeError("unavailable", `${error.message} ${count === 1 ? "The message" : `Some of the ${count} messages`} may have been sent all the same.`, { cause: error });
}

function unlessAborted<T>(answer: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => { reject(signal.reason as Error); };
    signal.addEventListener("abort", abort, { once: true });
    void answer.then(resolve, reject).finally(() => { signal.removeEventListener("abort", abort); });
  });
}
