import { checkSettlements, checkTraceInput, flagOf, invalidInput, leaseTime, listOf, objectOf, queueName, waitTime } from "../../core/index.ts";
import type { Delivery, Messages, PopRequest, PushResult, RenewResult, Settlement, SettleResult, TraceInput, Transaction, TransactionResult } from "../../core/index.ts";
import { change } from "./context.ts";
import type { Local, Work } from "./context.ts";
import { insertEvent } from "./events.ts";
import { messageNotFound, parseMessageId, queueOf } from "./ids.ts";
import { checkedItems } from "./input.ts";
import type { Incoming } from "./input.ts";
import { messageExists } from "./lookup.ts";
import { popFrom } from "./pop.ts";
import type { Wanted } from "./pop.ts";
import { wanted } from "./pop-request.ts";
import { pushInto } from "./push.ts";
import { queueForPush } from "./queues.ts";
import { renewAll } from "./renew.ts";
import { endSpent, settleAll } from "./settle.ts";
import type { SpentLease } from "./settle.ts";
import { tryUntil } from "./wait.ts";

export function messagesFacet(local: Local): Messages {
  const popUntil = (queue: string, request: PopRequest, want: Wanted): Promise<Delivery[]> =>
    tryUntil(local.store, queue, want.group, { ms: waitTime(request), signal: request.signal }, () => change(local, (work) => pop(work, queue, want)));

  return {
    async push(queue, items, options = {}) {
      const incoming = checkedItems(items);
      queueName(queue);
      const create = creates(objectOf(options, "options").create);
      return change(local, (work) => push(work, queue, incoming, create));
    },

    async pop(queue, request = {}) {
      const want = wanted(request);
      queueName(queue);
      if (waitTime(request) > 0) return popUntil(queue, request, want);
      return change(local, (work) => pop(work, queue, want));
    },

    settle: async (settlements) => {
      checkSettlements(settlements);
      return change(local, (work) => settleAll(work, settlements));
    },

    async settleAndPop(settlements, queue, request = {}) {
      checkSettlements(settlements);
      const want = wanted(request);
      const wait = waitTime(request);
      queueName(queue);
      const both = await change(local, (work) => settleThenPop(work, settlements, queue, want));
      if (both.deliveries.length > 0 || wait === 0) return both;
      // What was settled is stored, and its caller must hear so: the next pop tells what ended this wait.
      return { settled: both.settled, deliveries: await popUntil(queue, request, want).catch(() => []) };
    },

    async renew(receipts, lease): Promise<RenewResult[]> {
      const ms = lease === undefined ? null : leaseTime(lease);
      listOf(receipts, "receipts");
      return change(local, (work) => renewAll(work, receipts, ms));
    },

    async transact(transaction) {
      const { settle, push: given } = objectOf(transaction, "transaction");
      checkSettlements(settle);
      const pushes = listOf(given, "push").map(({ queue, items, create }) => ({ queue: queueName(queue), items: checkedItems(items), create: creates(create) }));
      if (settle.length === 0 && pushes.every(({ items }) => items.length === 0)) throw invalidInput("transaction", "The transaction is empty: give it something to settle or to push.");
      return change(local, (work) => transact(work, transaction, pushes));
    },

    async trace(events) {
      const checked = listOf(events, "events").map(checkedEvent);
      if (checked.length > 0) await change(local, (work) => { for (const event of checked) trace(work, event); });
    },
  };
}

function creates(create: boolean | undefined): boolean {
  return create === undefined || flagOf(create, "create");
}

function push(work: Work, queue: string, items: readonly Incoming[], create: boolean): PushResult[] {
  if (items.length === 0 && create) return [];
  return pushInto(work, queueForPush(work, queue, create), items);
}

function pop(work: Work, queue: string, want: Wanted): Delivery[] {
  return popFrom(work, work.tx.live.queue(queue), want);
}

function settleThenPop(work: Work, settlements: readonly Settlement[], queue: string, want: Wanted): { settled: SettleResult[]; deliveries: Delivery[] } {
  const spent: SpentLease[] = [];
  const settled = settleAll(work, settlements, spent);
  const deliveries = popFrom(work, work.tx.live.queue(queue), want, spent);
  for (const lease of spent) endSpent(work, lease);
  return { settled, deliveries };
}

/** A stale receipt throws, so that the whole transaction is undone. */
function transact(work: Work, { settle }: Transaction, pushes: readonly { queue: string; items: readonly Incoming[]; create: boolean }[]): TransactionResult {
  const settled = settleAll(work, settle);
  for (const result of settled) if (!result.ok) throw result.error;
  return { settled, pushed: pushes.map(({ queue, items, create }) => push(work, queue, items, create)) };
}

interface CheckedEvent extends TraceInput {
  readonly key: number;
}

function checkedEvent(given: TraceInput): CheckedEvent {
  const event = objectOf(given, "event");
  const key = typeof event.messageId === "string" ? parseMessageId(event.messageId) : null;
  if (key === null) throw messageNotFound(JSON.stringify(event.messageId));
  checkTraceInput(event);
  return { ...event, key };
}

function trace({ tx, crypt }: Work, event: CheckedEvent): void {
  const queue = tx.live.queueById(queueOf(event.key));
  const known = queue !== undefined && (messageExists(tx, event.messageId) || tx.get("SELECT 1 AS one FROM dead WHERE id = ? LIMIT 1", event.key) !== undefined);
  if (!known) throw messageNotFound(event.messageId);
  const data = event.data === undefined ? null : crypt.sealText(event.data, queue.options.encryptionEnabled);
  const eid = insertEvent(tx, { key: event.key, type: event.type, group: event.group ?? null, worker: event.worker ?? null, attempt: event.attempt ?? null, data });
  for (const name of new Set(event.names)) tx.run("INSERT INTO event_name (name, eid) VALUES (?, ?)", name, eid);
}
