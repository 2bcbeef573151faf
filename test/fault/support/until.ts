import { setTimeout as sleep } from "node:timers/promises";

/** Looks again and again until `look` gives something; fails after `deadline` ms, naming what never came. */
export async function until<T>(what: string, look: () => Promise<T | undefined | false> | T | undefined | false, deadline = 20_000): Promise<T> {
  const end = performance.now() + deadline;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > end) throw new Error(`Waited ${deadline} ms in vain: ${what}.`);
    await sleep(5);
  }
}
