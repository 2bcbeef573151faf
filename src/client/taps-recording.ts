import { randomBytes } from "node:crypto";
import { guessedPayload, isQueuescopeError, type QueuescopeError } from "../core/index.ts";
import type { ArrivedMessage, Broker, ErrorCode, Headers, PushItem, PushResult, SubjectMessage, Subjects, SubjectTap } from "../core/index.ts";
import type { Logger } from "./log.ts";
import { Flow, type FlowOptions, type FlowStats } from "./taps-flow.ts";
import type { TapOptions } from "./taps-tap.ts";
import { isPassing } from "./waiting.ts";

/** Headers that say where a message of a queue was heard. */
const TAP_SUBJECT = "Tap-Subject";
const TAP_REPLY = "Tap-Reply";

export interface TapIntoOptions extends Omit<TapOptions, "internal">, FlowOptions {
  /** Where the queue is; default: this connection. What NATS without JetStream says can go into a local file. */
  readonly store?: { readonly broker: Broker } | undefined;
  /** Makes the subject the partition: messages of a subject stay in order, subjects are handled in parallel. Default: no order. */
  readonly bySubject?: boolean | undefined;
  /** Answers requests once their message is stored, so that who sends by request knows it is safe. Default: no answers. */
  readonly confirm?: boolean | undefined;
  /** Create the queue if it is missing (default). */
  readonly create?: boolean | undefined;
}

export interface RecordingStats extends FlowStats {
  /** Confirmed by the queue. */
  readonly pushed: number;
  /** Of these, how many the queue had already: same Nats-Msg-Id, or a retry of what had been stored all the same. */
  readonly duplicates: number;
  /** Messages that the queue will never take (too large, headers it can't keep): lost, and logged. */
  readonly refused: number;
}

export interface RecordingParts {
  readonly tap: SubjectTap;
  readonly on: Subjects;
  readonly store: Broker;
  readonly queue: string;
  readonly logger: Logger;
}

const BATCH = 100;
/** Of one push: several large messages go one after the other. */
const BATCH_BYTES = 8 * 1024 * 1024;
/** A moment later these may succeed; meanwhile the buffer holds what arrives. */
const PASSING: readonly ErrorCode[] = ["queue-full", "queue-not-found", "partial-push"];
/** These are about one message. */
const REFUSED: readonly ErrorCode[] = ["invalid-input", "payload-too-large"];

interface Item {
  readonly heard: ArrivedMessage;
  readonly push: PushItem;
}

/** Pushes what a tap hears to a queue. */
export class Recording extends Flow<RecordingStats> {
  readonly queue: string;
  readonly #parts: RecordingParts;
  readonly #options: TapIntoOptions;
  /** Own ids, so that a push whose answer was lost can be repeated. */
  readonly #run = randomBytes(6).toString("base64url");
  #last = 0;
  #pushed = 0;
  #duplicates = 0;
  #refused = 0;

  constructor(parts: RecordingParts, options: TapIntoOptions) {
    super(parts.tap, BATCH, options);
    this.queue = parts.queue;
    this.#parts = parts;
    this.#options = options;
  }

