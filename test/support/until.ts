import { setTimeout as sleep } from "node:timers/promises";

/** Waits until the answer is neither false nor undefined; fails, saying what was waited for, after 20 s or the patience given. */
export async function until<T>(what: string, ask: () => T | Promise<T>, seconds = 20): Promise<Exclude<T, false | undefined | null>> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await ask();
    if (answer !== false && answer !== undefined && answer !== null) return answer as Exclude<T, false | undefined | null>;
    if (Date.now() > deadline) throw new Error(`Waited in vain for ${what}.`);
    await sleep(20);
  }
}
