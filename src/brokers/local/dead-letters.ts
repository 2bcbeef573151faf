import { setImmediate as turn } from "node:timers/promises";
import type { DeadLetter, DeadLetterFilter, DeadReason, Page, PageRequest } from "../../core/index.ts";
import { countDead, MOST_COUNTED } from "./dead-counts.ts";
import { deadLetterId, deadLetterNotFound, messageId, parseDeadLetterId } from "./ids.ts";
import { searchable, searchableHeaders, textMatch } from "../../core/index.ts";
import { afterNumber, limitOf, pageLimit, ScanBudget } from "../../core/index.ts";
import { queueById, requireQueue } from "./queue-row.ts";
import type { QueueRow } from "./queue-row.ts";
import { headersOf, pushed, storedText } from "./rows.ts";
import type { Unseal } from "./rows.ts";
import type { Store } from "./store.ts";
import type { ReadTx } from "./tx.ts";

export interface DeadRow {
  readonly did: number;
  readonly qid: number;
  readonly grp: string;
  readonly id: number;
  readonly name: string | null;
  readonly prio: number;
  readonly ts: number;
  readonly dead_at: number;
  readonly reason: DeadReason;
  readonly charges: number;
  readonly deliveries: number;
  readonly enc: number;
  readonly body: Uint8Array;
  readonly hdr: Uint8Array | null;
  readonly tx: string | null;
  readonly error: Uint8Array | null;
  readonly stack: Uint8Array | null;
  readonly redriven: number;
}

/** What is read of a dead letter before its data. */
interface LightRow {
  readonly did: number;
  readonly grp: string;
  readonly dead_at: number;
  readonly redriven: number;
  readonly size: number;
}

const COLUMNS = "did, qid, grp, id, name, prio, ts, dead_at, reason, charges, deliveries, enc, body, hdr, tx, error, stack, redriven";
const LIGHT = "SELECT did, grp, dead_at, redriven, length(body) AS size FROM dead";
const CHUNK = 200;
const OF_QUEUE = `${LIGHT} INDEXED BY dead_queue WHERE qid = ? AND did > ? ORDER BY did LIMIT ${CHUNK}`;
const OF_GROUP = `${LIGHT} INDEXED BY dead_group WHERE qid = ? AND grp = ? AND did > ? ORDER BY did LIMIT ${CHUNK}`;
const ONE = `${LIGHT} WHERE did = ? AND qid = ?`;

/** A step over the dead letters that match, oldest first. */
export interface DeadMatches {
  readonly dids: readonly number[];
  /** The last one looked at; `null` when all were. */
  readonly next: number | null;
}

/** Looks at as many as one call may read. */
export function matchingDead(tx: ReadTx, queue: QueueRow, filter: DeadLetterFilter, unseal: Unseal, after: number, limit: number): DeadMatches {
  const budget = new ScanBudget();
  const has = filter.match === undefined ? null : textMatch(filter.match);
  const dids: number[] = [];
  let place = after;
  for (const row of candidates(tx, queue.qid, filter, after)) {
    if (dids.length >= limit || budget.spent) return { dids, next: place };
    place = row.did;
    const fits = fitsTimes(row, filter);
    budget.spend(fits && has !== null ? row.size : 0);
    if (fits && (has === null || textFits(tx, row.did, has, unseal))) dids.push(row.did);
  }
  return { dids, next: null };
}

export function deadLetters(tx: ReadTx, queue: QueueRow, request: PageRequest & DeadLetterFilter, unseal: Unseal): Page<DeadLetter> {
  const after = afterNumber(request.after);
  const { dids, next } = matchingDead(tx, queue, request, unseal, after, pageLimit(request));
  const items: DeadLetter[] = [];
  const budget = new ScanBudget();
  for (const did of dids) {
    if (budget.spent) return { items, next: String(items.length === 0 ? after : dids[items.length - 1]) };
    const row = deadRow(tx, did);
    if (row === undefined) continue;
    budget.spend(row.body.length);
    items.push(shownDead(tx, row, queue.name, unseal));
  }
  return { items, next: next === null ? null : String(next) };
}

