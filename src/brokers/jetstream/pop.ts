import type { Wanted } from "../../core/index.ts";
import { prioritiesOf } from "./definition.ts";
import type { Definition } from "./definition.ts";
import type { Work } from "./ending.ts";
import type { Engine } from "./engine.ts";
import { overlaid } from "./overlay.ts";
import type { GroupSession } from "./session.ts";
import type { Taken } from "./selection.ts";
import { take } from "./taking.ts";
import type { Found, Missing } from "./taking.ts";

/** More of a partition than one pop needs is read at a time. */
const LOOK_AHEAD = 20;
/** Partitions that are read at a time: after a takeover nothing is in memory of thousands. */
const AT_ONCE = 200;

/** What a pop found, and what it has to read first. */
export interface Take extends Found {
  readonly edited: ReadonlySet<number>;
}

/** Pops of one request: what couldn't be taken from memory is read, then tried again. */
export class Popping {
  readonly session: GroupSession;
  readonly #engine: Engine;
  readonly #wanted: Wanted<number>;
  /** Partitions that were read to their end, with how far the group had come; and messages that are gone. */
  readonly #exhausted = new Map<string, number>();
  readonly #gone = new Set<number>();
  #caughtUp = false;
  /** The whole log was read before the pop, when so often something had been forgotten. */
  #readAll: number | undefined;

  constructor(engine: Engine, session: GroupSession, wanted: Wanted<number>) {
    this.#engine = engine;
    this.session = session;
    this.#wanted = wanted;
  }

  async prepare(queue: Definition): Promise<void> {
    this.#engine.housekeeping.used(queue);
    await this.#engine.timetable(queue).bringIn();
    await this.session.ensure(queue, this.#wanted.group === "default" ? "all" : this.#wanted.start);
    if (!this.#readsLog) {
      if (this.session.isCrowded) await this.session.readAhead(prioritiesOf(queue), 1);
      return;
    }
    const { forgotten } = this.session;
    if (await this.session.readAhead(prioritiesOf(queue), this.#wanted.batch)) this.#readAll = forgotten;
  }

  /** Not only one partition or message. */
  get #readsLog(): boolean {
    return this.#wanted.message === null && this.#wanted.partition === null;
  }

  take(work: Work): Take {
    const found = take(work, this.session, this.#wanted, this.#exhausted);
    const known = work.state.record.edited;
    const edited = new Set(known.size === 0 ? [] : found.taken.flatMap(({ message: { seq } }) => (known.has(seq) ? [seq] : [])));
    return { ...found, edited };
  }

  /** Reads what kept the pop from finding anything; `false` when there is nothing more to read. */
  async more(queue: Definition, { missing, moved }: Take): Promise<boolean> {
    return (await this.#fetch(queue, missing)) || this.#catchUp(queue, moved);
  }

  /** What is in memory held nothing for the group: the rest of the log may. `false` when that was read before. */
  async #catchUp(queue: Definition, moved: boolean): Promise<boolean> {
    if (!this.#readsLog) return false;
    // It came to the end of what is in memory, or of what one look passes over.
    if (!moved && (this.#caughtUp || this.#readAll === this.session.forgotten)) return false;
    this.#caughtUp = true;
    await this.session.readAhead(prioritiesOf(queue), Infinity);
    return true;
  }

  /** As they were last edited. */
  async finish(queue: Definition, { taken, missing, edited }: Take): Promise<Taken[]> {
    for (const { message } of taken) this.session.shelves.dropSingle(message.seq);
    // The next pop finds it in memory: partitions of which nothing is there wait no longer than others.
    if (missing.partitions.size > 0) this.#fetch(queue, missing).catch(this.#engine.onError);
    if (edited.size === 0) return [...taken];
    return Promise.all(taken.map(async (one) => (edited.has(one.message.seq) ? { ...one, message: await overlaid(this.#engine, this.session.subjects, one.message) } : one)));
  }

  /** Reads what is missing; `false` when there was nothing to read. */
  async #fetch(queue: Definition, { partitions, messages }: Missing): Promise<boolean> {
    const { shelves, log, subjects } = this.session;
    const some = [...partitions].slice(0, Math.max(AT_ONCE, this.#wanted.batch));
    const waiting = await this.#waitingIn(queue, some.map(([partition]) => partition));
    let progress = false;
    await Promise.all([
      ...some.map(async ([partition, { after, tail }], i) => {
        const most = this.#wanted.batch === 1 ? 1 : Math.min(this.#wanted.batch + LOOK_AHEAD, waiting[i] ?? Infinity);
        const found = await this.#engine.api.readMany(subjects.log, subjects.partition(partition), after + 1, most);
        if (found.length === 0) {
          if ((this.#exhausted.get(partition) ?? -1) >= tail) return;
          this.#exhausted.set(partition, tail);
          await this.session.run({ queue, apply: ({ state }) => { state.nothingLeft(partition, { after, tail }); } });
        }
        shelves.fetched(partition, after, found);
        progress = true;
      }),
      ...[...messages].map(async (seq) => {
        const found = await log.message(seq);
        if (found !== undefined) {
          shelves.putSingle(found);
          progress = true;
        } else if (!this.#gone.has(seq)) {
          this.#gone.add(seq);
          await this.session.forgetMessage(queue, seq);
          progress = true;
        }
      }),
    ]);
    return progress;
  }

  /** How many messages each partition has that the group has seen; a few are read without a consumer. `undefined`: not known. */
  async #waitingIn(queue: Definition, partitions: readonly string[]): Promise<readonly (number | undefined)[]> {
    if (partitions.length < 2 || this.#wanted.batch === 1) return [];
    const counted = await this.session.run({ queue, apply: ({ state: { record } }) => partitions.map((partition) => record.parts.get(partition)?.n || undefined) });
    return counted?.value ?? [];
  }
}
