import { DEFAULT_GROUP } from "../../core/index.ts";
import type { Inspect } from "../../core/index.ts";
import { browse } from "./browse.ts";
import type { Local } from "./context.ts";
import { deadQueues } from "./dead-counts.ts";
import { countDeadLetters, deadLetter, deadLetters } from "./dead-letters.ts";
import { checkedFilter, checkedIds, checkedNames, checkedObject, checkedStart, groupName } from "../../core/index.ts";
import { health } from "./health.ts";
import { histogram } from "./histogram.ts";
import { messageNotFound } from "./ids.ts";
import { leases } from "./lease-list.ts";
import { findMessage, messageExists, MessageReader } from "./lookup.ts";
import { metrics } from "./metrics.ts";
import { partitions } from "./partitions.ts";
import { peek } from "./peek.ts";
import { requireQueue } from "./queue-row.ts";
import { seekPreview } from "./seek-preview.ts";
import { groupInfos, stats } from "./stats.ts";
import { traceNames, traces } from "./traces.ts";

/** Changes nothing: every call is one or a few read transactions, each bounded. */
export function inspectFacet({ store, crypt }: Local): Inspect {
  const { unseal } = crypt;
  return {
    peek: async (queue, request = {}) => store.read((tx) => peek(tx, requireQueue(tx, queue), checkedNames(request), unseal)),
    browse: async (queue, request = {}) => store.read((tx) => browse(tx, requireQueue(tx, queue), checkedFilter(request), unseal)),
    async read(id, group = DEFAULT_GROUP) {
      checkedNames({ group });
      return store.read((tx) => {
        const found = findMessage(tx, id);
        if (found === undefined) throw messageNotFound(id);
        const reader = new MessageReader(tx, found.queue, group, unseal);
        return found.message === undefined ? reader.shownScheduled(found.scheduled) : reader.shown(found.message);
      });
    },
    exists: async (ids) => store.read((tx) => checkedIds(ids).filter((id) => messageExists(tx, id))),
    stats: (queue) => store.read((tx) => stats(tx, requireQueue(tx, queue))),
    partitions: async (queue, request = {}) => partitions(store, queue, checkedNames(request)),
    async seekPreview(queue, group, to) {
      const [name, start] = [groupName(group), checkedStart(to)];
      return store.read((tx) => seekPreview(tx, requireQueue(tx, queue), name, start));
    },
    groups: (queue) => store.read((tx) => groupInfos(tx, requireQueue(tx, queue))),
    leases: async (queue, request = {}) => store.read((tx) => leases(tx, requireQueue(tx, queue), checkedNames(request), unseal)),
    deadLetters: async (queue, request = {}) => store.read((tx) => deadLetters(tx, requireQueue(tx, queue), checkedFilter(request), unseal)),
    countDeadLetters: async (queue, filter = {}) => countDeadLetters(store, queue, checkedFilter(filter), unseal),
    deadQueues: async (request = {}) => deadQueues(store, checkedObject(request)),
    deadLetter: (id) => store.read((tx) => deadLetter(tx, id, unseal)),
    traces: async (request) => store.read((tx) => traces(tx, checkedObject(request), unseal)),
    traceNames: async (request = {}) => store.read((tx) => traceNames(tx, checkedObject(request))),
    metrics: async (queue, request) => store.read((tx) => metrics(tx, requireQueue(tx, queue), checkedNames(request))),
    histogram: async (queue, request) => store.read((tx) => histogram(tx, requireQueue(tx, queue), checkedObject(request))),
    health: () => health(store, crypt),
  };
}
