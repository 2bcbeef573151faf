import type { Definition } from "../definition.ts";
import type { Engine } from "../engine.ts";
import { retire } from "./retire.ts";
import { sweep } from "./sweep.ts";
import type { SweptTo } from "./sweep.ts";

/** Milliseconds between two looks at the clock: they cost nothing. */
const EVERY = 1_000;
/** Who has neither pushed nor popped for so long leaves the work to others. */
const ACTIVE = 60_000;
/** Milliseconds between two looks at a queue with more to do; and, where what is old has to stay, ever longer ones. */
const SOON = 1_000;
const LONGEST = 60_000;
const SWEEP_EVERY = 60_000;

interface Kept {
  readonly queue: Definition;
  usedAt: number;
  /** By the engine's clock. */
  next: number;
  pause: number;
  sweptAt: number;
  /** `null`: to the end. */
  sweptTo: SweptTo | null;
  /** Behind which message the search for those that are over goes on. */
  place: number;
}

/**
 * Work that nobody's call does: messages past their time, and what is left of those that are gone. Done now and then
 * by whoever has pushed or popped in the last minute; an idle connection asks for nothing.
 */
export class Housekeeping {
  readonly #engine: Engine;
  readonly #queues = new Map<string, Kept>();
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> | undefined;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Somebody pushes to the queue here, or pops from it. */
  used(queue: Definition): void {
    const now = performance.now();
    const known = this.#queues.get(queue.id);
    const due = this.#engine.now() + shortest(queue);
    if (known === undefined) this.#queues.set(queue.id, { queue, usedAt: now, next: Math.min(due, this.#engine.now() + SOON), pause: SOON, sweptAt: now, sweptTo: null, place: 0 });
    else {
      known.usedAt = now;
      known.next = Math.min(known.next, due);
    }
    if (this.#timer !== undefined) return;
    this.#timer = setInterval(() => { this.#tick(); }, EVERY);
    this.#timer.unref();
  }

  /** Of a queue that is gone. */
  drop(queue: string): void {
    this.#queues.delete(queue);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#queues.clear();
    await this.#round;
  }

  #tick(): void {
    if (this.#round !== undefined) return;
    for (const [id, { usedAt }] of this.#queues) if (performance.now() - usedAt > ACTIVE) this.#queues.delete(id);
    if (this.#queues.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      return;
    }
    this.#round = this.#keep().finally(() => { this.#round = undefined; });
  }

  async #keep(): Promise<void> {
    for (const kept of [...this.#queues.values()]) {
      if (this.#timer === undefined) return;
      try {
        await this.#look(kept);
      } catch (error) {
        kept.next = this.#engine.now() + LONGEST;
        if (this.#queues.has(kept.queue.id)) this.#engine.onError(error);
      }
    }
  }

  async #look(kept: Kept): Promise<void> {
    if (this.#engine.now() >= kept.next) {
      const queue = await this.#engine.catalog.find(kept.queue.name);
      if (queue?.id !== kept.queue.id) {
        this.#queues.delete(kept.queue.id);
        return;
      }
      const { removed, place, due } = await retire(this.#engine, queue, kept.place);
      kept.place = place;
      kept.pause = removed > 0 || place > 0 ? SOON : Math.min(LONGEST, 2 * kept.pause);
      const now = this.#engine.now();
      // What is overdue has to stay for now: a group still needs it.
      kept.next = due > now && place === 0 ? due : now + kept.pause;
    }
    if (performance.now() - kept.sweptAt < (kept.sweptTo === null ? SWEEP_EVERY : SOON)) return;
    kept.sweptAt = performance.now();
    kept.sweptTo = await sweep(this.#engine, kept.queue, kept.sweptTo ?? undefined);
  }
}

/** How soon a message that enters now may be over. */
function shortest({ options: { ttl, retentionSeconds, completedRetentionSeconds, maxWaitTimeSeconds } }: Definition): number {
  return Math.min(Infinity, ...[ttl, retentionSeconds, completedRetentionSeconds, maxWaitTimeSeconds].filter((ms) => ms > 0));
}
