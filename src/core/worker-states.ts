import { invalidInput } from "./errors.ts";
import { checkedObject, isTextList } from "./filters.ts";
import { groupName, queueName } from "./names.ts";
import type { WorkerInfo, WorkerState } from "./port/workers.ts";
import type { Instant } from "./time.ts";

/** A worker is live for this many intervals after its last heartbeat. */
export const LIVE_INTERVALS = 3;
/** Milliseconds that one that stopped without a word is listed. */
export const WORKER_REMEMBERED = 3_600_000;

const STATUSES: readonly WorkerState["status"][] = ["starting", "idle", "busy", "stopping", "debugging"];

/** A worker as it was when its last heartbeat came. */
export interface WorkerBeat {
  readonly state: WorkerState;
  readonly at: Instant;
}

/** Live ones first, then those that stopped without a word; by name. */
export function listedWorkers(beats: readonly WorkerBeat[], now: Instant): WorkerInfo[] {
  return beats
    .filter(({ at }) => at > now - WORKER_REMEMBERED)
    .map(({ state, at }) => ({ ...state, lastHeartbeatAt: at, live: at + LIVE_INTERVALS * state.interval >= now }))
    .sort((a, b) => Number(b.live) - Number(a.live) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0) || a.startedAt - b.startedAt);
}

/** @throws invalid-input naming the field */
export function checkWorker(worker: WorkerState): void {
  checkedObject(worker, "worker");
  for (const field of ["id", "name", "host"] as const) {
    if (typeof worker[field] !== "string" || worker[field] === "" || worker[field].length > 255) throw invalidInput(field, `${field} of a worker must be text of 1 to 255 characters.`);
  }
  if (!isTextList(worker.queues)) throw invalidInput("queues", "queues of a worker must be a list of queue names.");
  for (const queue of worker.queues) queueName(queue, "queues");
  if (!isTextList(worker.current)) throw invalidInput("current", "current of a worker must be a list of message ids.");
  groupName(worker.group);
  if (!STATUSES.includes(worker.status)) throw invalidInput("status", `status of a worker must be one of ${STATUSES.join(", ")}, but is ${JSON.stringify(worker.status)}.`);
  for (const field of ["pid", "startedAt", "concurrency", "processed", "failed"] as const) {
    if (!(Number.isFinite(worker[field]) && worker[field] >= 0)) throw invalidInput(field, `${field} of a worker must be a number of at least 0, but is ${String(worker[field])}.`);
  }
  if (!(Number.isFinite(worker.interval) && worker.interval > 0)) throw invalidInput("interval", `interval must be a number of milliseconds above 0, but is ${String(worker.interval)}.`);
}
