import type { Inspect } from "../../../core/index.ts";
import { checkedFilter, checkedIds, checkedNames, checkedObject, checkedStart, groupName } from "../../../core/index.ts";
import type { Engine } from "../engine.ts";
import { browse } from "./browse.ts";
import { countDeadLetters, deadLetter, deadLetters, deadQueues } from "./dead-letters.ts";
import { exists, read } from "./find.ts";
import { health } from "./health.ts";
import { histogram } from "./histogram.ts";
import { leases } from "./lease-list.ts";
import { metrics } from "./metrics.ts";
import { partitions } from "./partitions.ts";
import { peek } from "./peek.ts";
import { seekPreview } from "./seek-preview.ts";
import { groups, stats } from "./stats.ts";
import { traceNames } from "./trace-names.ts";
import { traces } from "./traces.ts";

export function inspectFacet(engine: Engine): Inspect {
  const { catalog } = engine;
  return {
    peek: async (queue, request = {}) => peek(engine, await catalog.need(queue), checkedNames(request)),
    browse: async (queue, request = {}) => browse(engine, await catalog.need(queue), checkedFilter(request)),
    async read(id, group) {
      checkedNames({ group });
      return read(engine, id, group);
    },
    exists: async (ids) => exists(engine, checkedIds(ids)),
    stats: async (queue) => stats(engine, await catalog.need(queue)),
    partitions: async (queue, request = {}) => partitions(engine, await catalog.need(queue), checkedNames(request)),
    async seekPreview(queue, group, to) {
      const [name, start] = [groupName(group), checkedStart(to)];
      return seekPreview(engine, await catalog.need(queue), name, start);
    },
    groups: async (queue) => groups(engine, await catalog.need(queue)),
    leases: async (queue, request = {}) => leases(engine, await catalog.need(queue), checkedNames(request)),
    async deadLetters(queue, request = {}) {
      checkedFilter(request);
      return deadLetters(engine, await catalog.need(queue), request);
    },
    async countDeadLetters(queue, filter = {}) {
      checkedFilter(filter);
      return countDeadLetters(engine, await catalog.need(queue), filter);
    },
    deadQueues: async (request = {}) => deadQueues(engine, checkedObject(request)),
    deadLetter: async (id) => deadLetter(engine, id),
    traces: async (request) => traces(engine, checkedObject(request)),
    traceNames: async (request = {}) => traceNames(engine, checkedObject(request)),
    metrics: async (queue, request) => metrics(engine, await catalog.need(queue), checkedNames(request)),
    histogram: async (queue, request) => histogram(engine, await catalog.need(queue), checkedObject(request)),
    health: () => health(engine),
  };
}
