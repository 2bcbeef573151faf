import type { GroupStart } from "../../core/index.ts";
import { STORE_ACKS } from "./known.ts";
import type { ReadTx, WriteTx } from "./tx.ts";

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
  /** Acks that the row doesn't know: `passed`, `delivered` and `completed` have them in. */
  readonly acks: number;
}

const COLUMNS = `g.gid, g.qid, g.name, g.start, g.start_id, g.made_to, g.paused, g.held, g.passed + ifnull(a.open, 0) AS passed, g.retrying, g.released,
  g.delivered + ifnull(a.open, 0) AS delivered, g.completed + ifnull(a.open, 0) AS completed, g.failed, g.expired, g.dead, g.dropped, g.redriven, g.minute, g.history, ifnull(a.open, 0) AS acks`;
const GROUPS = `SELECT ${COLUMNS} FROM grp AS g LEFT JOIN lease AS a ON a.lease = -g.gid`;

export function findGroup(tx: ReadTx, qid: number, name: string): GroupRow | undefined {
  return tx.get<GroupRow>(`${GROUPS} WHERE g.qid = ? AND g.name = ?`, qid, name);
}

export function groupById(tx: ReadTx, gid: number): GroupRow | undefined {
  return tx.get<GroupRow>(`${GROUPS} WHERE g.gid = ?`, gid);
}

/** In name order. */
export function groupsOf(tx: ReadTx, qid: number): GroupRow[] {
  return tx.all<GroupRow>(`${GROUPS} WHERE g.qid = ? ORDER BY g.name`, qid);
}

/** Among the leases, where an ack writes a page anyway: see the table. */
export function storeAcks(tx: WriteTx, gid: number, acks: number): void {
  if (tx.run(STORE_ACKS, acks, -gid) > 0) return;
  tx.run("INSERT INTO lease (lease, token, lane, gid, keyed, first, last, open, leased_at, expires_at) VALUES (?, '', 0, 0, 0, 0, 0, ?, 0, 0)", -gid, acks);
}

export function forgetAcks(tx: WriteTx, gid: number): void {
  tx.run("DELETE FROM lease WHERE lease = ?", -gid);
}

/** How `start` is stored: `all`, `new`, or milliseconds. */
export function storedStart(start: GroupStart): string {
  return String(start);
}

export function startOf(stored: string): GroupStart {
  return stored === "all" || stored === "new" ? stored : Number(stored);
}
