import { isQueuescopeError, QueuescopeError } from "../../core/index.ts";
import type { GroupStart } from "../../core/index.ts";
import type { Definition } from "./definition.ts";
import { Effects } from "./effects.ts";
import type { Work } from "./ending.ts";
import type { Engine } from "./engine.ts";
import { finishIntents } from "./follow-up.ts";
import { GroupState } from "./group-state.ts";
import type { Ending } from "./history.ts";
import { Log } from "./log.ts";
import type { Acknowledged } from "./publisher.ts";
import { Reader } from "./reader.ts";
import { GroupRecord } from "./record.ts";
import type { Intent } from "./record.ts";
import { RecordStore } from "./record-store.ts";
import type { Loaded } from "./record-store.ts";
import { Shelves } from "./shelves.ts";
import { Subjects } from "./subjects.ts";
import { isCrowded } from "./taking.ts";

const TRIES = 200;

/** One operation on a group's record: it changes the state, or finds that it can't. */
export interface Operation<T> {
  readonly queue: Definition;
  /** Runs on each state anew until a commit is stored; throws before it changes anything, or not at all. */
  apply(work: Work): T;
  /** Whether this answer may come from an old state, and is to be checked against the stored one. */
  readonly unsure?: (value: T) => boolean;
}

export interface Performed<T> {
  readonly value: T;
  /** What became of the intents that were made: dead letters and pushes. */
  readonly done: ReadonlyMap<string, Acknowledged>;
}

interface Queued {
  readonly operation: Operation<unknown>;
  /** `undefined`: the group doesn't exist any more. */
  readonly resolve: (performed: Performed<unknown> | undefined) => void;
  readonly reject: (error: unknown) => void;
}

interface Outcome {
  readonly value: unknown;
  readonly effects: Effects;
}

/**
 * A group's record in this process, with the messages read ahead of its pops. What comes while a commit is under way
 * goes into the next one together; when somebody else's commit came first, the record is loaded anew and everything
 * applied again.
 */
export class GroupSession {
  readonly group: string;
  readonly subjects: Subjects;
  readonly log: Log;
  readonly shelves = new Shelves();
  readonly #engine: Engine;
  readonly #store: RecordStore;
  readonly #subject: string;
  readonly #readers = new Map<number, Reader>();
  #forgotten = 0;
  readonly #queue: Queued[] = [];
  readonly #wakers = new Set<() => void>();
  #loaded: Loaded | undefined;
  #state: GroupState | undefined;
  #working: Promise<void> | undefined;
  /** Intents of whoever was here before, and may have come no further. */
  #leftOver: string[] = [];
  /** Moves of the group that what is in memory was read after. */
  #seeks = 0;

  constructor(engine: Engine, queue: string, group: string) {
    this.#engine = engine;
    this.group = group;
    this.subjects = new Subjects(queue);
    this.log = new Log(engine.api, this.subjects);
    this.#store = new RecordStore(engine.api, engine.publisher, this.subjects.state);
    this.#subject = this.subjects.group(group);
  }

