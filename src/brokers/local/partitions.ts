import { setImmediate as turn } from "node:timers/promises";
import { DEFAULT_GROUP, invalidInput } from "../../core/index.ts";
import type { Page, PartitionInfo, PartitionsRequest } from "../../core/index.ts";
import { findGroup } from "./group-row.ts";
import { messageRange } from "./ids.ts";
import { textMatch } from "../../core/index.ts";
import { badAfter, pageLimit, SCAN_LIMIT, slicePage } from "../../core/index.ts";
import { requireQueue } from "./queue-row.ts";
import type { Store } from "./store.ts";
import type { ReadTx } from "./tx.ts";

/** Whose partitions, as which group sees them; `gid` 0 for a group that doesn't exist yet. */
interface Scope {
  readonly qid: number;
  readonly gid: number;
  readonly group: string;
  readonly startId: number;
  readonly fromStart: boolean;
}

interface LaneRow {
  readonly lid: number;
  readonly name: string;
  readonly lag: number;
}

/** Lanes a transaction looks at: some 5 ms. */
const CHUNK = 10_000;
const MATCH_CHUNK = 4_000;

// A lane that the group has no cursor for yet: all of it from the group's start on.
const LAG = `CASE WHEN c.lane IS NOT NULL THEN l.pushed - l.removed - c.passed
  WHEN ? THEN l.pushed - l.removed
  ELSE (SELECT count(*) FROM msg AS m INDEXED BY msg_lane WHERE m.lane = l.lid AND m.id > ?) END`;
const LANES = `SELECT l.lid, l.name, ${LAG} AS lag FROM lane AS l INDEXED BY lane_queue LEFT JOIN cursor AS c ON c.lane = l.lid AND c.gid = ? WHERE l.qid = ? AND l.lid > ? AND l.lid <= ? AND l.name IS NOT NULL`;
// No lane is further behind than it is long, so most are passed over without a look for their cursor. The inner LIMIT has each lag worked out once.
const WORST = `SELECT * FROM (${LANES} AND (l.pushed - l.removed > ? OR (l.pushed - l.removed = ? AND l.name < ?)) LIMIT -1)
  WHERE lag < ? OR (lag = ? AND name > ?) ORDER BY lag DESC, name LIMIT ? + 0`;
const CHUNK_END = "SELECT lid FROM lane INDEXED BY lane_queue WHERE qid = ? AND lid > ? ORDER BY lid LIMIT 1 OFFSET ?";
const BY_NAME = `SELECT l.lid, l.name, ${LAG} AS lag FROM lane AS l INDEXED BY lane_name LEFT JOIN cursor AS c ON c.lane = l.lid AND c.gid = ? WHERE l.qid = ? AND ifnull(l.name, '') > ? ORDER BY ifnull(l.name, ''), l.prio LIMIT ? + 0`;
const DETAILS = "SELECT l.pushed - l.removed AS messages, l.last_at, c.pos, c.ready_at, s.expires_at FROM lane AS l LEFT JOIN cursor AS c ON c.lane = l.lid AND c.gid = ? LEFT JOIN lease AS s ON s.lease = c.lease WHERE l.lid = ?";

export async function partitions(store: Store, queue: string, request: PartitionsRequest): Promise<Page<PartitionInfo>> {
  const limit = pageLimit(request);
  checkSort(request.sort);
  const scope = await store.read((tx) => scopeOf(tx, queue, request.group ?? DEFAULT_GROUP));
  const page = request.sort === "name" ? await byName(store, scope, request, limit) : await byLag(store, scope, request, limit);
  return { items: await store.read((tx) => infos(tx, scope, page.items)), next: page.next };
}

function checkSort(sort: string | undefined): void {
  if (sort !== undefined && sort !== "lag" && sort !== "name") throw invalidInput("sort", `sort must be lag or name, but is ${JSON.stringify(sort)}.`);
}

function scopeOf(tx: ReadTx, name: string, group: string): Scope {
  const { qid } = requireQueue(tx, name);
  const row = findGroup(tx, qid, group);
  const startId = row?.start_id ?? messageRange(qid).first;
  return { qid, gid: row?.gid ?? 0, group, startId, fromStart: startId === messageRange(qid).first };
}

function byName(store: Store, scope: Scope, { after = "", match }: PartitionsRequest, limit: number): Promise<Page<LaneRow>> {
  const fits = match === undefined ? () => true : textMatch(match);
  return store.read((tx) => {
    const rows = tx.all<LaneRow>(BY_NAME, Number(scope.fromStart), scope.startId, scope.gid, scope.qid, after, match === undefined ? limit + 1 : SCAN_LIMIT);
    const page = slicePage(rows.filter(({ name }) => fits(name)), limit, ({ name }) => name);
    const last = rows.at(-1);
    return page.next === null && match !== undefined && rows.length === SCAN_LIMIT && last !== undefined ? { ...page, next: last.name } : page;
  });
}

