import type { WorkerInfo, WorkerState } from "../../core/index.ts";
import type { ReadTx } from "./tx.ts";

interface WorkerRow {
  readonly state: string;
  readonly beat_at: number;
  readonly beat_every: number;
}

/** A worker is live for this many intervals after its last heartbeat. */
const INTERVALS = 3;
/** How long one that stopped without a word is listed. */
export const REMEMBERED = 3_600_000;

/** Live ones first, then those that stopped without a word; by name. */
export function workerList(tx: ReadTx): WorkerInfo[] {
  return tx
    .all<WorkerRow>("SELECT state, beat_at, beat_every FROM worker WHERE beat_at > ?", tx.now - REMEMBERED)
    .map((row) => ({ ...(JSON.parse(row.state) as WorkerState), lastHeartbeatAt: row.beat_at, live: row.beat_at + INTERVALS * row.beat_every >= tx.now }))
    .sort((a, b) => Number(b.live) - Number(a.live) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0) || a.startedAt - b.startedAt);
}