  /** Makes the group, if it isn't there yet: it starts at `start`. Of several at once one makes it. */
  async ensure(queue: Definition, start: GroupStart): Promise<void> {
    if (this.#state !== undefined || (await this.run({ queue, apply: () => true })) !== undefined) return;
    const from = await this.startOf(start);
    const fresh = GroupRecord.starting(start, from, queue.paused);
    for (const seq of await this.edits()) fresh.edited.set(seq, 1);
    await this.#store.commit(this.#subject, { record: fresh, seq: 0, chain: [], ids: [], by: null, bytes: 0, snapshotBytes: 0 }, null);
  }

  /** Of all messages that have an overlay. */
  async edits(): Promise<number[]> {
    const edited = await this.#engine.api.subjects(this.subjects.state, this.subjects.edit("*"));
    return [...edited.keys()].map((subject) => Number(subject.split(".").at(-1)));
  }

  /** The last sequence before the start. */
  async startOf(start: GroupStart): Promise<number> {
    if (start === "all") return 0;
    if (start === "new") return this.log.last();
    return (await this.log.firstSince(start)) - 1;
  }

  /** `undefined` when the group doesn't exist. */
  run<T>(operation: Operation<T>): Promise<Performed<T> | undefined> {
    // Only the work below loads and stores: a state that changed hands in between would be stored over a newer one.
    return new Promise<Performed<T> | undefined>((resolve, reject) => {
      this.#queue.push({ operation: operation as Operation<unknown>, resolve: resolve as Queued["resolve"], reject });
      this.#working ??= this.#work();
    });
  }

  /** Those of the ids that are still to be done. */
  async intents(queue: Definition, ids: readonly string[]): Promise<Map<string, Intent>> {
    const found = await this.run({ queue, apply: ({ state }) => new Map(ids.flatMap((id) => {
      const intent = state.record.intents.get(id);
      return intent === undefined ? [] : [[id, intent] as const];
    })) });
    return found?.value ?? new Map<string, Intent>();
  }

  /** The record as it is stored now; `undefined` when the group doesn't exist. */
  async record(queue: Definition): Promise<GroupRecord | undefined> {
    return (await this.run({ queue, apply: ({ state }) => state.record, unsure: () => true }))?.value;
  }

  /** Messages that live leases of the group hold. */
  async leasedNow(queue: Definition): Promise<number[]> {
    const found = await this.run({
      queue, unsure: () => true,
      apply: ({ state: { record }, now }) => [...record.leases.values(), ...[...record.parts.values()].flatMap(({ lease }) => lease ?? [])].filter(({ ends }) => ends > now).flatMap(({ open }) => open),
    });
    return found?.value ?? [];
  }

  /** @param alone the queue has had messages of no other priority */
  reader(priority: number, alone = false): Reader {
    const known = this.#readers.get(priority);
    if (known !== undefined) return known;
    const made = new Reader(this.#engine.api, this.subjects.log, this.subjects.lane(priority), this.#state?.record.at(priority) ?? 0, alone, () => { this.wake(); }, this.#engine.onError);
    this.#readers.set(priority, made);
    return made;
  }

  /** Until the stream's messages are in memory, and then `true`; or as many as a pop can take. */
  async readAhead(priorities: readonly number[], count: number): Promise<boolean> {
    const read = await Promise.all(priorities.map(async (priority) => {
      const reader = this.reader(priority, priorities.length === 1);
      const enough = (): boolean => reader.countAfter(this.#state?.record.at(priority) ?? 0) >= count;
      return !enough() && reader.catchUp(enough);
    }));
    return !read.includes(false);
  }

  /** How often messages that were read ahead were forgotten, since the group stood elsewhere. */
  get forgotten(): number {
    return this.#forgotten;
  }

  get isCrowded(): boolean {
    return this.#state !== undefined && isCrowded(this.#state.record, this.#engine.recordBytes);
  }

  /** A message is gone, by whoever's hand: nothing waits for it. */
  async forgetMessage(queue: Definition, seq: number): Promise<void> {
    await this.run({ queue, apply: ({ state }) => { state.deleteBack(seq); } });
  }

  /** When something changes without anybody's doing; `Infinity` when nothing does. */
  get nextChange(): number {
    return this.#state?.nextChange ?? Infinity;
  }

  /** Who waits for messages looks again. */
  wake(): void {
    for (const wake of [...this.#wakers]) wake();
  }

  onWake(wake: () => void): () => void {
    this.#wakers.add(wake);
    return () => this.#wakers.delete(wake);
  }

  restartReaders(): void {
    for (const reader of this.#readers.values()) reader.restart();
  }

  close(): void {
    for (const reader of this.#readers.values()) reader.stop();
    this.#readers.clear();
    this.wake();
  }

  async #load(): Promise<GroupState | undefined> {
    const loaded = await this.#store.load(this.#subject);
    this.#loaded = loaded;
    this.#leftOver = [...(loaded?.record.intents.keys() ?? [])];
    this.#state = loaded === undefined ? undefined : this.#stateOf(loaded);
    return this.#state;
  }

  #stateOf({ record }: Loaded): GroupState {
    const state = new GroupState(this.group, record);
    state.onSettled = (partition) => { this.shelves.drop(partition); };
    this.#refresh(record);
    return state;
  }

  /** Forgets what was read ahead, where the group stands elsewhere by now. */
  #refresh(record: GroupRecord): void {
    const moved = (record.head.seeks ?? 0) !== this.#seeks;
    if (moved) this.shelves.clear();
    this.#seeks = record.head.seeks ?? 0;
    for (const [priority, reader] of this.#readers) {
      if (!moved && reader.serves(record.at(priority))) continue;
      reader.stop();
      this.#readers.delete(priority);
      this.#forgotten += 1;
    }
  }

  async #work(): Promise<void> {
    // What is called in the same turn goes into one commit.
    await Promise.resolve();
    while (this.#queue.length > 0) await this.#perform(this.#queue.splice(0, 1_000));
    this.#working = undefined;
  }

  async #perform(queued: readonly Queued[]): Promise<void> {
    let left = queued;
    let checked = false;
    for (let tries = 0; tries < TRIES && left.length > 0; tries++) {
      let state: GroupState | undefined;
      try {
        state = this.#state ?? (await this.#load());
      } catch (error) {
        for (const { reject } of left) reject(error);
        return;
      }
      if (state === undefined) {
        for (const { resolve } of left) resolve(undefined);
        return;
      }
      const ending = this.#engine.history.ending(state.record);
      const outcomes = this.#apply(state, left);
      if (ending !== undefined && state.record.changed) state.record.change({ minute: ending.next });
      if (outcomes.some(({ failed }) => failed !== undefined)) {
        // It may be said of an old state.
        if (!checked && !(await this.#isCurrent().catch(() => true))) {
          this.#forget();
          checked = true;
          continue;
        }
        for (const { queued: one, failed } of outcomes) if (failed !== undefined) one.reject(failed.error);
        left = outcomes.filter(({ failed }) => failed === undefined).map(({ queued: one }) => one);
        this.#forget();
        continue;
      }
      try {
        const done = await this.#conclude(state, outcomes, checked, ending);
        if (done === "again") {
          checked = this.#state !== undefined;
          await this.#pause(tries);
          continue;
        }
      } catch (error) {
        this.#forget();
        if (isQueuescopeError(error, "payload-too-large")) await this.#performLess(left, error);
        else for (const { reject } of left) reject(error);
      }
      return;
    }
    for (const { reject } of left) reject(new QueuescopeError("busy", `The group ${this.group} is changed by others all the time. Try again.`));
  }

  /** Together they are too large to be stored: by halves, until only what is too large alone is refused. */
  async #performLess(queued: readonly Queued[], cause: QueuescopeError): Promise<void> {
    if (queued.length === 1) {
      queued[0]?.reject(new QueuescopeError("payload-too-large", "What this call stores at once is more than one message of this NATS server takes (max_payload). Nothing of it was stored: settle or push fewer in one call, give shorter errors, or raise max_payload.", { cause }));
      return;
    }
    const half = Math.ceil(queued.length / 2);
    await this.#perform(queued.slice(0, half));
    await this.#perform(queued.slice(half));
  }

  #apply(state: GroupState, left: readonly Queued[]): { queued: Queued; outcome: Outcome; failed: { error: unknown } | undefined }[] {
    const now = this.#engine.now();
    return left.map((queued) => {
      const effects = new Effects(queued.operation.queue);
      try {
        return { queued, outcome: { value: queued.operation.apply({ state, queue: queued.operation.queue, crypt: this.#engine.crypt, now, effects, room: this.#engine.recordBytes }), effects }, failed: undefined };
      } catch (error) {
        return { queued, outcome: { value: undefined, effects }, failed: { error } };
      }
    });
  }

  async #conclude(state: GroupState, outcomes: readonly { queued: Queued; outcome: Outcome }[], checked: boolean, ending: Ending | undefined): Promise<"done" | "again"> {
    const loaded = this.#loaded;
    if (loaded === undefined) return "again";
    if (!state.record.changed) {
      const unsure = outcomes.some(({ queued: { operation }, outcome }) => operation.unsure?.(outcome.value) ?? false);
      if (unsure && !checked && !(await this.#isCurrent())) {
        this.#forget();
        return "again";
      }
      for (const { queued, outcome } of outcomes) queued.resolve({ value: outcome.value, done: new Map() });
      return "done";
    }
    const committed = await this.#store.commit(this.#subject, loaded, this.#engine.ownership.owns(this) ? this.#engine.ownership.id : null);
    if (committed.state === "conflict") {
      this.#forget();
      await this.#load();
      this.#engine.ownership.met(this, this.#loaded?.by ?? null);
      return "again";
    }
    if (committed.state === "stored") {
      this.#loaded = committed.stored;
      this.#refresh(state.record);
      for (const [priority, reader] of this.#readers) reader.trim(state.record.at(priority));
    } else {
      this.#forget();
    }
    for (const { queued, outcome } of outcomes) {
      this.#engine.history.count(this.group, outcome.effects);
      this.#follow(queued, outcome);
    }
    this.#engine.changed(this.subjects);
    this.wake();
    const [first] = outcomes;
    if (first !== undefined) {
      this.#finishLeftOver(first.queued.operation.queue);
      if (ending !== undefined) this.#engine.history.keep(first.queued.operation.queue, this.group, ending);
    }
    return "done";
  }

  async #isCurrent(): Promise<boolean> {
    return this.#loaded !== undefined && this.#store.isCurrent(this.#subject, this.#loaded.seq);
  }

  #finishLeftOver(queue: Definition): void {
    const ids = this.#leftOver.splice(0);
    if (ids.length === 0) return;
    finishIntents(this.#engine, this, queue, ids).catch((error: unknown) => {
      this.#leftOver.push(...ids);
      this.#engine.onError(error);
    });
  }

  /** Does what the commit leaves to be done, then answers; the next commit doesn't wait for it. */
  #follow(queued: Queued, { value, effects }: Outcome): void {
    if (effects.events.length === 0 && effects.intents.length === 0 && effects.over.length === 0) {
      queued.resolve({ value, done: new Map() });
      return;
    }
    this.#engine.follow(this, effects).then(
      (done) => { queued.resolve({ value, done }); },
      (error: unknown) => {
        this.#leftOver.push(...effects.intents);
        queued.reject(error);
      },
    );
  }

  /** The state is read anew when it is needed next. */
  #forget(): void {
    this.#state = undefined;
    this.#loaded = undefined;
  }

  /** Writers that meet get out of step. */
  async #pause(tries: number): Promise<void> {
    if (tries > 0) await new Promise((resolve) => { setTimeout(resolve, Math.random() * Math.min(50, 2 ** tries)); });
  }
}