  override get stats(): RecordingStats {
    return { ...this.flowStats, pushed: this.#pushed, duplicates: this.#duplicates, refused: this.#refused };
  }

  protected override async handle(batch: readonly ArrivedMessage[]): Promise<void> {
    for (const items of bySize(batch.map((heard) => this.#item(heard)))) await this.#store(items);
  }

  #item(heard: ArrivedMessage): Item {
    this.#last += 1;
    const own = heard.headers["Nats-Msg-Id"];
    const push: PushItem = {
      payload: guessedPayload(heard.data),
      headers: queueHeaders(heard),
      transactionId: typeof own === "string" && own !== "" ? own : `tap-${this.#run}-${this.#last}`,
      partition: this.#options.bySubject === true ? heard.subject : undefined,
    };
    return { heard, push };
  }

  /** In order. A queue that hasn't room for all of a push may have it for some. */
  async #store(items: readonly Item[]): Promise<void> {
    for (let from = 0, size = items.length; from < items.length;) {
      const part = items.slice(from, from + size);
      if (await this.#storePart(part)) {
        from += part.length;
        size *= 2;
      } else {
        size = Math.ceil(part.length / 2);
      }
    }
  }

  /** Whether they are dealt with: `false` when fewer may fit. */
  async #storePart(items: readonly Item[]): Promise<boolean> {
    const { store, queue, logger } = this.#parts;
    const push = async (): Promise<PushResult[]> => {
      try {
        return await store.messages.push(queue, items.map((item) => item.push), { create: this.#options.create ?? true });
      } catch (error) {
        // All again: what was stored is known by its id.
        throw isQueuescopeError(error, "partial-push") ? (error.cause ?? error) : error;
      }
    };
    const again = (error: unknown): boolean => mayPass(error) && !(items.length > 1 && isQueuescopeError(error, "queue-full"));
    try {
      const results = await this.persist(push, again, (error) => { logger.warn("pushing what was heard failed; it is tried again", { queue, error: String(error) }); });
      this.#pushed += items.length;
      this.#duplicates += results.filter(({ status }) => status === "duplicate").length;
      this.done(items.length);
      await this.#confirm(items, results);
    } catch (error) {
      if (isQueuescopeError(error, "queue-full")) return false;
      if (!isQueuescopeError(error) || !REFUSED.includes(error.code)) throw error;
      if (items[0] === undefined || items.length > 1) for (const item of items) await this.#store([item]);
      else await this.#refuse(items[0], error);
    }
    return true;
  }

  async #refuse({ heard }: Item, error: QueuescopeError): Promise<void> {
    this.#refused += 1;
    this.done(1);
    this.note(error);
    this.#parts.logger.error("a message that was heard can't be stored", { queue: this.#parts.queue, subject: heard.subject, error: error.message });
    await this.#answer([{ to: heard.reply, value: { error: { code: error.code, message: error.message } } }]);
  }

  async #confirm(items: readonly Item[], results: readonly PushResult[]): Promise<void> {
    await this.#answer(results.map(({ id, status }, i) => ({ to: items[i]?.heard.reply, value: { queue: this.queue, id, status } })));
  }

  async #answer(answers: readonly { readonly to: string | undefined; readonly value: object }[]): Promise<void> {
    if (this.#options.confirm !== true) return;
    const messages = answers.flatMap(({ to, value }): SubjectMessage[] => (to === undefined ? [] : [{ subject: to, data: Buffer.from(JSON.stringify(value)) }]));
    // Stored it is: who asked finds out by asking again.
    await this.#parts.on.publish(messages).catch((error: unknown) => { this.#parts.logger.warn("confirming to who asked failed", { error: String(error) }); });
  }
}

function mayPass(error: unknown): boolean {
  return isPassing(error) || (isQueuescopeError(error) && PASSING.includes(error.code));
}

function* bySize(items: readonly Item[]): Generator<Item[]> {
  let part: Item[] = [];
  let bytes = 0;
  for (const item of items) {
    const size = item.heard.data.byteLength;
    if (part.length > 0 && bytes + size > BATCH_BYTES) {
      yield part;
      [part, bytes] = [[], 0];
    }
    part.push(item);
    bytes += size;
  }
  if (part.length > 0) yield part;
}

/** Several values of a header are joined, as in HTTP. */
export function queueHeaders({ subject, headers, reply }: Pick<ArrivedMessage, "subject" | "headers" | "reply">): Headers {
  const kept = Object.entries(headers).map(([name, value]) => [name, typeof value === "string" ? value : value.join(", ")] as const);
  return Object.fromEntries([...kept, [TAP_SUBJECT, subject], ...(reply === undefined ? [] : [[TAP_REPLY, reply] as const])]);
}
