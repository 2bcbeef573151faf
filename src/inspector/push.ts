import { setTimeout as sleep } from "node:timers/promises";
import { isQueuescopeError } from "../core/index.ts";
import type { Draft, Pushed, PushSummary } from "../protocol/index.ts";
import { draftFiller, draftItem, draftOf } from "./drafts.ts";
import type { Handlers } from "./handlers.ts";
import type { Call } from "./host.ts";
import { Templates } from "./templates.ts";

/** As many as one commit takes well. */
const BATCH = 100;
/** With a rate, pushes come this often. */
const STEP_MS = 100;
const PROGRESS_MS = 200;
const LAST = 100;

type PushMethod = "push.send" | "push.preview" | "push.copy" | "push.templates" | "push.template" | "push.saveTemplate" | "push.deleteTemplate";

export const pushHandlers = {
  "push.send": async ({ queue, draft, times, rate }, call) => {
    const fill = await draftFiller(draft);
    const sending = new Sending(queue, fill, times, call);
    return rate === null ? sending.atOnce() : sending.paced(rate);
  },

  "push.preview": async ({ draft }) => {
    const filled = (await draftFiller(draft))(1);
    draftItem(filled);
    return { draft: filled };
  },

  "push.copy": async ({ id }, { broker }) => {
    const message = await broker.inspect.read(id).catch((error: unknown) => {
      if (isQueuescopeError(error, "message-not-found")) return broker.inspect.deadLetter(id);
      throw error;
    });
    return { draft: draftOf(message) };
  },

  "push.templates": async (_params, { host: { templates } }) => ({ folder: templates, names: templates === null ? [] : await new Templates(templates).names() }),

  "push.template": async ({ name }, { host: { templates } }) => ({ draft: await new Templates(templates).read(name) }),

  "push.saveTemplate": async ({ name, draft }, { host: { templates } }) => {
    await new Templates(templates).write(name, draft);
    return {};
  },

  "push.deleteTemplate": async ({ name }, { host: { templates } }) => {
    await new Templates(templates).delete(name);
    return {};
  },
} satisfies Handlers<PushMethod>;

/** Pushes a draft a number of times. What was stored before a failure or a cancel stays, and the summary says how much that is. */
class Sending {
  readonly #queue: string;
  readonly #fill: (number: number) => Draft;
  readonly #times: number;
  readonly #call: Call<PushSummary>;
  #pushed = 0;
  #duplicates = 0;
  #last: Pushed[] = [];
  #toldAt = 0;

  constructor(queue: string, fill: (number: number) => Draft, times: number, call: Call<PushSummary>) {
    this.#queue = queue;
    this.#fill = fill;
    this.#times = times;
    this.#call = call;
  }

  async atOnce(): Promise<PushSummary> {
    while (this.#left > 0 && !this.#call.signal.aborted) {
      const error = await this.#push(Math.min(BATCH, this.#left));
      if (error !== null) return this.#summary(error);
    }
    return this.#summary(null);
  }

  /** As many as are due by the clock, so that a slow push doesn't lower the rate. */
  async paced(rate: number): Promise<PushSummary> {
    const started = performance.now();
    while (this.#left > 0 && !this.#call.signal.aborted) {
      const due = Math.min(this.#times, Math.floor(((performance.now() - started) / 1000) * rate) + 1);
      const error = due > this.#pushed ? await this.#push(Math.min(due - this.#pushed, BATCH)) : null;
      if (error !== null) return this.#summary(error);
      if (this.#left > 0 && due <= this.#pushed) await sleep(Math.min(STEP_MS, 1000 / rate), undefined, { signal: this.#call.signal }).catch(() => undefined);
    }
    return this.#summary(null);
  }

  get #left(): number {
    return this.#times - this.#pushed;
  }

  /** The first one's failure is the call's own; a later one is told beside what was stored. */
  async #push(size: number): Promise<Error | null> {
    try {
      const items = Array.from({ length: size }, (_, index) => draftItem(this.#fill(this.#pushed + index + 1)));
      const results = await this.#call.broker.messages.push(this.#queue, items);
      this.#pushed += results.length;
      this.#duplicates += results.filter(({ status }) => status === "duplicate").length;
      this.#last = [...this.#last, ...results.map(({ id, status, transactionId, partition }) => ({ id, status, transactionId, partition }))].slice(-LAST);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      this.#pushed += isQueuescopeError(error) ? error.stored.length : 0;
      if (this.#pushed === 0) throw error;
      return error;
    }
    if (performance.now() - this.#toldAt >= PROGRESS_MS) {
      this.#toldAt = performance.now();
      this.#call.progress(this.#summary(null));
    }
    return null;
  }

  #summary(error: Error | null): PushSummary {
    return { asked: this.#times, pushed: this.#pushed, duplicates: this.#duplicates, last: this.#last, error: error === null ? null : { code: isQueuescopeError(error) ? error.code : "failed", message: error.message } };
  }
}