/** Every partition is worse than this. */
const NONE: Place = { lag: -1, name: "" };

/** Looks at every partition, some at a time so that nobody waits, and keeps the worst. */
async function byLag(store: Store, scope: Scope, { after, match }: PartitionsRequest, limit: number): Promise<Page<LaneRow>> {
  const place = readPlace(after);
  const chunk = match === undefined ? CHUNK : MATCH_CHUNK;
  let worst: LaneRow[] = [];
  for (let from = 0; ; ) {
    const least = worst[limit] ?? NONE;
    const start = from;
    const { rows, end } = await store.read((tx) => {
      const last = tx.get<{ lid: number }>(CHUNK_END, scope.qid, start, chunk - 1)?.lid ?? null;
      return { rows: worstOf(tx, scope, { from: start, to: last ?? Number.MAX_SAFE_INTEGER, least, place, match, limit: limit + 1 }), end: last };
    });
    worst = [...worst, ...rows].sort(worseFirst).slice(0, limit + 1);
    if (end === null) return slicePage(worst, limit, ({ lag, name }) => `${lag}:${name}`);
    from = end;
    await turn();
  }
}

interface Place {
  readonly lag: number;
  readonly name: string;
}

interface ChunkRequest {
  readonly from: number;
  readonly to: number;
  /** Only worse ones are wanted. */
  readonly least: Place;
  /** The page before ended here. */
  readonly place: Place;
  readonly match: string | undefined;
  readonly limit: number;
}

function worstOf(tx: ReadTx, scope: Scope, { from, to, least, place, match, limit }: ChunkRequest): LaneRow[] {
  const all = match === undefined ? limit : -1;
  const rows = tx.all<LaneRow>(WORST, Number(scope.fromStart), scope.startId, scope.gid, scope.qid, from, to, least.lag, least.lag, least.name, place.lag, place.lag, place.name, all);
  if (match === undefined) return rows;
  const fits = textMatch(match);
  return rows.filter(({ name }) => fits(name)).slice(0, limit);
}

function worseFirst(a: LaneRow, b: LaneRow): number {
  return b.lag - a.lag || Buffer.compare(Buffer.from(a.name), Buffer.from(b.name));
}

function readPlace(after: string | undefined): Place {
  if (after === undefined) return { lag: Number.MAX_SAFE_INTEGER, name: "" };
  const match = /^(\d{1,15}):(.*)$/s.exec(after);
  if (match === null) throw badAfter(after);
  return { lag: Number(match[1]), name: match[2] ?? "" };
}

interface Details {
  readonly messages: number;
  readonly last_at: number;
  readonly pos: number | null;
  readonly ready_at: number | null;
  readonly expires_at: number | null;
}

function infos(tx: ReadTx, scope: Scope, lanes: readonly LaneRow[]): PartitionInfo[] {
  const known = lanes.map((lane) => ({ lane, details: tx.get<Details>(DETAILS, scope.gid, lane.lid) }));
  const others = known.some(({ details }) => details?.pos === null) ? forOthers(tx, scope) : null;
  return known.map(({ lane, details }) => info(tx, lane, details, details?.pos === null ? (others?.get(lane.lid) ?? 0) : 0));
}

/** By lane, messages that were redriven to other groups alone. A cursor has passed them; without one they are in the lag. */
function forOthers(tx: ReadTx, { qid, group, startId }: Scope): ReadonlyMap<number, number> {
  const rows = tx.all<{ lane: number; n: number }>(
    "SELECT lane, count(*) AS n FROM msg INDEXED BY msg_only WHERE only_group IS NOT NULL AND only_group <> ? AND id > ? AND id <= ? GROUP BY lane", group, startId, messageRange(qid).last);
  return new Map(rows.map(({ lane, n }) => [lane, n]));
}

function info(tx: ReadTx, { name, lag }: LaneRow, details: Details | undefined, others: number): PartitionInfo {
  const waits = Math.max(0, lag - others);
  return {
    name,
    messages: details?.messages ?? 0,
    lag: waits,
    leased: (details?.expires_at ?? 0) > tx.now,
    readyAt: waits === 0 ? null : (details?.ready_at ?? details?.last_at ?? null),
    lastPushedAt: details === undefined || details.last_at === 0 ? null : details.last_at,
  };
}
