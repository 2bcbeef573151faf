import type { PushResult } from "../../core/index.ts";
import type { Work } from "./context.ts";
import type { Crypt } from "../../core/index.ts";
import { messageId, messageKey } from "./ids.ts";
import { checkOrdered, placeOf } from "./input.ts";
import type { Incoming } from "./input.ts";
import type { LiveQueue } from "./live.ts";
import { append } from "./log.ts";
import type { Entry } from "./log.ts";
import { checkRoom, dropOldest } from "./overflow.ts";
import { encodingNumber } from "./rows.ts";
import { bringInDue, schedule } from "./scheduled.ts";
import type { WriteTx } from "./tx.ts";

/** @throws queue-full, encryption-key-missing */
export function pushInto(work: Work, queue: LiveQueue, items: readonly Incoming[]): PushResult[] {
  const { tx, crypt } = work;
  checkOrdered(items, queue.options);
  if (queue.scheduled > 0) bringInDue(tx, queue);
  const firstKey = messageKey(queue.qid, queue.seq + 1);
  const results: PushResult[] = [];
  const entries: Entry[] = [];
  let scheduled = 0;
  for (const item of items) {
    const { partition, priority } = placeOf(item, queue.options);
    const key = messageKey(queue.qid, queue.seq + 1);
    const original = item.transactionId === null ? null : claim(tx, queue, partition, item.transactionId, key);
    const id = messageId(original ?? key);
    const transactionId = item.transactionId ?? id;
    if (original !== null) {
      results.push({ id, status: "duplicate", transactionId, partition });
      continue;
    }
    queue.seq += 1;
    const entry = sealed(crypt, queue, item, { key, partition, priority });
    const later = item.deliverAt !== null && item.deliverAt > tx.now;
    if (later) {
      schedule(tx, queue, entry, item.deliverAt, item.ttl ?? null);
      scheduled += 1;
    } else entries.push(entry);
    results.push({ id, status: later ? "scheduled" : "queued", transactionId, partition });
  }
  const limited = queue.options.maxSize > 0 && entries.length + scheduled > 0;
  if (limited && queue.options.overflow === "reject") checkRoom(tx, queue, entries.length);
  append(tx, queue, entries, Math.max(tx.now, queue.last_ts));
  if (limited && queue.options.overflow === "drop-oldest") dropOldest(work, queue, firstKey);
  return results;
}

function sealed(crypt: Crypt, queue: LiveQueue, item: Incoming, place: { key: number; partition: string | null; priority: number }): Entry {
  const encrypt = queue.options.encryptionEnabled;
  return {
    key: place.key,
    partition: place.partition,
    priority: place.priority,
    enc: encodingNumber(item.encoding),
    body: crypt.seal(item.body, encrypt),
    hdr: item.headers === null ? null : crypt.seal(item.headers, encrypt),
    tx: item.transactionId,
    ttl: item.ttl ?? queue.options.ttl,
    alias: null,
    onlyGroup: item.onlyGroup ?? null,
    origin: item.origin ?? null,
  };
}

/** Remembers a caller's id; answers the message that has it already, if one has within the window. */
function claim(tx: WriteTx, queue: LiveQueue, partition: string | null, transactionId: string, key: number): number | null {
  const window = queue.options.dedupWindowSeconds;
  if (window === 0) return null;
  const known = tx.get<{ id: number; at: number }>("SELECT id, at FROM dedup WHERE qid = ? AND part = ? AND tx = ?", queue.qid, partition ?? "", transactionId);
  if (known !== undefined && known.at > tx.now - window) return known.id;
  tx.run("INSERT OR REPLACE INTO dedup (qid, part, tx, id, at) VALUES (?, ?, ?, ?, ?)", queue.qid, partition ?? "", transactionId, key, tx.now);
  return null;
}
