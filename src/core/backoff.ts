import type { BackoffOption } from "./options.ts";

/**
 * Milliseconds to wait before the retry that follows charge number `charges` (1 = the first failure).
 * fixed: d; linear: d * n; exponential: d * 2^(n-1); list: its n-th entry, the last one repeats.
 * `max` caps before jitter; jitter j spreads evenly over [1 - j, 1 + j].
 * @param random a number in [0, 1)
 */
export function backoffDelay(backoff: BackoffOption, retryDelay: number, charges: number, random: number): number {
  const n = Math.max(1, charges);
  const capped = Math.min(baseDelay(backoff, retryDelay, n), backoff.max);
  return Math.round(capped * (1 - backoff.jitter + 2 * backoff.jitter * random));
}

function baseDelay(backoff: BackoffOption, retryDelay: number, n: number): number {
  switch (backoff.kind) {
    case "fixed":
      return retryDelay;
    case "linear":
      return retryDelay * n;
    case "exponential":
      return retryDelay * 2 ** Math.min(n - 1, 52);
    case "list":
      return backoff.delays[Math.min(n, backoff.delays.length) - 1] ?? retryDelay;
  }
}
