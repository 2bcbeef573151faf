import type { Inspect } from "../../../core/index.ts";
import { checkedFilter, QueuescopeError } from "../../../core/index.ts";
import type { Engine } from "../engine.ts";
import { countDeadLetters, deadLetter, deadLetters } from "./dead-letters.ts";

const later = (): Promise<never> => Promise.reject(new QueuescopeError("unsupported", "Being built."));

export function inspectFacet(engine: Engine): Inspect {
  const { catalog } = engine;
  return {
    peek: later,
    browse: later,
    read: later,
    exists: later,
    stats: later,
    partitions: later,
    groups: later,
    leases: later,
    async deadLetters(queue, request = {}) {
      checkedFilter(request);
      return deadLetters(engine, await catalog.need(queue), request);
    },
    async countDeadLetters(queue, filter = {}) {
      checkedFilter(filter);
      return countDeadLetters(engine, await catalog.need(queue), filter);
    },
    deadLetter: async (id) => deadLetter(engine, id),
    traces: later,
    traceNames: later,
    metrics: later,
    histogram: later,
    health: later,
  };
}