/** At most `limit`, in steps that leave the event loop free. */
export async function countDeadLetters(store: Store, name: string, filter: DeadLetterFilter & { readonly limit?: number }, unseal: Unseal): Promise<number> {
  const limit = limitOf(filter.limit, MOST_COUNTED, MOST_COUNTED);
  const { ids, match, from, to, ...kind } = filter;
  if ([ids, match, from, to].every((one) => one === undefined)) return countDead(store, (await store.read((tx) => requireQueue(tx, name))).qid, kind, limit);
  let count = 0;
  for (let after: number | null = 0; after !== null && count < limit; ) {
    const place: number = after;
    const step: DeadMatches = await store.read((tx) => matchingDead(tx, requireQueue(tx, name), filter, unseal, place, limit - count));
    count += step.dids.length;
    after = step.next;
    await turn();
  }
  return count;
}

/** @throws message-not-found */
export function deadLetter(tx: ReadTx, id: string, unseal: Unseal): DeadLetter {
  const key = parseDeadLetterId(id);
  const row = key === null ? undefined : deadRow(tx, key.did);
  const queue = row === undefined ? undefined : queueById(tx, row.qid);
  if (row === undefined || queue === undefined || row.qid !== key?.qid) throw deadLetterNotFound(id);
  return shownDead(tx, row, queue.name, unseal);
}

export function deadRow(tx: ReadTx, did: number): DeadRow | undefined {
  return tx.get<DeadRow>(`SELECT ${COLUMNS} FROM dead WHERE did = ?`, did);
}

function shownDead(tx: ReadTx, row: DeadRow, queue: string, unseal: Unseal): DeadLetter {
  const message = messageId(row.id);
  return {
    id: deadLetterId(row.qid, row.did),
    messageId: message,
    group: row.grp,
    ...pushed(row, { id: message, queue, createdAt: row.ts }, unseal),
    deadAt: row.dead_at,
    reason: row.reason,
    attempts: row.charges,
    deliveryCount: row.deliveries,
    error: storedText(row.error, unseal),
    stack: storedText(row.stack, unseal),
    redriven: tx.all<{ queue: string; id: string; at: number }>("SELECT queue, id, at FROM redrive WHERE did = ? ORDER BY at", row.did).map(({ queue: to, id, at }) => ({ queue: to, messageId: id, at })),
  };
}

function* candidates(tx: ReadTx, qid: number, filter: DeadLetterFilter, after: number): Generator<LightRow> {
  if (filter.ids !== undefined) {
    const dids = filter.ids.map(parseDeadLetterId).flatMap((key) => (key !== null && key.qid === qid && key.did > after ? [key.did] : []));
    for (const did of [...new Set(dids)].sort((a, b) => a - b)) yield* tx.all<LightRow>(ONE, did, qid).filter((row) => filter.group === undefined || row.grp === filter.group);
    return;
  }
  for (let place = after; ; ) {
    const rows = filter.group === undefined ? tx.all<LightRow>(OF_QUEUE, qid, place) : tx.all<LightRow>(OF_GROUP, qid, filter.group, place);
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined) return;
    place = last.did;
  }
}

function fitsTimes(row: LightRow, { from, to, redriven }: DeadLetterFilter): boolean {
  return (from === undefined || row.dead_at >= from) && (to === undefined || row.dead_at < to) && (redriven === undefined || row.redriven > 0 === redriven);
}

function textFits(tx: ReadTx, did: number, has: ReturnType<typeof textMatch>, unseal: Unseal): boolean {
  const row = deadRow(tx, did);
  if (row === undefined) return false;
  return has(searchable(unseal(row.body)), searchableHeaders(headersOf(row.hdr, unseal)), row.tx ?? messageId(row.id), storedText(row.error, unseal));
}
