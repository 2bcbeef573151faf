import { SCAN_LIMIT } from "../../../core/index.ts";
import type { PartitionInfo } from "../../../core/index.ts";
import type { Definition } from "../definition.ts";
import type { Engine } from "../engine.ts";
import { LogMessage } from "../message.ts";
import { Subjects } from "../subjects.ts";
import { mayBeMany } from "./partition-names.ts";
import type { Names } from "./partition-names.ts";
import { isExpired, pipelined } from "./reading.ts";
import type { GroupView } from "./view.ts";

/** So many partitions are counted one by one, where estimates are all there is. */
const COUNTED = 150;
/** Entries ahead of a group that are looked at, without their data (a count costs as much as 200 of them); where there are more, some of the last too. */
const AHEAD = 20_000;
/** Fewer where the partitions are too many to sort, and a look at some has to do. */
const AHEAD_OF_MANY = 5_000;
const LAST = 2_000;

interface Ranked {
  readonly name: string;
  readonly lag: number;
  readonly messages: number | null;
}

/** How far a group is behind, by partition: what its record holds, and the messages ahead of it as far as they were looked at. */
export class Backlog {
  readonly #engine: Engine;
  readonly #subjects: Subjects;
  readonly #view: GroupView;
  readonly #ahead: ReadonlyMap<string, number>;
  /** All messages ahead were looked at: the lags are exact. */
  readonly exact: boolean;
  /** For each entry ahead that was looked at, how many there are. */
  readonly #each: number;

  private constructor(engine: Engine, subjects: Subjects, view: GroupView, ahead: ReadonlyMap<string, number>, exact: boolean, each: number) {
    this.#engine = engine;
    this.#subjects = subjects;
    this.#view = view;
    this.#ahead = ahead;
    this.exact = exact;
    this.#each = each;
  }

  static async read(engine: Engine, queue: Definition, view: GroupView): Promise<Backlog> {
    const { api } = engine;
    const subjects = new Subjects(queue.name);
    const at = view.at(0);
    // Without a filter: the server would have to go through all partitions for one. To a new group everything is ahead, and known.
    const { state } = await api.streamInfo(subjects.log);
    const many = mayBeMany(state) && state.last_seq - at > AHEAD;
    const most = view.head === null ? SCAN_LIMIT : many ? AHEAD_OF_MANY : AHEAD;
    const first = await api.readMany(subjects.log, null, at + 1, most, { headersOnly: true });
    const exact = first.length < most;
    const last = exact || view.head === null ? [] : await api.readMany(subjects.log, null, Math.max((first.at(-1)?.seq ?? at) + 1, state.last_seq - LAST), LAST, { headersOnly: true });
    const ahead = new Map<string, number>();
    for (const message of [...first, ...last]) {
      const partition = subjects.isMessage(message.subject) ? message.place.partition : null;
      if (partition !== null && view.isUntouched(message) && !isExpired(message, view.now)) ahead.set(partition, (ahead.get(partition) ?? 0) + 1);
    }
    const each = (state.last_seq - at) / Math.max(1, first.length + last.length);
    return new Backlog(engine, subjects, view, ahead, exact, Math.max(1, each));
  }

  /** As far as the record and the messages looked at tell. */
  lagOf(name: string): number {
    return (this.#view.parts.get(name)?.n ?? 0) + (this.#ahead.get(name) ?? 0);
  }

  /** Partitions that the group waits for, or is to come to next. */
  known(): Ranked[] {
    const names = new Set([...this.#view.parts.keys(), ...this.#ahead.keys()]);
    return [...names].map((name) => ({ name, lag: this.lagOf(name), messages: null }));
  }

  /** All partitions: exactly, or by an estimate of each. */
  async ranked(names: Names): Promise<Ranked[]> {
    const all = [...names].map(([name, messages]) => ({ name, messages }));
    if (this.exact) return all.map(({ name, messages }) => ({ name, messages, lag: this.lagOf(name) }));
    if (all.length <= COUNTED) return pipelined(all, async ({ name, messages }) => ({ name, messages, lag: await this.#countLag(name, Infinity, messages) }));
    return all.map(({ name, messages }) => ({ name, messages, lag: this.#estimate(name, messages) }));
  }

  /** As if the entries that weren't looked at were like those that were; what isn't among them has few. */
  #estimate(name: string, messages: number): number {
    if (this.#view.head === null) return messages;
    const seen = this.#ahead.get(name) ?? 0;
    return Math.min(messages, (this.#view.parts.get(name)?.n ?? 0) + (seen === 0 ? 0 : Math.round(seen * this.#each)));
  }

  /** For those that are shown everything is exact. */
  async infos(shown: readonly Ranked[]): Promise<PartitionInfo[]> {
    return pipelined(shown, (one) => this.#info(one));
  }

  async #info({ name, lag, messages }: Ranked): Promise<PartitionInfo> {
    const { api } = this.#engine;
    const { log } = this.#subjects;
    const [last, stored] = await Promise.all([api.read(log, { last_by_subj: this.#subjects.partition(name) }), messages ?? this.#countAll(name)]);
    const behind = this.exact ? lag : await this.#countLag(name, last?.seq ?? 0, stored);
    const part = this.#view.parts.get(name);
    const lease = part?.lease !== undefined && part.lease.ends > this.#view.now ? part.lease : undefined;
    const lastPushedAt = last === undefined ? null : LogMessage.ofStored(last).at;
    return {
      name,
      messages: stored,
      lag: behind,
      leased: lease !== undefined,
      readyAt: behind === 0 ? null : (lease?.ends ?? part?.ready ?? lastPushedAt),
      lastPushedAt,
    };
  }

  /** From the server's list of subjects, which it has in memory. */
  async #countAll(name: string): Promise<number> {
    const found = await this.#engine.api.subjects(this.#subjects.log, this.#subjects.partition(name));
    return [...found.values()].reduce((sum, n) => sum + n, 0);
  }

  /** @param last sequence of its last message; @param stored how many it has */
  async #countLag(name: string, last: number, stored: number): Promise<number> {
    const part = this.#view.parts.get(name);
    const known = Math.max(this.#view.at(0), part?.tail ?? 0);
    const held = part?.n ?? 0;
    if (last <= known) return held;
    if (known === 0 || stored === 1) return held + stored;
    return held + (await this.#engine.api.countFrom(this.#subjects.log, this.#subjects.partition(name), { seq: known + 1 }));
  }
}
