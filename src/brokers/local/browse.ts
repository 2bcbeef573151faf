import { DEFAULT_GROUP } from "../../core/index.ts";
import type { BrowseOrder, BrowseRequest, Message, Page } from "../../core/index.ts";
import { inOrder, leasedIds, retryingIds } from "./candidates.ts";
import { firstIdSince } from "./entry-time.ts";
import { messageId, messageRange, parseMessageId } from "./ids.ts";
import { isExpired, messageAt, MessageReader, scheduledByKey } from "./lookup.ts";
import { searchable, searchableHeaders, textMatch } from "../../core/index.ts";
import { badAfter, pageLimit, ScanBudget } from "../../core/index.ts";
import type { QueueRow } from "./queue-row.ts";
import { SCHEDULED_COLUMNS } from "./rows.ts";
import type { ScheduledRow, Unseal } from "./rows.ts";
import { scheduledStanding } from "./state.ts";
import type { GroupView, Placed } from "./state.ts";
import type { ReadTx } from "./tx.ts";

/** What is read of a message before its data: enough to tell its state. */
interface LightRow extends Placed {
  readonly ts: number;
  readonly exp: number | null;
  readonly size: number;
}

/** Where browsing stands: behind a message of the log, or behind a scheduled one. Those come after the log, or, the newest first, before it. */
type Place = LogPlace | DuePlace;
interface LogPlace { readonly log: number }
interface DuePlace { readonly due: number; readonly id: number }

/** A message that matches, and what is needed to act on it. */
export interface Match {
  /** Its place in the log, or its id while it is scheduled. */
  readonly id: number;
  readonly scheduled: boolean;
  read(): Message;
}

const CHUNK = 200;
const LIGHT = "SELECT m.id, m.alias, m.lane, l.name, m.only_group, m.ts, m.exp, length(m.body) AS size";
const IN_QUEUE = inOrder(`${LIGHT} FROM msg AS m CROSS JOIN lane AS l ON l.lid = m.lane WHERE m.id > ? AND m.id <= ? ORDER BY m.id`, `LIMIT ${CHUNK}`);
const IN_LANE = inOrder(`${LIGHT} FROM msg AS m INDEXED BY msg_lane CROSS JOIN lane AS l ON l.lid = m.lane WHERE m.lane = ? AND m.id > ? AND m.id <= ? ORDER BY m.id`, `LIMIT ${CHUNK}`);
const ONE = `${LIGHT} FROM msg AS m CROSS JOIN lane AS l ON l.lid = m.lane WHERE m.id = ?`;
const SCHEDULED = {
  oldest: `SELECT ${SCHEDULED_COLUMNS} FROM sched INDEXED BY sched_due WHERE qid = ? AND (due, id) > (?, ?) ORDER BY due, id LIMIT 20`,
  newest: `SELECT ${SCHEDULED_COLUMNS} FROM sched INDEXED BY sched_due WHERE qid = ? AND (due, id) < (?, ?) ORDER BY due DESC, id DESC LIMIT 20`,
} as const;
const BEFORE_ALL: DuePlace = { due: -1, id: 0 };
const AFTER_ALL: DuePlace = { due: Number.MAX_SAFE_INTEGER, id: 0 };

export function browse(tx: ReadTx, queue: QueueRow, request: BrowseRequest, unseal: Unseal): Page<Message> {
  const found = findMatches(tx, queue, request, unseal, pageLimit(request));
  return { items: found.items.map((match) => match.read()), next: found.next };
}

/** In order of entry, then the scheduled ones by due time, or in the reverse order; stops when the call has read its share. */
export function findMatches(tx: ReadTx, queue: QueueRow, request: BrowseRequest, unseal: Unseal, limit: number): Page<Match> {
  const reader = new MessageReader(tx, queue, request.group ?? DEFAULT_GROUP, unseal);
  const budget = new ScanBudget();
  const wanted = request.match === undefined ? null : messageMatch(request.match);
  const items: Match[] = [];
  let place = request.after === undefined ? null : readPlace(tx, request.after);
  for (const candidate of candidates(tx, queue, reader, request, place)) {
    if (place !== null && (items.length >= limit || budget.spent)) return { items, next: placeText(place) };
    place = candidate.place;
    const match = candidate.match();
    const fits = match !== null && (wanted === null || wanted(match.read()));
    budget.spend(fits || (match !== null && wanted !== null) ? candidate.size : 0);
    if (fits) items.push(match);
  }
  return { items, next: null };
}

function orderOf({ order = "oldest" }: BrowseRequest): BrowseOrder {
  return order;
}

interface Candidate {
  readonly place: Place;
  readonly size: number;
  /** `null` when its state or time excludes it. */
  match(): Match | null;
}

function* candidates(tx: ReadTx, queue: QueueRow, reader: MessageReader, request: BrowseRequest, start: Place | null): Generator<Candidate> {
  const inLog = start !== null && "log" in start ? start : null;
  const scheduled = start !== null && "due" in start ? start : null;
  if (orderOf(request) === "oldest") {
    if (scheduled === null) yield* inLogFrom(tx, queue, reader, request, inLog);
    yield* scheduledFrom(tx, queue, reader, request, scheduled);
  } else {
    if (inLog === null) yield* scheduledFrom(tx, queue, reader, request, scheduled);
    yield* inLogFrom(tx, queue, reader, request, inLog);
  }
}

function* inLogFrom(tx: ReadTx, queue: QueueRow, reader: MessageReader, request: BrowseRequest, start: LogPlace | null): Generator<Candidate> {
  for (const row of logRows(tx, queue, reader.view, request, start)) {
    yield { place: { log: row.id }, size: row.size, match: () => logMatch(tx, reader, request, row) };
  }
}

