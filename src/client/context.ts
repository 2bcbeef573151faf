import { payloadText, valuePayload } from "../core/index.ts";
import type { Broker } from "../core/index.ts";
import type { Connection } from "./connection.ts";
import type { HandlerContext, HandlerTrace } from "./handler.ts";
import type { LeaseCare } from "./leases.ts";
import type { Message } from "./message.ts";

/** Where an event of a timeline belongs. */
export interface TraceTarget {
  readonly messageId: string;
  readonly group: string;
  readonly attempt?: number;
}

/** Adds an event to the timelines of messages. */
export async function writeTrace(broker: Broker, { eventType = "info", data, traceName }: HandlerTrace, targets: readonly TraceTarget[], worker: string | undefined): Promise<void> {
  const names = traceName === undefined ? [] : typeof traceName === "string" ? [traceName] : traceName;
  const text = data === undefined ? {} : { data: payloadText(valuePayload(data)) };
  await broker.messages.trace(targets.map((target) => ({ ...target, type: eventType, names, ...text, ...(worker === undefined ? {} : { worker }) })));
}

/** What one call of a handler gets beside its messages. */
export class CallContext implements HandlerContext {
  readonly queues: Connection;
  readonly #messages: readonly Message[];
  readonly #care: LeaseCare;
  readonly #force: AbortSignal | undefined;
  #signal: AbortSignal | null = null;
  /** A property, so that handlers can take it from the context: `{ trace }`. */
  readonly trace: (event: HandlerTrace, message?: Message) => Promise<void>;

  constructor(connection: Connection, messages: readonly Message[], care: LeaseCare, force: AbortSignal | undefined, worker: string | undefined) {
    this.queues = connection;
    this.#messages = messages;
    this.#care = care;
    this.#force = force;
    this.trace = (event, message) => {
      const about = message === undefined ? messages : [message];
      return writeTrace(connection.broker, event, about.map(({ id, group, attempt }) => ({ messageId: id, group, attempt })), worker);
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
