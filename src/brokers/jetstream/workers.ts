import { checkWorker, durationMs, isQueuescopeError, listedWorkers, WORKER_REMEMBERED } from "../../core/index.ts";
import type { WorkerInfo, Workers, WorkerState } from "../../core/index.ts";
import type { Definition } from "./definition.ts";
import { endPart, heldAlone, returnOne } from "./ending.ts";
import type { Work } from "./ending.ts";
import type { Engine } from "./engine.ts";
import { META_STREAM, worker as workerSubject, WORKERS } from "./subjects.ts";

/** Milliseconds between two looks for workers that stopped long ago, by one that beats. */
const SWEEP_EVERY = 600_000;
const MOST = 10_000;
/** Queues that are looked at together for a worker's leases. */
const AT_ONCE = 20;

interface StoredBeat {
  readonly subject: string;
  readonly state: WorkerState;
  readonly at: number;
}

export function workersFacet(engine: Engine): Workers {
  let sweptAt = performance.now();
  return {
    async heartbeat(worker) {
      checkWorker(worker);
      await engine.streams.ensureMeta();
      await engine.publisher.publish({ subject: workerSubject(worker.id), data: JSON.stringify({ state: worker, at: engine.now() }) });
      if (performance.now() - sweptAt < SWEEP_EVERY) return;
      sweptAt = performance.now();
      await sweep(engine);
    },
    list: () => workerList(engine),
    async remove(id) {
      try {
        await engine.api.purge(META_STREAM, { filter: workerSubject(id) });
      } catch (error) {
        // No queue was ever made here, and no worker came.
        if (!isQueuescopeError(error, "queue-not-found")) throw error;
      }
    },
    async renewLeases(id, lease) {
      const ms = lease === undefined ? null : durationMs(lease, "lease", "ms");
      return eachGroup(engine, id, (work) => renewAll(work, id, ms ?? work.queue.options.leaseTime));
    },
    releaseLeases: (id) => eachGroup(engine, id, (work) => releaseAll(work, id)),
  };
}

/** Live ones first, then those that stopped without a word; by name. */
export async function workerList(engine: Engine): Promise<WorkerInfo[]> {
  return listedWorkers(await beats(engine), engine.now());
}

async function beats({ api }: Engine): Promise<StoredBeat[]> {
  try {
    const stored = await api.readMany(META_STREAM, WORKERS, 1, MOST);
    return stored.map(({ subject, data }) => ({ ...(JSON.parse(Buffer.from(data).toString()) as Omit<StoredBeat, "subject">), subject }));
  } catch (error) {
    if (isQueuescopeError(error, "queue-not-found")) return [];
    throw error;
  }
}

/** Those that stopped so long ago that nobody is shown them. */
async function sweep(engine: Engine): Promise<void> {
  const gone = (await beats(engine)).filter(({ at }) => at <= engine.now() - WORKER_REMEMBERED);
  await Promise.all(gone.map(({ subject }) => engine.api.purge(META_STREAM, { filter: subject })));
}

/** Acts on each group where the worker may hold leases: of the queues that it says it works on, or else of all. Answers the sum. */
async function eachGroup(engine: Engine, id: string, act: (work: Work) => number): Promise<number> {
  const [all, known] = await Promise.all([engine.catalog.all(), beats(engine)]);
  const named = known.find(({ state }) => state.id === id)?.state.queues;
  const queues = named === undefined ? all : all.filter(({ name }) => named.includes(name));
  let sum = 0;
  for (let i = 0; i < queues.length; i += AT_ONCE) {
    const counts = await Promise.all(queues.slice(i, i + AT_ONCE).map((queue) => ofQueue(engine, queue, act)));
    sum += counts.reduce((total, n) => total + n, 0);
  }
  return sum;
}

async function ofQueue(engine: Engine, queue: Definition, act: (work: Work) => number): Promise<number> {
  const counts = await Promise.all((await engine.groupNames(queue)).map(async (group) => {
    const performed = await engine.session(queue, group).run({ queue, apply: act, unsure: (count) => count === 0 });
    return performed?.value ?? 0;
  }));
  return counts.reduce((total, n) => total + n, 0);
}

/** Answers how many leases. */
function renewAll({ state, now }: Work, worker: string, ms: number): number {
  let count = 0;
  for (const [partition, part] of [...state.record.parts.entries()]) {
    if (part.lease?.worker !== worker || part.lease.ends <= now) continue;
    state.setPart(partition, { ...part, lease: { ...part.lease, ends: now + ms } });
    count += 1;
  }
  for (const [token, lease] of [...state.record.leases.entries()]) {
    if (lease.worker !== worker || lease.ends <= now) continue;
    state.setLease(token, { ...lease, ends: now + ms });
    count += 1;
  }
  return count;
}

/** As if the worker had released each of its messages. Answers how many. */
function releaseAll(work: Work, worker: string): number {
  const { state, now } = work;
  let count = 0;
  for (const [partition, { lease }] of [...state.record.parts.entries()]) {
    if (lease?.worker !== worker || lease.ends <= now) continue;
    count += lease.open.length;
    endPart(work, partition, null);
  }
  for (const [token, lease] of [...state.record.leases.entries()]) {
    if (lease.worker !== worker || lease.ends <= now) continue;
    count += lease.open.length;
    for (const seq of lease.open) returnOne(work, heldAlone(state, seq, lease), { releasedAt: now });
    state.record.leases.delete(token);
  }
  return count;
}
