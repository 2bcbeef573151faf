import { instant, valuePayload } from "../core/index.ts";
import type { Broker, DeadLetterFilter, Headers, Page, RedriveRequest, RedriveResult, UndoneRedrive } from "../core/index.ts";
import type { Connection } from "./connection.ts";
import { writeTrace } from "./context.ts";
import { failureFrom, failureOf, type HandlerResult, type HandlerTrace } from "./handler.ts";
import { DeadMessage } from "./message.ts";

type Time = Date | number | string;

export interface DeadLetterSelection {
  readonly ids?: readonly string[];
  /** Text in the payload, the headers, the transaction id or the error. */
  readonly match?: string;
  /** Died at or after / before. */
  readonly from?: Time;
  readonly to?: Time;
  readonly redriven?: boolean;
}

export interface RedriveOptions extends DeadLetterSelection {
  /** Default: the queue it died in. */
  readonly toQueue?: string;
  /** Default: its own; `null`: none. */
  readonly partition?: string | null;
  /** Edited first; only with one dead letter. */
  readonly data?: unknown;
  readonly headers?: Headers;
  readonly allGroups?: boolean;
  readonly again?: boolean;
  readonly plaintext?: boolean;
}

export interface DeadLetterContext {
  readonly queues: Connection;
  readonly signal: AbortSignal;
  /** Adds an event to the timeline of the message that died. */
  readonly trace: (event: HandlerTrace) => Promise<void>;
}

export type DeadLetterHandler<T> = (letter: DeadMessage<T>, context: DeadLetterContext) => HandlerResult | Promise<HandlerResult>;

export interface DeadLetterOptions extends DeadLetterSelection {
  readonly signal?: AbortSignal;
  /** End after this many. */
  readonly limit?: number;
  readonly started?: (letter: DeadMessage) => void;
  readonly finished?: (letter: DeadMessage, outcome: "discarded" | "kept", error: string | null) => void;
}

/** The dead letters of a queue: of one group, or of all. */
export class DeadLetters<T = unknown> {
  readonly #connection: Connection;
  readonly #broker: Broker;
  readonly #queue: string;
  readonly #group: string | undefined;

  constructor(connection: Connection, queue: string, group: string | undefined) {
    this.#connection = connection;
    this.#broker = connection.broker;
    this.#queue = queue;
    this.#group = group;
  }

  async list(options: DeadLetterSelection & { readonly limit?: number; readonly after?: string | null } = {}): Promise<Page<DeadMessage<T>>> {
    const { limit, after = null, ...selection } = options;
    const page = await this.#broker.inspect.deadLetters(this.#queue, { ...this.#filter(selection), limit, ...(after === null ? {} : { after }) });
    return { items: page.items.map((letter) => new DeadMessage<T>(letter)), next: page.next };
  }

  async count(selection: DeadLetterSelection = {}): Promise<number> {
    return this.#broker.inspect.countDeadLetters(this.#queue, this.#filter(selection));
  }

  /** All that match, whatever their number. They stay, marked as redriven, until discarded. */
  async redrive(options: RedriveOptions = {}): Promise<RedriveResult["redriven"]> {
    const { toQueue, partition, data, headers, allGroups, again, plaintext, ...selection } = options;
    const request: RedriveRequest = {
      filter: this.#filter(selection),
      ...(toQueue === undefined ? {} : { to: toQueue }),
      ...(partition === undefined ? {} : { partition }),
      ...(data === undefined ? {} : { payload: valuePayload(data) }),
      ...(headers === undefined ? {} : { headers }),
      ...(allGroups === undefined ? {} : { allGroups }),
      ...(again === undefined ? {} : { again }),
      ...(plaintext === undefined ? {} : { plaintext }),
    };
    const redriven: RedriveResult["redriven"][number][] = [];
    for (let after: string | null = null; ; ) {
      const step: RedriveResult = await this.#broker.repair.redrive(this.#queue, after === null ? request : { ...request, after });
      redriven.push(...step.redriven);
      if (!step.more) return redriven;
      after = step.next;
    }
  }

  /** Takes back what these were last redriven to, where no group was given it yet. A result an id, with the reason where it isn't undone. */
  async undoRedrive(ids: readonly string[]): Promise<UndoneRedrive[]> {
    return this.#broker.repair.undoRedrive(this.#queue, ids);
  }

  /** Deletes all that match; answers how many. */
  async discard(selection: DeadLetterSelection = {}): Promise<number> {
    for (let discarded = 0; ; ) {
      const step = await this.#broker.repair.discard(this.#queue, this.#filter(selection));
      discarded += step.discarded;
      if (!step.more) return discarded;
    }
  }

  /**
   * Calls the handler with each dead letter there is, the oldest first: a return discards it, a throw
   * or `success: false` keeps it. Dead letters aren't leased: run one of these at a time.
   */
  async consume(handler: DeadLetterHandler<T>, options: DeadLetterOptions = {}): Promise<{ readonly discarded: number; readonly kept: number }> {
    const { signal = new AbortController().signal, limit = Number.POSITIVE_INFINITY, started, finished, ...selection } = options;
    let [discarded, kept] = [0, 0];
    for (let after: string | null = null; ; ) {
      const page: Page<DeadMessage<T>> = await this.list({ ...selection, after });
      for (const letter of page.items) {
        if (signal.aborted || discarded + kept >= limit) return { discarded, kept };
        started?.(letter);
        const error = await this.#try(handler, letter, signal);
        if (error === null) {
          await this.#broker.repair.discard(this.#queue, { ids: [letter.id] });
          discarded += 1;
        } else kept += 1;
        finished?.(letter, error === null ? "discarded" : "kept", error);
      }
      if (page.next === null) return { discarded, kept };
      after = page.next;
    }
  }

  async #try(handler: DeadLetterHandler<T>, letter: DeadMessage<T>, signal: AbortSignal): Promise<string | null> {
    try {
      const trace = (event: HandlerTrace): Promise<void> => writeTrace(this.#broker, event, [{ messageId: letter.messageId, group: letter.group }], undefined);
      return failureOf(await handler(letter, { queues: this.#connection, signal, trace }))?.message ?? null;
    } catch (error) {
      return failureFrom(error).message;
    }
  }

  #filter({ ids, match, from, to, redriven }: DeadLetterSelection): DeadLetterFilter {
    return {
      ...(ids === undefined ? {} : { ids }),
      ...(this.#group === undefined ? {} : { group: this.#group }),
      ...(match === undefined ? {} : { match }),
      ...(from === undefined ? {} : { from: instant(from, "from") }),
      ...(to === undefined ? {} : { to: instant(to, "to") }),
      ...(redriven === undefined ? {} : { redriven }),
    };
  }
}
