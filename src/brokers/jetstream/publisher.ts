import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Msg, MsgHdrs, Subscription } from "@nats-io/transport-node";
import { QueuescopeError, type Watch } from "../../core/index.ts";
import { type Headers, type Link, PATIENCE } from "./api.ts";
import { apiFailure } from "./api-errors.ts";
import type { Violation } from "./connection/index.ts";

/** Milliseconds between two looks whether a stream has a leader again. */
const AGAIN = 100;

export interface Publication {
  readonly subject: string;
  readonly data: Uint8Array | string;
  readonly headers?: Headers;
}

export interface Acknowledged {
  readonly seq: number;
  readonly duplicate: boolean;
}

interface Reply {
  readonly seq?: number;
  readonly duplicate?: boolean;
  readonly error?: { code: number; err_code?: number; description: string };
}

/** Messages of an atomic batch, as the server limits them. */
export const LARGEST_BATCH = 1_000;

/** `untaken`: nobody listens on its subject. */
type Outcome = Acknowledged | QueuescopeError | "untaken";

/** Publications of one call, waiting for their answers. */
interface Round {
  readonly messages: readonly Publication[];
  readonly results: (Outcome | undefined)[];
  open: number;
  readonly done: () => void;
}

/**
 * Publishes to streams. All answers come to one inbox and are counted: a promise and a subscription for each message
 * would cost more than the publishing.
 */
export class Publisher {
  readonly #link: Link;
  readonly #inbox: string;
  readonly #rounds = new Map<number, Round>();
  readonly #violations: Watch;
  readonly #status: Watch;
  #subscription: Subscription | undefined;
  #last = 0;
  #block: { readonly headers: Headers; readonly names: readonly string[]; readonly block: MsgHdrs } | undefined;

  constructor(link: Link) {
    this.#link = link;
    this.#inbox = link.inbox();
    this.#violations = link.onViolation((violation, error) => { this.#refuse(violation, error); });
    this.#status = link.onStatus(({ state }) => { if (state === "lost") this.#lose(); });
  }

  /**
   * In order. Each has its own result; a failed one doesn't stop those behind it. What no stream took is published again
   * while there is one that should: it is choosing a leader.
   */
  async publishAll(messages: readonly Publication[], timeout = PATIENCE): Promise<(Acknowledged | QueuescopeError)[]> {
    if (messages.length === 0) return [];
    const deadline = performance.now() + timeout;
    if (!(await this.#isConnected(timeout))) return messages.map(away);
    const results = await this.#publishOnce(messages, timeout);
    for (;;) {
      const left = results.flatMap((result, i) => (result === "untaken" ? [i] : []));
      const [first] = left;
      if (first === undefined) return results as (Acknowledged | QueuescopeError)[];
      const led = await this.#hasStream(messages[first] as Publication, timeout);
      if (!led || performance.now() > deadline) return results.map((result) => (result === "untaken" ? (led ? leaderless() : gone()) : result));
      await sleep(AGAIN);
      const again = await this.#publishOnce(left.map((i) => messages[i] as Publication), timeout);
      left.forEach((i, n) => { results[i] = again[n] as Outcome; });
    }
  }

  async #isConnected(timeout: number): Promise<boolean> {
    if (this.#link.status.state === "lost") await this.#link.connected(timeout);
    return this.#link.status.state !== "lost";
  }

  async #hasStream({ subject }: Publication, timeout: number): Promise<boolean> {
    try {
      const answer = await this.#link.exchange(`${this.#link.prefix}.STREAM.NAMES`, JSON.stringify({ subject }), timeout);
      const { streams, error } = answer.json<{ streams?: unknown[] | null; error?: unknown }>();
      return error !== undefined || (streams ?? []).length > 0;
    } catch {
      // Who can't be asked now, or may not be, is no proof that it is gone.
      return true;
    }
  }

  #publishOnce(messages: readonly Publication[], timeout: number): Promise<Outcome[]> {
    this.#listen();
    return new Promise((resolve) => {
      this.#last += 1;
      const number = this.#last;
      const round: Round = {
        messages,
        results: new Array<Outcome | undefined>(messages.length),
        open: messages.length,
        done: () => {
          clearTimeout(timer);
          this.#rounds.delete(number);
          // Not map: it steps over what was never answered.
          resolve(Array.from(round.results, (result) => result ?? lost(messages.length)));
        },
      };
      this.#rounds.set(number, round);
      const timer = setTimeout(round.done, timeout);
      messages.forEach((message, index) => {
        try {
          this.#send(message, `${this.#inbox}.${number}_${index}`);
        } catch (cause) {
          this.#answer(number, index, this.#link.failure(cause, message.subject));
        }
      });
    });
  }

  /** @throws what the server refuses; `unavailable` when no answer came, and then it may be stored or not */
  async publish(message: Publication, timeout?: number): Promise<Acknowledged> {
    const [result] = await this.publishAll([message], timeout);
    if (result === undefined || result instanceof QueuescopeError) throw result ?? lost(1);
    return result;
  }

