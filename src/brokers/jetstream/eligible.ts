import type { Instant } from "../../core/index.ts";
import type { Work } from "./ending.ts";
import type { LogMessage } from "./message.ts";

/** Which messages a group is given, and from when on. */
export class Eligibility {
  readonly #work: Work;
  readonly #startsAt: Instant;
  /** Who entered up to then has waited longer than the queue keeps messages. */
  readonly #tooOld: Instant;

  constructor(work: Work) {
    this.#work = work;
    const { start } = work.state.record.head;
    // A start in the future: what enters until then is before it.
    this.#startsAt = typeof start === "number" ? start : 0;
    const { retentionSeconds, maxWaitTimeSeconds } = work.queue.options;
    this.#tooOld = work.now - Math.min(retentionSeconds || Infinity, maxWaitTimeSeconds || Infinity);
  }

  /** Partitions, or all messages without one, wait until nothing has come for some time. */
  get waitsForQuiet(): boolean {
    return this.#work.queue.options.windowBuffer > 0;
  }

  /** When it may be delivered. @param last of its partition, or of all messages without one */
  due(message: LogMessage, last: LogMessage | undefined): Instant {
    const { delayedProcessing, windowBuffer } = this.#work.queue.options;
    const own = message.at + delayedProcessing;
    return windowBuffer === 0 ? own : Math.max(own, (last?.at ?? 0) + windowBuffer);
  }

  /** A message that this group is never given; one that is over goes. */
  passes(message: LogMessage): boolean {
    if (this.isForOthers(message) || message.at < this.#startsAt) return true;
    if (!this.isOver(message)) return false;
    this.drop(message);
    return true;
  }

  isForOthers({ onlyGroup }: LogMessage): boolean {
    return onlyGroup !== null && onlyGroup !== this.#work.state.name;
  }

  /** Its ttl is over, or it has waited longer than the queue keeps messages. */
  isOver({ at, expires }: LogMessage): boolean {
    return at <= this.#tooOld || (expires !== null && expires <= this.#work.now);
  }

  drop(message: LogMessage): void {
    this.#work.state.record.count({ dropped: 1 });
    this.#work.effects.over.push(message);
  }
}
