import type { Instant } from "../../core/index.ts";
import type { Definition } from "./definition.ts";
import type { Engine } from "./engine.ts";
import { Log } from "./log.ts";
import { Subjects } from "./subjects.ts";

/** Counting under way at a time: each is a consumer for a moment, and an account may have a limit of them. */
const AT_ONCE = 16;
/** More subjects than this the server takes long to go through: then what isn't a message is counted, and taken off. */
const MANY_SUBJECTS = 20_000;

/** Counts messages of a queue by the time of their entry. */
export class Entries {
  readonly #engine: Engine;
  readonly #log: Log;
  readonly #filters: readonly (string | null)[];
  readonly #known = new Map<Instant, Promise<number>>();
  #free = AT_ONCE;
  readonly #waiting: (() => void)[] = [];

  private constructor(engine: Engine, log: Log, many: boolean) {
    const { messages, allScheduled, allTimelines } = log.subjects;
    this.#engine = engine;
    this.#log = log;
    this.#filters = many ? [null, allScheduled, allTimelines, log.subjects.allDead()] : [messages];
  }

  static async open(engine: Engine, queue: Definition): Promise<Entries> {
    const subjects = new Subjects(queue.name);
    const { state } = await engine.api.streamInfo(subjects.log);
    return new Entries(engine, new Log(engine.api, subjects), (state.num_subjects ?? 0) > MANY_SUBJECTS);
  }

  /** That entered at or after a time, and are still there. */
  since(at: Instant): Promise<number> {
    const known = this.#known.get(at);
    if (known !== undefined) return known;
    const counted = this.#inTurn(() => this.#count(at));
    this.#known.set(at, counted);
    return counted;
  }

  async #count(at: Instant): Promise<number> {
    // A test's clock isn't the server's.
    const from = this.#engine.stamps ? { seq: await this.#log.firstSince(at) } : { time: at };
    const [all = 0, ...less] = await Promise.all(this.#filters.map((filter) => this.#engine.api.countFrom(this.#log.subjects.log, filter, from)));
    return less.reduce((sum, n) => sum - n, all);
  }

  async #inTurn<T>(count: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => { this.#waiting.push(resolve); });
    try {
      return await count();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}
