import * as z from "zod/mini";

/**
 * A call from the page to the host: what goes in, what comes out, and what is told on the way. The
 * host validates `params`, the page `result` and `progress`: neither trusts the other.
 */
export interface Method<P = unknown, R = unknown, G = unknown> {
  readonly params: z.ZodMiniType<P>;
  readonly result: z.ZodMiniType<R>;
  readonly progress: z.ZodMiniType<G>;
}

export function method<P, R>(params: z.ZodMiniType<P>, result: z.ZodMiniType<R>): Method<P, R, never> {
  return { params, result, progress: z.never() };
}

/** One that takes its time: it tells how far it is, and can be cancelled. */
export function longMethod<P, R, G>(params: z.ZodMiniType<P>, result: z.ZodMiniType<R>, progress: z.ZodMiniType<G>): Method<P, R, G> {
  return { params, result, progress };
}
