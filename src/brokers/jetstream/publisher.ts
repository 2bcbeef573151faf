import type { Msg, Subscription } from "@nats-io/transport-node";
import { QueuescopeError, type Watch } from "../../core/index.ts";
import { type Headers, type Link, PATIENCE } from "./api.ts";
import { apiFailure } from "./api-errors.ts";
import type { Violation } from "./connection/index.ts";

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

/** Publications of one call, waiting for their answers. */
interface Round {
  readonly results: (Acknowledged | QueuescopeError | undefined)[];
  open: number;
  done(): void;
}

/**
 * Publishes to streams. All answers come to one inbox and are counted: a promise and a subscription for each message
 * would cost more than the publishing.
 */
export class Publisher {
  readonly #link: Link;
  readonly #inbox: string;
  readonly #waiting = new Map<number, { round: Round; index: number; subject: string }>();
  readonly #violations: Watch;
  #subscription: Subscription | undefined;
  #last = 0;

  constructor(link: Link) {
    this.#link = link;
    this.#inbox = link.inbox();
    this.#violations = link.onViolation((violation, error) => { this.#refuse(violation, error); });
  }

  /** In order. Each has its own result; a failed one doesn't stop those behind it. */
  publishAll(messages: readonly Publication[], timeout = PATIENCE): Promise<(Acknowledged | QueuescopeError)[]> {
    if (messages.length === 0) return Promise.resolve([]);
    this.#listen();
    return new Promise((resolve) => {
      const first = this.#last + 1;
      const round: Round = {
        results: new Array<Acknowledged | QueuescopeError | undefined>(messages.length),
        open: messages.length,
        done: () => {
          clearTimeout(timer);
          // Not map: it steps over what was never answered.
          resolve(Array.from(round.results, (result) => result ?? lost(messages.length)));
        },
      };
      const timer = setTimeout(() => {
        for (let n = first; n < first + messages.length; n++) this.#waiting.delete(n);
        round.done();
      }, timeout);
      messages.forEach((message, index) => {
        this.#last += 1;
        this.#waiting.set(this.#last, { round, index, subject: message.subject });
        try {
          this.#send(message, this.#last);
        } catch (cause) {
          this.#answer(this.#last, this.#link.failure(cause, message.subject));
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

  close(): void {
    this.#violations.close();
    this.#subscription?.unsubscribe();
    this.#subscription = undefined;
  }

  #send({ subject, data, headers }: Publication, number: number): void {
    const reply = `${this.#inbox}.${number}`;
    if (headers === undefined) {
      this.#link.nc.publish(subject, data, { reply });
      return;
    }
    const block = this.#link.headers();
    for (const [name, value] of Object.entries(headers)) block.append(name, value);
    this.#link.nc.publish(subject, data, { reply, headers: block });
  }

  #listen(): void {
    this.#subscription ??= this.#link.nc.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => {
        if (error === null) this.#answer(Number(message.subject.slice(this.#inbox.length + 1)), read(message));
      },
    });
  }

  /** A permission is missing: those that need it are told at once, not when their time is up. */
  #refuse({ operation, subject }: Violation, error: QueuescopeError): void {
    const answers = operation === "subscription" && subject === `${this.#inbox}.*`;
    if (answers) this.#subscription = undefined;
    for (const [number, waiting] of [...this.#waiting]) {
      if (answers || (operation === "publish" && waiting.subject === subject)) this.#answer(number, error);
    }
  }

  #answer(number: number, result: Acknowledged | QueuescopeError): void {
    const waiting = this.#waiting.get(number);
    if (waiting === undefined) return;
    this.#waiting.delete(number);
    const { round, index } = waiting;
    round.results[index] = result;
    round.open -= 1;
    if (round.open === 0) round.done();
  }
}

function read(message: Msg): Acknowledged | QueuescopeError {
  if (message.data.length === 0) return new QueuescopeError("queue-not-found", "No stream takes this message: the queue was deleted, or the server is choosing a leader for it.");
  const reply = JSON.parse(message.string()) as Reply;
  if (reply.error !== undefined) return apiFailure(reply.error);
  return { seq: reply.seq ?? 0, duplicate: reply.duplicate ?? false };
}

function lost(count: number): QueuescopeError {
  return new QueuescopeError("unavailable", `The NATS server didn't confirm ${count === 1 ? "this message" : "these messages"} in time: it may be stored or not. Push again with a transactionId, and it isn't stored twice.`);
}