function* scheduledFrom(tx: ReadTx, queue: QueueRow, reader: MessageReader, request: BrowseRequest, start: DuePlace | null): Generator<Candidate> {
  if (request.scheduled === false || (request.state !== undefined && request.state !== "scheduled" && request.state !== "ready")) return;
  for (const row of scheduledRows(tx, queue.qid, request, start)) {
    if (request.state === "ready" && row.due > tx.now && orderOf(request) === "oldest") return;
    const read = () => reader.shownScheduled(row);
    yield { place: { due: row.due, id: row.id }, size: row.body.length, match: () => (scheduledFits(row, request, tx.now) ? { id: row.id, scheduled: true, read } : null) };
  }
}

function logMatch(tx: ReadTx, reader: MessageReader, request: BrowseRequest, row: LightRow): Match | null {
  if (isExpired(row, tx.now)) return null;
  if (request.partition !== undefined && row.name !== request.partition) return null;
  const standing = reader.view.of(row);
  if (request.state !== undefined && standing.state !== request.state) return null;
  return {
    id: row.id,
    scheduled: false,
    read() {
      const full = messageAt(tx, row.id);
      if (full === undefined) throw new Error(`Message ${row.id} vanished within a transaction.`);
      return reader.shown(full, standing);
    },
  };
}

function scheduledFits(row: ScheduledRow, { partition, state, from, to }: BrowseRequest, now: number): boolean {
  return (state === undefined || scheduledStanding(row.due, now).state === state) && (partition === undefined || row.name === partition) && (from === undefined || row.pushed_at >= from) && (to === undefined || row.pushed_at < to);
}

/** Ids of the log: those in (after, end]. */
interface Span {
  readonly after: number;
  readonly end: number;
}

/** Those of the log that can match, in order; exact for time, a superset for the rest. */
function* logRows(tx: ReadTx, queue: QueueRow, view: GroupView, request: BrowseRequest, start: LogPlace | null): Generator<LightRow> {
  const next = chunkSource(tx, queue, view, request);
  for (let span = spanOf(tx, queue, request, start); ; ) {
    const rows = next(span);
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined) return;
    span = behind(span, last.id, orderOf(request));
  }
}

function spanOf(tx: ReadTx, queue: QueueRow, request: BrowseRequest, start: LogPlace | null): Span {
  const { first, last } = messageRange(queue.qid);
  const { from, to } = request;
  const span = { after: from === undefined ? first : firstIdSince(tx, queue, from) - 1, end: to === undefined ? last : firstIdSince(tx, queue, to) - 1 };
  return start === null ? span : behind(span, start.log, orderOf(request));
}

function behind({ after, end }: Span, id: number, order: BrowseOrder): Span {
  return order === "oldest" ? { after: Math.max(after, id), end } : { after, end: Math.min(end, id - 1) };
}

function chunkSource(tx: ReadTx, queue: QueueRow, view: GroupView, request: BrowseRequest): (span: Span) => LightRow[] {
  const order = orderOf(request);
  const byIds = (ids: number[]) => ids.flatMap((id) => tx.all<LightRow>(ONE, id));
  if (request.state === "scheduled") return () => [];
  if (request.state === "leased") return ({ after, end }) => byIds(leasedIds(tx, view, after, end, CHUNK, order));
  if (request.state === "retrying") return ({ after, end }) => byIds(retryingIds(tx, view, after, end, CHUNK, order));
  if (request.partition === undefined) return ({ after, end }) => tx.all<LightRow>(IN_QUEUE[order], after, end);
  const lane = tx.get<{ lid: number }>("SELECT lid FROM lane WHERE qid = ? AND ifnull(name, '') = ? AND prio = 0", queue.qid, request.partition);
  return lane === undefined ? () => [] : ({ after, end }) => tx.all<LightRow>(IN_LANE[order], lane.lid, after, end);
}

function* scheduledRows(tx: ReadTx, qid: number, request: BrowseRequest, start: DuePlace | null): Generator<ScheduledRow> {
  const order = orderOf(request);
  for (let place = start ?? firstScheduled(tx, request); ; ) {
    const rows = tx.all<ScheduledRow>(SCHEDULED[order], qid, place.due, place.id);
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined) return;
    place = last;
  }
}

function firstScheduled(tx: ReadTx, { state, order }: BrowseRequest): DuePlace {
  if (order !== "newest") return BEFORE_ALL;
  // Of those that wait for their time none is ready.
  return state === "ready" ? { due: tx.now + 1, id: 0 } : AFTER_ALL;
}

export function messageMatch(match: string): (message: Message) => boolean {
  const has = textMatch(match);
  return (message) => has(searchable(message.payload.bytes), searchableHeaders(message.headers), message.transactionId);
}

// ---------------------------------------------------------------- places

/** A place as text: `m3-42` behind that message, `m3-42@1700000000000` behind that one among the scheduled. */
function placeText(place: Place): string {
  return "log" in place ? messageId(place.log) : `${messageId(place.id)}@${place.due}`;
}

/** Takes the id of any message too, so that people can go on behind one they see. */
function readPlace(tx: ReadTx, after: string): Place {
  const match = /^([^@]*)(?:@(\d{1,16}))?$/.exec(after);
  const due = match?.[2];
  const key = parseMessageId(match?.[1] ?? "");
  if (key === null) throw badAfter(after);
  if (due !== undefined) return { due: Number(due), id: key };
  const scheduled = scheduledByKey(tx, key);
  if (scheduled !== undefined) return { due: scheduled.due, id: key };
  return { log: tx.get<{ id: number }>("SELECT id FROM fired WHERE alias = ?", key)?.id ?? key };
}
