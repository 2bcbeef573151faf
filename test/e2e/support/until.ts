import { setTimeout as wait } from "node:timers/promises";

const DEADLINE_MS = 60_000;

/** Polls until `read` gives something, and gives it; fails with what it was waiting for. */
export async function until<T>(what: string, read: () => Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + DEADLINE_MS;
  while (Date.now() < deadline) {
    const value = await read();
    if (value !== undefined) return value;
    await wait(50);
  }
  throw new Error(`Waited ${DEADLINE_MS / 1000} s for ${what}.`);
}
