import type { Subscription } from "@nats-io/transport-node";
import type { Link } from "./api.ts";
import { META, NOTICES } from "./subjects.ts";
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
  #subscriptions: Subscription[] = [];

  constructor(link: Link) {
    this.#link = link;
  }

  listen(listener: (notice: Notice) => void): () => void {
    this.#listeners.add(listener);
    if (this.#subscriptions.length === 0) this.#subscribe();
    return () => this.#listeners.delete(listener);
  }

  #subscribe(): void {
    const { nc } = this.#link;
    const hear = (notice: Notice): void => { for (const listener of [...this.#listeners]) listener(notice); };
    this.#subscriptions = [
      nc.subscribe(NOTICES, {
        callback: (error, message) => {
          if (error !== null) return;
          const due = message.data.length > 0 ? Number(message.string()) : undefined;
          hear({ queue: message.subject.slice("qs-n.".length), ...(due !== undefined && Number.isFinite(due) ? { due } : {}) });
        },
      }),
      // Definitions and workers tell of themselves, as they are stored.
      nc.subscribe(META, { callback: (error, message) => { if (error === null) hear({ queue: message.subject.split(".")[2] ?? "" }); } }),
    ];
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
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
    for (const [notice, { again, timer }] of this.#resting) {
      clearTimeout(timer);
      if (again && !this.#link.nc.isClosed() && !this.#link.nc.isDraining()) this.#link.nc.publish(notice);
    }
    this.#resting.clear();
  }
}
