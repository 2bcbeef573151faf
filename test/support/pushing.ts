import { setTimeout as sleep } from "node:timers/promises";
import type { Broker } from "../../src/core/index.ts";

export interface Load {
  readonly queue: string;
  readonly perSecond: number;
  readonly messages: number;
  /** Ends it before. */
  readonly signal?: AbortSignal;
}

const STEP_MS = 20;

/** Pushes at a steady rate, in a batch each 20 ms; what a slow machine missed is made up. @returns the ids, in order */
export async function pushSteadily(broker: Broker, { queue, perSecond, messages, signal }: Load): Promise<string[]> {
  const start = performance.now();
  const ids: string[] = [];
  while (ids.length < messages && signal?.aborted !== true) {
    const due = Math.min(messages, Math.ceil(((performance.now() - start + STEP_MS) * perSecond) / 1000));
    const batch = Array.from({ length: Math.min(1000, due - ids.length) }, (_, n) => ({ payload: { encoding: "json", bytes: new TextEncoder().encode(`{"n":${ids.length + n}}`) } as const }));
    if (batch.length > 0) ids.push(...(await broker.messages.push(queue, batch)).map(({ id }) => id));
    await sleep(STEP_MS);
  }
  return ids;
}
