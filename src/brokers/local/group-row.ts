import type { GroupStart } from "../../core/index.ts";
import type { ReadTx } from "./tx.ts";

export interface GroupRow {
  readonly gid: number;
  readonly qid: number;
  readonly name: string;
  readonly start: string;
  readonly start_id: number;
  readonly made_to: number;
  readonly paused: number;
  readonly held: number | null;
  readonly passed: number;
  readonly retrying: number;
  readonly released: number;
  readonly delivered: number;
  readonly completed: number;
  readonly failed: number;
  readonly expired: number;
  readonly dead: number;
  readonly dropped: number;
  readonly redriven: number;
  readonly minute: number;
  readonly history: number | null;
}

const COLUMNS = "gid, qid, name, start, start_id, made_to, paused, held, passed, retrying, released, delivered, completed, failed, expired, dead, dropped, redriven, minute, history";

export function findGroup(tx: ReadTx, qid: number, name: string): GroupRow | undefined {
  return tx.get<GroupRow>(`SELECT ${COLUMNS} FROM grp WHERE qid = ? AND name = ?`, qid, name);
}

export function groupById(tx: ReadTx, gid: number): GroupRow | undefined {
  return tx.get<GroupRow>(`SELECT ${COLUMNS} FROM grp WHERE gid = ?`, gid);
}

/** In name order. */
export function groupsOf(tx: ReadTx, qid: number): GroupRow[] {
  return tx.all<GroupRow>(`SELECT ${COLUMNS} FROM grp WHERE qid = ? ORDER BY name`, qid);
}

/** How `start` is stored: `all`, `new`, or milliseconds. */
export function storedStart(start: GroupStart): string {
  return String(start);
}

export function startOf(stored: string): GroupStart {
  return stored === "all" || stored === "new" ? stored : Number(stored);
}
