import { SCAN_LIMIT } from "../../../core/index.ts";
import type { PartitionInfo } from "../../../core/index.ts";
import type { Definition } from "../definition.ts";
import type { Engine } from "../engine.ts";
import { LogMessage } from "../message.ts";
import { Subjects } from "../subjects.ts";
import type { Names } from "./partition-names.ts";
import { isExpired, pipelined } from "./reading.ts";
import type { GroupView } from "./view.ts";

/** So many partitions are counted one by one, where estimates are all there is. */
const COUNTED = 150;

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
  readonly #exact: boolean;
  /** Of all messages with a partition, those ahead. */
  readonly #share: number;

  private constructor(engine: Engine, subjects: Subjects, view: GroupView, ahead: ReadonlyMap<string, number>, exact: boolean, share: number) {
    this.#engine = engine;
    this.#subjects = subjects;
    this.#view = view;
    this.#ahead = ahead;
    this.#exact = exact;
    this.#share = share;
  }

  static async read(engine: Engine, queue: Definition, view: GroupView): Promise<Backlog> {
    const { api } = engine;
    const subjects = new Subjects(queue.name);
    const from = view.at(0) + 1;
    const messages = await api.readMany(subjects.log, subjects.allPartitions, from, SCAN_LIMIT, { headersOnly: true });
    const ahead = new Map<string, number>();
    for (const message of messages) {
      const { partition } = message.place;
      if (partition !== null && view.isUntouched(message) && !isExpired(message, view.now)) ahead.set(partition, (ahead.get(partition) ?? 0) + 1);
    }
    if (messages.length < SCAN_LIMIT) return new Backlog(engine, subjects, view, ahead, true, 0);
    const [all, waiting] = await Promise.all([1, from].map((seq) => api.countFrom(subjects.log, subjects.allPartitions, { seq })));
    return new Backlog(engine, subjects, view, ahead, false, (waiting ?? 0) / Math.max(1, all ?? 0));
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
    if (this.#exact) return all.map(({ name, messages }) => ({ name, messages, lag: this.lagOf(name) }));
    if (all.length <= COUNTED) return pipelined(all, async ({ name, messages }) => ({ name, messages, lag: await this.#countLag(name) }));
    return all.map(({ name, messages }) => ({ name, messages, lag: Math.max(this.lagOf(name), Math.round(messages * this.#share)) }));
  }

  /** For those that are shown everything is exact. */
  async infos(shown: readonly Ranked[]): Promise<PartitionInfo[]> {
    return pipelined(shown, (one) => this.#info(one));
  }

  async #info({ name, lag, messages }: Ranked): Promise<PartitionInfo> {
    const { api } = this.#engine;
    const { log } = this.#subjects;
    const filter = this.#subjects.partition(name);
    const [last, behind, stored] = await Promise.all([
      api.read(log, { last_by_subj: filter }),
      this.#exact ? lag : this.#countLag(name),
      messages ?? api.countFrom(log, filter, { seq: 1 }),
    ]);
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

  async #countLag(name: string): Promise<number> {
    const part = this.#view.parts.get(name);
    const from = Math.max(this.#view.at(0), part?.tail ?? 0) + 1;
    return (part?.n ?? 0) + (await this.#engine.api.countFrom(this.#subjects.log, this.#subjects.partition(name), { seq: from }));
  }
}
