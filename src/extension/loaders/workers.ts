import type { WorkerInfo } from "../../core/index.ts";
import type { Connection } from "../connections/connection.ts";
import type { WorkerDefinitionNode, WorkerInstanceNode, WorkersNode } from "../models/nodes.ts";
import type { WorkerDefinition } from "../workers/definition.ts";

/** Workers named in queuescope.json with those that run under their name, then the other live ones. */
export async function loadWorkers(connection: Connection, definitions: readonly WorkerDefinition[]): Promise<WorkersNode[]> {
  const live = await liveWorkers(connection);
  const defined = definitions.map((definition): WorkerDefinitionNode => ({ kind: "workerDefinition", connection, definition, running: live.filter(({ name }) => name === definition.name) }));
  const names = new Set(definitions.map(({ name }) => name));
  return [...defined, ...instances(connection, live.filter(({ name }) => !names.has(name)))];
}

export function workerInstances(parent: WorkerDefinitionNode): WorkerInstanceNode[] {
  return instances(parent.connection, parent.running);
}

export async function liveWorkers(connection: Connection): Promise<WorkerInfo[]> {
  const broker = await connection.shown();
  const workers = (await broker?.workers.list()) ?? [];
  return workers.filter(({ live }) => live);
}

export function instances(connection: Connection, workers: readonly WorkerInfo[]): WorkerInstanceNode[] {
  return workers.map((worker) => ({ kind: "workerInstance", connection, worker }));
}
