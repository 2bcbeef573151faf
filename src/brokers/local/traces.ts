import { invalidInput, isQueuescopeError, traceName } from "../../core/index.ts";
import type { Page, PageRequest, TraceEvent, TraceFilter, TraceNameInfo } from "../../core/index.ts";
import { messageId, messageNotFound, parseMessageId, queueOf } from "./ids.ts";
import { messageByKey, scheduledByKey } from "./lookup.ts";
import { textMatch } from "../../core/index.ts";
import { afterNumber, pageLimit, ScanBudget } from "../../core/index.ts";
import { queueById, requireQueue } from "./queue-row.ts";
import { originOf, storedText } from "./rows.ts";
import type { Unseal } from "./rows.ts";
import type { ReadTx } from "./tx.ts";

interface EventRow {
  readonly eid: number;
  readonly id: number;
  readonly qid: number;
  readonly queue: string;
  readonly at: number;
  readonly type: string;
  readonly grp: string | null;
  readonly worker: string | null;
  readonly attempt: number | null;
  readonly data: Uint8Array | null;
}

const EVENT = "SELECT e.eid, e.id, e.qid, q.name AS queue, e.at, e.type, e.grp, e.worker, e.attempt, e.data";
const OF_MESSAGE = `${EVENT} FROM event AS e INDEXED BY event_message CROSS JOIN queue AS q ON q.qid = e.qid WHERE e.id = ? AND e.eid > ? ORDER BY e.eid LIMIT ? + 0`;
const OF_NAME = `${EVENT} FROM event_name AS n CROSS JOIN event AS e ON e.eid = n.eid CROSS JOIN queue AS q ON q.qid = e.qid WHERE n.name = ? AND n.eid > ? ORDER BY n.eid LIMIT ? + 0`;
const ALL = `${EVENT} FROM event AS e CROSS JOIN queue AS q ON q.qid = e.qid WHERE e.eid > ? ORDER BY e.eid LIMIT 200`;
/** Events of a name are counted up to this many. */
const MOST_COUNTED = 10_000;

export function traces(tx: ReadTx, request: PageRequest & TraceFilter, unseal: Unseal): Page<TraceEvent> {
  const limit = pageLimit(request);
  if ("messageId" in request) return ofMessage(tx, request.messageId, request.after, limit, unseal);
  if ("name" in request) return paged(tx.all<EventRow>(OF_NAME, traceName(request.name), afterNumber(request.after), limit + 1), limit, (row) => shown(tx, row, unseal));
  return matching(tx, request, limit, unseal);
}

/** The timeline of one message, which begins with the derived `pushed`. @throws message-not-found when nothing is left of it */
function ofMessage(tx: ReadTx, id: string, after: string | undefined, limit: number, unseal: Unseal): Page<TraceEvent> {
  const key = parseMessageId(id);
  const born = key === null ? undefined : pushedEvent(tx, key);
  const events = key === null ? [] : tx.all<EventRow>(OF_MESSAGE, key, afterNumber(after), limit + 1);
  if (born === undefined && events.length === 0 && after === undefined) throw messageNotFound(id);
  const page = paged(events, after === undefined && born !== undefined ? limit - 1 : limit, (row) => shown(tx, row, unseal));
  if (after !== undefined || born === undefined) return page;
  return { items: [born, ...page.items], next: page.items.length === 0 && events.length > 0 ? "0" : page.next };
}

function paged(rows: readonly EventRow[], limit: number, show: (row: EventRow) => TraceEvent): Page<TraceEvent> {
  const items = rows.slice(0, limit).map(show);
  const last = rows[items.length - 1];
  return { items, next: rows.length > limit && last !== undefined ? String(last.eid) : null };
}

