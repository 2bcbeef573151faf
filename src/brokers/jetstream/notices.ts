import type { Subscription } from "@nats-io/transport-node";
import type { Link } from "./api.ts";
import { NOTICES } from "./subjects.ts";
import type { Subjects } from "./subjects.ts";

/** Somebody changed a queue; `due`: a message was scheduled for then. */
export interface Notice {
  readonly queue: string;
  readonly due?: number;
}

/** Of a notice that is meant for all; no queue's token looks so. */
export const EVERY_QUEUE = "=all";

/** Milliseconds between two notices of the same queue by this process. */
const PAUSE = 20;

/** Tells who watches that a queue has changed, over core NATS: a hint that may be lost, and costs nothing while idle. */
export class Notices {
  readonly #link: Link;
  readonly #listeners = new Set<(notice: Notice) => void>();
  readonly #resting = new Map<string, { again: boolean; timer: NodeJS.Timeout }>();
  #subscription: Subscription | undefined;

  constructor(link: Link) {
    this.#link = link;
  }

  listen(listener: (notice: Notice) => void): () => void {
    this.#listeners.add(listener);
    this.#subscription ??= this.#link.nc.subscribe(NOTICES, {
      callback: (error, message) => {
        if (error !== null) return;
        const due = message.data.length > 0 ? Number(message.string()) : undefined;
        const notice = { queue: message.subject.slice("qs-n.".length), ...(due !== undefined && Number.isFinite(due) ? { due } : {}) };
        for (const tell of [...this.#listeners]) tell(notice);
      },
    });
    return () => this.#listeners.delete(listener);
  }

  /** At once, then at most every 20 ms; a due time always at once. */
  tell({ notice }: Subjects, due?: number): void {
    if (this.#link.nc.isClosed() || this.#link.nc.isDraining()) return;
    if (due !== undefined) {
      this.#link.nc.publish(notice, String(due));
      return;
    }
    const resting = this.#resting.get(notice);
    if (resting !== undefined) {
      resting.again = true;
      return;
    }
    this.#link.nc.publish(notice);
    this.#rest(notice);
  }

  #rest(notice: string): void {
    const timer = setTimeout(() => {
      const again = this.#resting.get(notice)?.again === true;
      this.#resting.delete(notice);
      if (!again || this.#link.nc.isClosed() || this.#link.nc.isDraining()) return;
      this.#link.nc.publish(notice);
      this.#rest(notice);
    }, PAUSE);
    this.#resting.set(notice, { again: false, timer });
  }

  close(): void {
    this.#subscription?.unsubscribe();
    for (const [notice, { again, timer }] of this.#resting) {
      clearTimeout(timer);
      if (again && !this.#link.nc.isClosed() && !this.#link.nc.isDraining()) this.#link.nc.publish(notice);
    }
    this.#resting.clear();
  }
}
