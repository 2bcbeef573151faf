import { setTimeout as sleep } from "node:timers/promises";
import { isQueuescopeError } from "../core/index.ts";
import type { Broker, ErrorCode } from "../core/index.ts";

const PASSING: readonly ErrorCode[] = ["busy", "unavailable", "storage-full"];

/** Whether the same call may succeed a moment later. */
export function isPassing(error: unknown): boolean {
  return isQueuescopeError(error) && PASSING.includes(error.code) && !error.ended;
}

/** Resolves after this long, or when the signal is aborted. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(milliseconds, null, { signal }).catch((error: unknown) => { if (!signal.aborted) throw error; });
}

/** Whoever creates the queue wakes this up; the timer is for a watch that misses it. */
const LOOK_AGAIN = 5_000;

/** Resolves when the queue exists or the signal is aborted. */
export async function queueAppears(broker: Broker, queue: string, signal: AbortSignal): Promise<void> {
  const bell = new Bell();
  const ring = (): void => { bell.ring(); };
  const watch = broker.watch(ring);
  signal.addEventListener("abort", ring, { once: true });
  try {
    while (!signal.aborted && !(await exists(broker, queue))) await bell.heard(LOOK_AGAIN);
  } finally {
    watch.close();
    signal.removeEventListener("abort", ring);
  }
}

/** A ring that nobody waits for is heard by the next one who does. */
class Bell {
  #rung = false;
  #answer: (() => void) | null = null;

  ring(): void {
    this.#rung = true;
    this.#answer?.();
  }

  async heard(within: number): Promise<void> {
    if (!this.#rung) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, within);
        this.#answer = (): void => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#answer = null;
    this.#rung = false;
  }
}

async function exists(broker: Broker, queue: string): Promise<boolean> {
  try {
    await broker.queues.get(queue);
    return true;
  } catch (error) {
    if (isQueuescopeError(error, "queue-not-found") || isPassing(error)) return false;
    throw error;
  }
}
