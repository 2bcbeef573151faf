import { listedWorkers, WORKER_REMEMBERED } from "../../core/index.ts";
import type { WorkerInfo, WorkerState } from "../../core/index.ts";
import type { ReadTx } from "./tx.ts";

export function workerList(tx: ReadTx): WorkerInfo[] {
  const rows = tx.all<{ state: string; beat_at: number }>("SELECT state, beat_at FROM worker WHERE beat_at > ?", tx.now - WORKER_REMEMBERED);
  return listedWorkers(rows.map((row) => ({ state: JSON.parse(row.state) as WorkerState, at: row.beat_at })), tx.now);
}
