import { charge } from "../../core/index.ts";
import type { DeadReason, Failure, Instant } from "../../core/index.ts";
import type { Work } from "./context.ts";
import { recordEvent, sealed, writeEvent } from "./events.ts";
import { deadLetterId } from "./ids.ts";
import type { LiveGroup, LiveQueue } from "./live.ts";
import { messageAt } from "./lookup.ts";
import { publicKey } from "./rows.ts";

/** A message of the log that was delivered to a group. */
export interface Delivered {
  readonly queue: LiveQueue;
  readonly group: LiveGroup;
  readonly id: number;
  readonly lane: number;
  /** The id people know. */
  readonly key: number;
  readonly worker: string | null;
}

interface History {
  readonly charges: number;
  readonly deliveries: number;
}

export type Fate =
  | { readonly fate: "retry"; readonly retryAt: Instant }
  | { readonly fate: "dead"; readonly deadLetterId: string }
  | { readonly fate: "drop" };

export function historyOf(work: Work, group: LiveGroup, id: number): History {
  return work.tx.get<History>("SELECT charges, deliveries FROM exc WHERE gid = ? AND id = ?", group.gid, id) ?? { charges: 0, deliveries: 1 };
}

/** Charges a message. A retried one stands in `exc` with its time; another is settled by the caller. */
export function fail(work: Work, message: Delivered, error: Failure | undefined, how: { readonly delay?: number | undefined; readonly expired?: boolean }): Fate {
  const { queue, group } = message;
  const history = historyOf(work, group, message.id);
  // The time that a lease ran is delay enough.
  const charged = charge(queue.options, history.charges, work.tx.now, Math.random(), how.expired === true ? 0 : how.delay);
  const attempt = charged.charges;
  // That a lease ran out is said in our own words.
  const own = how.expired === true;
  if (own) group.expired += 1;
  else group.failed += 1;
  recordEvent(work.tx, work.crypt, queue, message.key, own ? "expired" : "nacked", {
    group, worker: message.worker, attempt, own, data: { ...errorData(error), ...(charged.fate === "retry" ? { retryAt: charged.retryAt } : {}) },
  });
  if (charged.fate !== "retry") {
    const spent = { ...history, charges: charged.charges };
    return charged.fate === "drop" ? drop(work, message, error, spent, own) : die(work, message, error, own ? "lease-expired" : "retries-exhausted", spent);
  }
  const seal = (text: string | undefined): Uint8Array | null => (text === undefined ? null : sealed(work.crypt, queue, text, own));
  work.tx.run(
    "INSERT INTO exc (gid, id, lane, charges, deliveries, visible_at, retrying, alone, error, stack) VALUES (?, ?, ?, ?, ?, ?, 1, ?, ?, ?) ON CONFLICT DO UPDATE SET charges = excluded.charges, visible_at = excluded.visible_at, retrying = 1, lease = NULL, alone = excluded.alone, error = excluded.error, stack = excluded.stack",
    group.gid, message.id, message.lane, charged.charges, history.deliveries, charged.retryAt, own ? 1 : 0, seal(error?.message), seal(error?.stack),
  );
  group.retrying += 1;
  return { fate: "retry", retryAt: charged.retryAt };
}

/** Makes it a dead letter now: somebody asked for it, so whatever the queue does with exhausted ones. */
export function reject(work: Work, message: Delivered, error: Failure | undefined): Fate {
  const history = historyOf(work, message.group, message.id);
  return die(work, message, error, "rejected", { ...history, charges: history.charges + 1 });
}

function drop(work: Work, { queue, group, key, worker }: Delivered, error: Failure | undefined, history: History, own: boolean): Fate {
  group.dropped += 1;
  writeEvent(work.tx, work.crypt, queue, key, "dropped", { group, worker, attempt: history.charges, own, data: { ...errorData(error), reason: "retries-exhausted" } });
  return { fate: "drop" };
}

function die(work: Work, message: Delivered, error: Failure | undefined, reason: DeadReason, history: History): Fate {
  const { queue, group, key, worker } = message;
  group.dead += 1;
  const did = bury(work, message, error, reason, history);
  recordEvent(work.tx, work.crypt, queue, key, "dead", { group, worker, attempt: history.charges, own: reason === "lease-expired", data: { ...errorData(error), reason, deadLetterId: did } });
  return { fate: "dead", deadLetterId: did };
}

/** The dead letter has everything of the message, so that it outlives it. */
function bury(work: Work, message: Delivered, error: Failure | undefined, reason: DeadReason, history: History): string {
  const { queue, group } = message;
  const row = messageAt(work.tx, message.id);
  if (row === undefined) throw new Error(`the leased message ${message.id} is in the log`);
  const seal = (text: string | undefined): Uint8Array | null => (text === undefined ? null : sealed(work.crypt, queue, text, reason === "lease-expired"));
  const did = work.tx.insert(
    "INSERT INTO dead (qid, grp, id, name, prio, ts, dead_at, reason, charges, deliveries, enc, body, hdr, tx, error, stack) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    queue.qid, group.name, publicKey(row), row.name, row.prio, row.ts, work.tx.now, reason, history.charges, history.deliveries, row.enc, row.body, row.hdr, row.tx, seal(error?.message), seal(error?.stack),
  );
  return deadLetterId(queue.qid, did);
}

function errorData(error: Failure | undefined): Record<string, unknown> {
  return error === undefined ? {} : { error: error.message, ...(error.stack === undefined ? {} : { stack: error.stack }) };
}
