import { payloadText, valuePayload } from "../core/index.ts";
import type { Broker } from "../core/index.ts";
import type { Connection } from "./connection.ts";
import type { HandlerContext, HandlerTrace } from "./handler.ts";
import type { LeaseCare } from "./leases.ts";
import type { Message } from "./message.ts";

/** What one call of a handler gets beside its messages. */
export class CallContext implements HandlerContext {
  readonly queues: Connection;
  readonly #messages: readonly Message[];
  readonly #care: LeaseCare;
  readonly #force: AbortSignal | undefined;
  #signal: AbortSignal | null = null;
  /** A property, so that handlers can take it from the context: `{ trace }`. */
  readonly trace: (event: HandlerTrace, message?: Message) => Promise<void>;

  constructor(connection: Connection, broker: Broker, messages: readonly Message[], care: LeaseCare, force: AbortSignal | undefined, worker: string | undefined) {
    this.queues = connection;
    this.#messages = messages;
    this.#care = care;
    this.#force = force;
    this.trace = async ({ eventType = "info", data, traceName }, message) => {
      const names = traceName === undefined ? [] : typeof traceName === "string" ? [traceName] : traceName;
      const text = data === undefined ? {} : { data: payloadText(valuePayload(data)) };
      const about = message === undefined ? this.#messages : [message];
      await broker.messages.trace(about.map(({ id, group, attempt }) => ({ messageId: id, type: eventType, names, group, attempt, ...text, ...(worker === undefined ? {} : { worker }) })));
    };
  }

  /** Made when it is asked for: most handlers don't. */
  get signal(): AbortSignal {
    if (this.#signal !== null) return this.#signal;
    const lost = this.#messages.flatMap((message) => this.#care.of(message)?.lost.signal ?? []);
    this.#signal = AbortSignal.any(this.#force === undefined ? lost : [...lost, this.#force]);
    return this.#signal;
  }
}
