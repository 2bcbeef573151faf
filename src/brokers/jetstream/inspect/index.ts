import type { Inspect } from "../../../core/index.ts";
import { QueuescopeError } from "../../../core/index.ts";
import type { Engine } from "../engine.ts";

const later = (): Promise<never> => Promise.reject(new QueuescopeError("unsupported", "Being built."));

export function inspectFacet(engine: Engine): Inspect {
  void engine;
  return { peek: later, browse: later, read: later, exists: later, stats: later, partitions: later, groups: later, leases: later, deadLetters: later, countDeadLetters: later, deadLetter: later, traces: later, traceNames: later, metrics: later, histogram: later, health: later };
}
