import { isQueuescopeError } from "../../core/index.ts";
import type { Instant } from "../../core/index.ts";
import type { Api } from "./api.ts";
import { LogMessage } from "./message.ts";
import type { Subjects } from "./subjects.ts";

/** Reads single messages of a queue's log. */
export class Log {
  readonly #api: Api;
  readonly subjects: Subjects;

  constructor(api: Api, subjects: Subjects) {
    this.#api = api;
    this.subjects = subjects;
  }

  /** `undefined` when it is gone, or is no message that entered the queue. */
  async message(seq: number): Promise<LogMessage | undefined> {
    const stored = await this.#api.read(this.subjects.log, { seq });
    return stored?.subject.startsWith(`qs.${this.subjects.queue}.m.`) === true ? LogMessage.ofStored(stored) : undefined;
  }

  /** Whether there is a message of that sequence, or a dead letter of it. */
  async known(seq: number): Promise<boolean> {
    const stored = await this.#api.read(this.subjects.log, { seq });
    if (stored !== undefined) return stored.subject.startsWith(`qs.${this.subjects.queue}.m.`) || stored.subject.startsWith(`qs.${this.subjects.queue}.t.`);
    return (await this.#api.subjects(this.subjects.log, this.subjects.deadOf("*", seq))).size > 0;
  }

  /** Where a message with this number stands now: a scheduled one stands elsewhere since it fired. */
  async placeOf(number: number): Promise<number> {
    const fired = await this.#api.read(this.subjects.state, { last_by_subj: this.subjects.fired(number) });
    return fired === undefined ? number : Number(Buffer.from(fired.data).toString());
  }

  /** The last sequence of the stream. */
  async last(): Promise<number> {
    return (await this.#api.streamInfo(this.subjects.log)).state.last_seq;
  }

  /** The lowest sequence of a message that entered at or after `at`: entry times hardly go back, so a binary search finds it. */
  async firstSince(at: Instant): Promise<number> {
    const { state } = await this.#api.streamInfo(this.subjects.log);
    let low = Math.max(1, state.first_seq);
    let high = state.last_seq + 1;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const found = await this.#next(middle);
      if (found === undefined || found.seq >= high || found.at >= at) high = middle;
      else low = found.seq + 1;
    }
    return low;
  }

  async #next(seq: number): Promise<LogMessage | undefined> {
    try {
      const stored = await this.#api.read(this.subjects.log, { seq, next_by_subj: this.subjects.messages });
      return stored === undefined ? undefined : LogMessage.ofStored(stored);
    } catch (error) {
      if (isQueuescopeError(error, "message-not-found")) return undefined;
      throw error;
    }
  }
}