/** Reads events of all kinds in their order, as many as one call may. */
function matching(tx: ReadTx, request: PageRequest & { readonly match: string; readonly queue?: string }, limit: number, unseal: Unseal): Page<TraceEvent> {
  if (request.match === "") throw invalidInput("match", "match must not be empty. Give the text to look for.");
  const qid = request.queue === undefined ? null : requireQueue(tx, request.queue).qid;
  const has = textMatch(request.match);
  const budget = new ScanBudget();
  const items: TraceEvent[] = [];
  for (let place = afterNumber(request.after); ; ) {
    const rows = tx.all<EventRow>(ALL, place);
    if (rows.length === 0) return { items, next: null };
    for (const row of rows) {
      if (items.length >= limit || budget.spent) return { items, next: String(place) };
      place = row.eid;
      budget.spend(row.data?.length ?? 0);
      if (qid !== null && row.qid !== qid) continue;
      const event = readable(tx, row, unseal, qid === null);
      if (event !== null && has(event.type, event.data, event.worker, ...event.names)) items.push(event);
    }
  }
}

export function traceNames(tx: ReadTx, request: PageRequest & { readonly match?: string | undefined }): Page<TraceNameInfo> {
  const limit = pageLimit(request);
  const has = request.match === undefined ? null : textMatch(request.match);
  const budget = new ScanBudget();
  const items: TraceNameInfo[] = [];
  for (let place = request.after ?? ""; ; ) {
    const found = tx.get<{ name: string }>("SELECT name FROM event_name WHERE name > ? ORDER BY name LIMIT 1", place);
    if (found === undefined) return { items, next: null };
    if (items.length >= limit || budget.spent) return { items, next: place };
    place = found.name;
    budget.spend(0);
    if (has === null || has(found.name)) items.push(nameInfo(tx, found.name));
  }
}

function nameInfo(tx: ReadTx, name: string): TraceNameInfo {
  const row = tx.get<{ events: number; messages: number; at: number }>(
    `SELECT count(*) AS events, count(DISTINCT e.id) AS messages, max(e.at) AS at
      FROM (SELECT eid FROM event_name WHERE name = ? ORDER BY eid DESC LIMIT ${MOST_COUNTED}) AS recent CROSS JOIN event AS e ON e.eid = recent.eid`, name);
  return { name, events: row?.events ?? 0, messages: row?.messages ?? 0, lastAt: row?.at ?? 0 };
}

/** A search over all queues leaves out what this process has no key for. */
function readable(tx: ReadTx, row: EventRow, unseal: Unseal, skip: boolean): TraceEvent | null {
  try {
    return shown(tx, row, unseal);
  } catch (error) {
    if (skip && isQueuescopeError(error, "encryption-key-missing")) return null;
    throw error;
  }
}

function shown(tx: ReadTx, row: EventRow, unseal: Unseal): TraceEvent {
  return {
    id: `e${row.eid}`,
    messageId: messageId(row.id),
    queue: row.queue,
    at: row.at,
    type: row.type,
    group: row.grp,
    worker: row.worker,
    attempt: row.attempt,
    names: namesOf(tx, row.eid),
    data: storedText(row.data, unseal),
  };
}

function namesOf(tx: ReadTx, eid: number): string[] {
  return tx.all<{ name: string }>("SELECT name FROM event_name INDEXED BY event_name_event WHERE eid = ? ORDER BY name", eid).map(({ name }) => name);
}

/** Isn't stored: it follows from the message itself, or from what is left of it. */
function pushedEvent(tx: ReadTx, key: number): TraceEvent | undefined {
  const queue = queueById(tx, queueOf(key));
  const birth = queue === undefined ? undefined : birthOf(tx, key);
  if (queue === undefined || birth === undefined) return undefined;
  const id = messageId(key);
  return { id: `pushed-${id}`, messageId: id, queue: queue.name, at: birth.at, type: "pushed", group: null, worker: null, attempt: null, names: [], data: birth.data };
}

function birthOf(tx: ReadTx, key: number): { at: number; data: string | null } | undefined {
  const message = messageByKey(tx, key);
  if (message !== undefined) {
    const origin = message.origin === null ? null : originOf(tx, message.origin);
    return { at: message.ts, data: origin === null ? null : JSON.stringify({ redrivenFrom: origin }) };
  }
  const at = scheduledByKey(tx, key)?.pushed_at ?? tx.get<{ ts: number }>("SELECT ts FROM dead WHERE id = ? LIMIT 1", key)?.ts;
  return at === undefined ? undefined : { at, data: null };
}
