import { checkRedriveEdit, checkRedriveSecrecy, QueuescopeError, redriveFilter } from "../../core/index.ts";
import type { RedriveRequest, RedriveResult } from "../../core/index.ts";
import { change } from "./context.ts";
import type { Local, Work } from "./context.ts";
import { isSealed } from "../../core/index.ts";
import { deadRow, matchingDead } from "./dead-letters.ts";
import type { DeadRow } from "./dead-letters.ts";
import { editedContents } from "./edit.ts";
import { recordEvent } from "./events.ts";
import { deadLetterId, deadLetterNotFound, messageId, messageKey, parseDeadLetterId } from "./ids.ts";
import { placeOf } from "./input.ts";
import type { LiveQueue } from "./live.ts";
import { append } from "./log.ts";
import type { Entry } from "./log.ts";
import { checkRoom, dropOldest } from "./overflow.ts";
import { bringInDue } from "./scheduled.ts";
import { afterNumber, limitOf } from "../../core/index.ts";

type Redriven = RedriveResult["redriven"][number];

/** Dead letters a transaction. */
const AT_ONCE = 50;

/**
 * To the tail, each at most once by accident: marking the dead letter and pushing its message are one
 * transaction, so of two processes the second finds it marked.
 */
export async function redrive(local: Local, queue: string, request: RedriveRequest): Promise<RedriveResult> {
  const limit = limitOf(request.limit, 200, 10_000);
  const redriven: Redriven[] = [];
  let after: number | null = afterNumber(request.after);
  while (after !== null && redriven.length < limit) {
    const from: number = after;
    const step = await change(local, (work) => redriveStep(work, queue, request, from, Math.min(AT_ONCE, limit - redriven.length)));
    redriven.push(...step.redriven);
    after = step.next;
  }
  return { redriven, more: after !== null, next: after === null ? null : String(after) };
}

function redriveStep(work: Work, name: string, request: RedriveRequest, after: number, limit: number): { redriven: Redriven[]; next: number | null } {
  const { tx } = work;
  const source = tx.live.queue(name);
  const target = request.to === undefined ? source : tx.live.queue(request.to);
  checkIds(work, source, request);
  const { dids, next } = matchingDead(tx, source, redriveFilter(request), work.crypt.unseal, after, limit);
  checkRedriveEdit(request, dids.length > 1 || next !== null || after > 0);
  const letters = dids.flatMap((did) => deadRow(tx, did) ?? []);
  checkRedriveSecrecy(source, target, letters.some(({ body }) => isSealed(body)), request);
  const todo = letters.filter((letter) => letter.redriven === 0 || request.again === true);
  // What was due before stands before them.
  if (todo.length > 0 && target.scheduled > 0) bringInDue(tx, target);
  const limited = target.options.maxSize > 0 && todo.length > 0;
  if (limited && target.options.overflow === "reject") checkRoom(tx, target, todo.length);
  const ids = new Map(todo.map((letter) => [letter.did, redriveOne(work, source, target, letter, request)]));
  if (limited && target.options.overflow === "drop-oldest") dropOldest(work, target);
  const redriven = letters.map(({ did }): Redriven => {
    const id = ids.get(did);
    return { deadLetterId: deadLetterId(source.qid, did), messageId: id ?? latest(work, did), status: id === undefined ? "already-redriven" : "redriven" };
  });
  return { redriven, next };
}

/** @throws message-not-found for a named one that isn't there */
function checkIds({ tx }: Work, source: LiveQueue, { filter }: RedriveRequest): void {
  for (const id of filter.ids ?? []) {
    const key = parseDeadLetterId(id);
    if (key === null || key.qid !== source.qid || deadRow(tx, key.did) === undefined) throw deadLetterNotFound(id);
  }
}

function redriveOne(work: Work, source: LiveQueue, target: LiveQueue, letter: DeadRow, request: RedriveRequest): string {
  const { tx } = work;
  const entry = entryOf(work, source, target, letter, request);
  const [id, original, dead] = [messageId(entry.key), messageId(letter.id), deadLetterId(source.qid, letter.did)];
  append(tx, target, [entry], Math.max(tx.now, target.last_ts));
  tx.run("INSERT INTO redrive (did, at, queue, id) VALUES (?, ?, ?, ?)", letter.did, tx.now, target.name, id);
  tx.run("UPDATE dead SET redriven = redriven + 1 WHERE did = ?", letter.did);
  const group = tx.live.findGroup(source, letter.grp);
  if (group !== undefined) group.redriven += 1;
  recordEvent(tx, work.crypt, source, letter.id, "redriven", { group: letter.grp, data: { deadLetterId: dead, to: { queue: target.name, messageId: id } } });
  recordEvent(tx, work.crypt, target, entry.key, "redriven", { data: { deadLetterId: dead, from: { queue: source.name, messageId: original } } });
  return id;
}

/** Keeps all of the original; the transaction id too, without asking whether it was pushed before. */
function entryOf(work: Work, source: LiveQueue, target: LiveQueue, letter: DeadRow, request: RedriveRequest): Entry {
  const wanted = request.partition === undefined ? letter.name : request.partition;
  const place = placeOf({ partition: wanted, priority: letter.prio }, target.options);
  const { enc, body, hdr } = editedContents(work, target, letter, request);
  target.seq += 1;
  return {
    ...place,
    key: messageKey(target.qid, target.seq),
    enc,
    body,
    hdr,
    tx: letter.tx,
    ttl: target.options.ttl,
    alias: null,
    onlyGroup: source.qid === target.qid && request.allGroups !== true ? letter.grp : null,
    origin: letter.did,
  };
}

function latest({ tx }: Work, did: number): string {
  const row = tx.get<{ id: string }>("SELECT id FROM redrive WHERE did = ? ORDER BY at DESC LIMIT 1", did);
  if (row === undefined) throw new QueuescopeError("corrupt", `The dead letter ${did} is marked as redriven, but not to what. Restore the file from a backup, or discard the dead letter.`);
  return row.id;
}