  /** All or nothing: up to 1,000 for one stream, which answers once, for the last. @throws as publish */
  async publishBatch(messages: readonly Publication[], timeout = PATIENCE): Promise<Acknowledged[]> {
    if (!(await this.#isConnected(timeout))) throw away();
    const id = randomBytes(12).toString("base64url");
    const batch = messages.map((message, i) => ({
      ...message,
      headers: { ...message.headers, "Nats-Batch-Id": id, "Nats-Batch-Sequence": String(i + 1), ...(i === messages.length - 1 ? { "Nats-Batch-Commit": "1" } : {}) },
    }));
    for (const message of batch.slice(0, -1)) this.#send(message);
    const last = batch.at(-1);
    if (last === undefined) return [];
    const { seq } = await this.publish(last, timeout);
    return messages.map((_, i) => ({ seq: seq - messages.length + 1 + i, duplicate: false }));
  }

  close(): void {
    this.#violations.close();
    this.#status.close();
    this.#subscription?.unsubscribe();
    this.#subscription = undefined;
  }

  /** @param reply without it there is no answer */
  #send({ subject, data, headers }: Publication, reply?: string): void {
    const block = headers === undefined ? {} : { headers: this.#blockOf(headers) };
    this.#link.nc.publish(subject, data, reply === undefined ? block : { reply, ...block });
  }

  /** Messages one after the other often have the same headers: they are put together once. */
  #blockOf(headers: Headers): MsgHdrs {
    const last = this.#block;
    if (last?.headers === headers) return last.block;
    const names = Object.keys(headers);
    if (last?.names.length === names.length && names.every((name) => last.headers[name] === headers[name])) return last.block;
    const block = this.#link.headers();
    for (const name of names) block.append(name, headers[name] ?? "");
    encodeOnce(block);
    this.#block = { headers, names, block };
    return block;
  }

  #listen(): void {
    this.#subscription ??= this.#link.nc.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => {
        if (error !== null) return;
        const { subject } = message;
        const between = subject.lastIndexOf("_");
        this.#answer(Number(subject.slice(this.#inbox.length + 1, between)), Number(subject.slice(between + 1)), read(message));
      },
    });
  }

  /** A permission is missing: those that need it are told at once, not when their time is up. */
  #refuse({ operation, subject }: Violation, error: QueuescopeError): void {
    const answers = operation === "subscription" && subject === `${this.#inbox}.*`;
    if (answers) this.#subscription = undefined;
    this.#answerAll(error, answers ? () => true : (message) => operation === "publish" && message.subject === subject);
  }

  /** Answers to what was sent over a connection that is gone don't come any more. */
  #lose(): void {
    this.#answerAll(lost(1), () => true);
  }

  #answerAll(result: Outcome, concerns: (message: Publication) => boolean): void {
    for (const [number, { messages }] of [...this.#rounds]) {
      messages.forEach((message, index) => { if (concerns(message)) this.#answer(number, index, result); });
    }
  }

  #answer(number: number, index: number, result: Outcome): void {
    const round = this.#rounds.get(number);
    if (round === undefined || round.results[index] !== undefined) return;
    round.results[index] = result;
    round.open -= 1;
    if (round.open === 0) round.done();
  }
}

/** The clients encode headers anew for each message, by this method of theirs. */
function encodeOnce(block: MsgHdrs & { encode?: () => Uint8Array }): void {
  const bytes = block.encode?.();
  if (bytes !== undefined) block.encode = () => bytes;
}

function read(message: Msg): Outcome {
  const { data } = message;
  if (data.length === 0) return "untaken";
  const seq = plainSequence(data);
  if (seq > 0) return { seq, duplicate: false };
  const reply = JSON.parse(message.string()) as Reply;
  if (reply.error !== undefined) return apiFailure(reply.error);
  return { seq: reply.seq ?? 0, duplicate: reply.duplicate ?? false };
}

const STORED = new TextEncoder().encode('{"stream":');
const SEQUENCE = new TextEncoder().encode('"seq":');
const [ZERO, NINE, BRACE] = [0x30, 0x39, 0x7d];

/**
 * Of an answer that says nothing more than where a message was stored, `{"stream":"QS_orders","seq":42}`: read from its
 * end, since it comes for each message. 0: it says more.
 */
function plainSequence(data: Uint8Array): number {
  let at = data.length - 1;
  if (data[at] !== BRACE || !hasAt(data, 0, STORED)) return 0;
  let seq = 0;
  for (let place = 1; ; place *= 10) {
    at -= 1;
    const digit = data[at] ?? 0;
    if (digit < ZERO || digit > NINE) break;
    seq += (digit - ZERO) * place;
  }
  return hasAt(data, at + 1 - SEQUENCE.length, SEQUENCE) && Number.isSafeInteger(seq) ? seq : 0;
}

function hasAt(data: Uint8Array, at: number, part: Uint8Array): boolean {
  for (let i = 0; i < part.length; i++) if (data[at + i] !== part[i]) return false;
  return true;
}

function gone(): QueuescopeError {
  return new QueuescopeError("queue-not-found", "No stream takes this message: the queue was deleted; or its stream was, or its subjects were changed, by hand. Give it its subjects back, or delete the queue: the next push makes it anew.");
}

function away(): QueuescopeError {
  return new QueuescopeError("unavailable", "The connection to NATS is lost, and hasn't come back in time. Nothing was stored; try again.");
}

function leaderless(): QueuescopeError {
  return new QueuescopeError("unavailable", "The queue's stream has no leader at the moment: the servers of the cluster are choosing one. Nothing was stored; try again.");
}

function lost(count: number): QueuescopeError {
  return new QueuescopeError("unavailable", `The NATS server didn't confirm ${count === 1 ? "this message" : "these messages"} in time: it may be stored or not. Push again with a transactionId, and it isn't stored twice.`);
}
