import { destinationOf, invalidInput, isQueuescopeError, subjectMatches, subjectName } from "../core/index.ts";
import type { ArrivedMessage, Encoding, SubjectHeaders, SubjectMessage, Subjects, SubjectTap } from "../core/index.ts";
import type { Connection } from "./connection.ts";
import { isWithOptions } from "./items.ts";
import type { Logger } from "./log.ts";
import { Flow, type FlowOptions, type FlowStats } from "./taps-flow.ts";
import { TapMessage } from "./taps-message.ts";
import { subjectData } from "./taps-publish.ts";
import type { TapOptions } from "./taps-tap.ts";
import { isPassing } from "./waiting.ts";

/** What a transform may answer to say more than the data. */
export interface BridgedMessage {
  readonly data: unknown;
  readonly encoding?: Encoding | undefined;
  /** Instead of where the bridge leads. */
  readonly subject?: string | undefined;
  /** Instead of those that came. */
  readonly headers?: SubjectHeaders | undefined;
}

/**
 * Makes of a message what is published: the message itself (passed on as it is), a value (a string and a Uint8Array as they
 * are, others as JSON), `{ data, subject?, headers?, encoding? }`, or nothing (`undefined`, `null`) to leave it out.
 */
export type BridgeTransform = (message: TapMessage, context: { readonly queues: Connection }) => unknown;

export interface BridgeOptions extends Omit<TapOptions, "internal">, FlowOptions {
  /** Default: messages are passed on as they are. */
  readonly transform?: BridgeTransform | undefined;
  /** Transforms that run at once; what they make is published in order all the same. Default 1. */
  readonly concurrency?: number | undefined;
}

export interface BridgeStats extends FlowStats {
  /** Confirmed by the server. */
  readonly published: number;
  /** Left out by the transform. */
  readonly skipped: number;
  /** The transform threw, or made what can't be published: lost, and logged. */
  readonly failed: number;
}

export interface BridgeParts {
  readonly tap: SubjectTap;
  readonly on: Subjects;
  readonly queues: Connection;
  readonly to: string;
  readonly logger: Logger;
}

const BATCH = 200;
const RESULT_FIELDS: ReadonlySet<string> = new Set(["data", "encoding", "subject", "headers"]);

interface Outgoing {
  readonly heard: ArrivedMessage;
  readonly message: SubjectMessage;
}

/** Publishes what a tap hears on another subject. */
export class Bridge extends Flow<BridgeStats> {
  readonly to: string;
  readonly #parts: BridgeParts;
  readonly #options: BridgeOptions;
  #published = 0;
  #skipped = 0;
  #failed = 0;

  constructor(parts: BridgeParts, options: BridgeOptions) {
    super(parts.tap, BATCH, options);
    this.to = parts.to;
    this.#parts = parts;
    this.#options = options;
  }

  override get stats(): BridgeStats {
    return { ...this.flowStats, published: this.#published, skipped: this.#skipped, failed: this.#failed };
  }

  protected override async handle(batch: readonly ArrivedMessage[]): Promise<void> {
    const made: (Outgoing | null)[] = [];
    let next = 0;
    const work = async (): Promise<void> => {
      for (let i = next++; i < batch.length; i = next++) {
        const heard = batch[i];
        if (heard !== undefined) made[i] = await this.#make(heard);
      }
    };
    await Promise.all(Array.from({ length: this.#options.concurrency ?? 1 }, work));
    const outgoing = made.filter((one) => one !== null);
    if (outgoing.length > 0) await this.#publish(outgoing);
  }

  async #make(heard: ArrivedMessage): Promise<Outgoing | null> {
    try {
      const message = await this.#transformed(heard);
      if (message !== null) return { heard, message };
      this.#skipped += 1;
      this.done(1);
    } catch (error) {
      this.#fail(heard, error);
    }
    return null;
  }

  async #transformed(heard: ArrivedMessage): Promise<SubjectMessage | null> {
    const from = this.subjects.find((filter) => subjectMatches(filter, heard.subject)) ?? heard.subject;
    const whole: SubjectMessage = { ...heard, subject: destinationOf(from, this.to, heard.subject) };
    const { transform } = this.#options;
    if (transform === undefined) return whole;
    const message = new TapMessage(heard, this.#parts.on);
    const result = await transform(message, { queues: this.#parts.queues });
    if (result === undefined || result === null) return null;
    if (result === message) return whole;
    if (!isWithOptions(result, RESULT_FIELDS)) return { ...whole, data: subjectData(result, undefined) };
    const { data, encoding, subject, headers }: BridgedMessage = result;
    return { ...whole, data: subjectData(data, encoding), ...(subject === undefined ? {} : { subject: this.#elsewhere(subject) }), ...(headers === undefined ? {} : { headers }) };
  }

  #elsewhere(subject: string): string {
    const source = this.subjects.find((filter) => subjectMatches(filter, subjectName(subject)));
    if (source !== undefined) throw invalidInput("subject", `The transform sends a message to ${subject}, which this bridge listens to (${source}): it would go round without end.`);
    return subject;
  }

  /** Again while the server is away: then a message may arrive twice. */
  async #publish(outgoing: readonly Outgoing[]): Promise<void> {
    const { on, logger } = this.#parts;
    try {
      await this.persist(
        () => on.publish(outgoing.map(({ message }) => message)),
        isPassing,
        (error) => { logger.warn("passing on failed; it is tried again", { messages: outgoing.length, error: String(error) }); },
      );
    } catch (error) {
      if (!isQueuescopeError(error, "invalid-input") && !isQueuescopeError(error, "payload-too-large")) throw error;
      // Input is checked before anything is sent: one by one, so that only what is wrong stays behind.
      if (outgoing.length > 1) for (const one of outgoing) await this.#publish([one]);
      else if (outgoing[0] !== undefined) this.#fail(outgoing[0].heard, error);
      return;
    }
    this.#published += outgoing.length;
    this.done(outgoing.length);
  }

  #fail(heard: ArrivedMessage, error: unknown): void {
    this.#failed += 1;
    this.done(1);
    this.note(error);
    this.#parts.logger.error("a message could not be passed on", { subject: heard.subject, error: error instanceof Error ? error.message : String(error) });
  }
}
