import { guessedPayload, invalidInput, payloadText, payloadValue } from "../core/index.ts";
import type { ArrivedMessage, Encoding, Payload, SubjectHeaders, Subjects } from "../core/index.ts";
import { publication, type PublishOptions } from "./taps-publish.ts";

/** A message that went by on a subject. Nothing has to be settled: NATS has forgotten it. */
export class TapMessage<T = unknown> {
  readonly subject: string;
  /** A header given several times is a list. */
  readonly headers: SubjectHeaders;
  /** Where an answer is expected, or `null`. */
  readonly reply: string | null;
  readonly receivedAt: Date;
  readonly bytes: Uint8Array;
  readonly #subjects: Subjects;
  #payload: Payload | null = null;
  #value: { readonly parsed: T } | null = null;

  constructor(arrived: ArrivedMessage, subjects: Subjects) {
    this.subject = arrived.subject;
    this.headers = arrived.headers;
    this.reply = arrived.reply ?? null;
    this.receivedAt = new Date(arrived.receivedAt);
    this.bytes = arrived.data;
    this.#subjects = subjects;
  }

  /** NATS carries bytes only: `json` if they parse as that, else `text` if they are UTF-8, else `bytes`. */
  get encoding(): Encoding {
    return this.#guess.encoding;
  }

  /** The value: parsed JSON, a string, or a Uint8Array. */
  get data(): T {
    this.#value ??= { parsed: payloadValue(this.#guess) as T };
    return this.#value.parsed;
  }

  get text(): string {
    return this.encoding === "bytes" ? Buffer.from(this.bytes).toString("utf8") : payloadText(this.#guess);
  }

  /** Answers who asked. @throws invalid-input when nobody waits for an answer, and what publishing throws */
  async respond(data?: unknown, options: Omit<PublishOptions, "reply"> = {}): Promise<void> {
    if (this.reply === null) throw invalidInput("reply", `The message on ${this.subject} asks for no answer: it was published, not requested.`);
    const { message, timeout } = publication(this.reply, data, options);
    await this.#subjects.publish([message], timeout);
  }

  get #guess(): Payload {
    this.#payload ??= guessedPayload(this.bytes);
    return this.#payload;
  }
}
