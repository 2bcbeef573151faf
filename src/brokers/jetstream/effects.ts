import { recordsEvent } from "../../core/index.ts";
import type { BuiltInEvent } from "../../core/index.ts";
import type { Definition } from "./definition.ts";
import type { LogMessage } from "./message.ts";

/** An event for a message's timeline. */
export interface TimelineEvent {
  readonly seq: number;
  readonly type: string;
  readonly group?: string | undefined;
  readonly worker?: string | undefined;
  readonly attempt?: number | undefined;
  /** Error and links. */
  readonly data?: Readonly<Record<string, unknown>> | undefined;
  /** Nothing in `data` comes from a handler or a message. */
  readonly own?: boolean | undefined;
}

/** What one operation leaves to be done once its commit is stored. */
export class Effects {
  readonly queue: Definition;
  readonly events: TimelineEvent[] = [];
  /** They waited longer than their ttl or the queue's limits allow. */
  readonly over: LogMessage[] = [];
  /** Ids of intents that the operation made. */
  readonly intents: string[] = [];
  /** Milliseconds that messages waited for their first delivery, and that handlers took. */
  readonly waits: number[] = [];
  readonly runs: number[] = [];

  constructor(queue: Definition) {
    this.queue = queue;
  }

  /** Whether the queue's trace level has it. */
  records(type: BuiltInEvent): boolean {
    return recordsEvent(this.queue.options, type);
  }

  /** At the trace levels that have it. */
  record(type: BuiltInEvent, event: Omit<TimelineEvent, "type">): void {
    if (this.records(type)) this.events.push({ type, ...event });
  }

  /** Whatever the trace level is. */
  write(type: BuiltInEvent, event: Omit<TimelineEvent, "type">): void {
    this.events.push({ type, ...event });
  }
}
