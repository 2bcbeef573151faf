import { checkPushItems, checkSettlements, checkTraceInput, flagOf, invalidInput, isQueuescopeError, leaseLost, leaseTime, listOf, objectOf, queueName, QueuescopeError, waitTime, wanted } from "../../core/index.ts";
import type { Delivery, Messages, PopRequest, RenewResult, SettleResult, Settlement, Wanted } from "../../core/index.ts";
import type { Definition } from "./definition.ts";
import type { Engine } from "./engine.ts";
import { deliveryOf } from "./delivery.ts";
import { NOTHING_ASKED } from "./group-call.ts";
import type { GroupAnswer } from "./group-call.ts";
import { parseMessageId } from "./ids.ts";
import type { Id } from "./ids.ts";
import { pushInto, queueForPush } from "./push.ts";
import { parseReceipt } from "./receipts.ts";
import type { Receipt } from "./receipts.ts";
import { renewAll } from "./renew.ts";
import type { GroupSession } from "./session.ts";
import type { Asked } from "./settling.ts";
import { trace } from "./traces.ts";
import { transact } from "./transact.ts";
import { Waker } from "./wait.ts";

export function messagesFacet(engine: Engine): Messages {
  const pop = async (name: string, request: PopRequest, want: Wanted<Id>): Promise<Delivery[]> => {
    const deadline = performance.now() + waitTime(request);
    for (;;) {
      const queue = await engine.catalog.need(name);
      const session = engine.session(queue, want.group);
      const waker = new Waker(session);
      try {
        const { deliveries, next } = await popOnce(engine, queue, want, waitTime(request) > 0);
        if (deliveries.length > 0 || performance.now() >= deadline || request.signal?.aborted === true) return deliveries;
        await waker.wait(engine, queue, next, deadline, request.signal);
      } catch (error) {
        // Deleted under way: who goes on reading the definition learns it.
        if (isQueuescopeError(error, "queue-not-found")) engine.catalog.forget(name);
        throw error;
      } finally {
        waker.stop();
      }
    }
  };

  return {
    async push(queue, items, options = {}) {
      checkPushItems(items);
      queueName(queue);
      const create = creates(objectOf(options, "options").create);
      if (items.length === 0 && create) return [];
      return pushInto(engine, await queueForPush(engine, queue, create), items);
    },

    async pop(queue, request = {}) {
      const want = wanted(request, parseMessageId);
      waitTime(request);
      return pop(queueName(queue), request, want);
    },

    async settle(settlements) {
      checkSettlements(settlements);
      return settleAll(engine, settlements);
    },

    async settleAndPop(settlements, queue, request = {}) {
      checkSettlements(settlements);
      const want = wanted(request, parseMessageId);
      const wait = waitTime(request);
      const definition = await engine.catalog.need(queueName(queue));
      const both = await together(engine, settlements, definition, want);
      if (both.deliveries.length > 0 || wait === 0) return both;
      // What was settled is stored, and its caller must hear so: the next pop tells what ended this wait.
      return { settled: both.settled, deliveries: await pop(queue, request, want).catch(() => []) };
    },

    async renew(receipts, lease): Promise<RenewResult[]> {
      const ms = lease === undefined ? null : leaseTime(lease);
      return renewAll(engine, listOf(receipts, "receipts"), ms);
    },

    async transact(transaction) {
      const { settle, push } = objectOf(transaction, "transaction");
      checkSettlements(settle);
      const pushes = listOf(push, "push").map(({ queue, items, create }) => ({ queue: queueName(queue), items, create: creates(create) }));
      for (const { items } of pushes) checkPushItems(items);
      if (settle.length === 0 && pushes.every(({ items }) => items.length === 0)) throw invalidInput("transaction", "The transaction is empty: give it something to settle or to push.");
      return transact(engine, settle, pushes);
    },

    async trace(events) {
      const checked = listOf(events, "events").map((event) => {
        const id = parseMessageId(objectOf(event, "event").messageId);
        checkTraceInput(event);
        return { ...event, id };
      });
      await trace(engine, checked);
    },
  };
}

function creates(create: boolean | undefined): boolean {
  return create === undefined || flagOf(create, "create");
}

/** The one message asked for by its place in the log; `undefined` when it is none of this queue's. */
async function placed(engine: Engine, queue: Definition, want: Wanted<Id>): Promise<Wanted<number> | undefined> {
  if (want.message === null) return { ...want, message: null };
  if (want.message.queue !== queue.id) return undefined;
  return { ...want, message: await engine.session(queue, want.group).log.placeOf(want.message.seq) };
}

async function popOnce(engine: Engine, queue: Definition, want: Wanted<Id>, stays: boolean): Promise<{ deliveries: Delivery[]; next: number | null }> {
  const wanted = await placed(engine, queue, want);
  const answer = wanted === undefined ? null : await engine.ownership.perform(queue, engine.session(queue, want.group), { ...NOTHING_ASKED, want: wanted }, stays);
  return { deliveries: deliveriesOf(engine, queue, want, answer), next: answer?.next ?? null };
}

function deliveriesOf(engine: Engine, queue: Definition, { group }: Wanted<Id>, answer: GroupAnswer | null): Delivery[] {
  return (answer?.taken ?? []).map((one) => deliveryOf(engine, queue, group, one));
}

/** One result a settlement, in order. */
async function settleAll(engine: Engine, settlements: readonly Settlement[]): Promise<SettleResult[]> {
  const { results, groups } = await byGroup(engine, settlements);
  await Promise.all(groups.map((group) => settleOne(engine, results, group)));
  return results;
}

/** Settles and pops in one commit, where they are of one group. */
async function together(engine: Engine, settlements: readonly Settlement[], queue: Definition, want: Wanted<Id>): Promise<{ settled: SettleResult[]; deliveries: Delivery[] }> {
  const { results, groups } = await byGroup(engine, settlements);
  const session = engine.session(queue, want.group);
  const own = groups.find((group) => group.session === session);
  const wanted = (await placed(engine, queue, want)) ?? null;
  const answer = await engine.ownership.perform(queue, session, { ...NOTHING_ASKED, asked: own?.asked ?? [], want: wanted }, true);
  if (own !== undefined) put(results, own, answer);
  // What was settled so far is stored, and its caller must hear so.
  await Promise.all(groups.filter((group) => group !== own).map((group) => settleOne(engine, results, group)));
  return { settled: results, deliveries: deliveriesOf(engine, queue, want, answer) };
}

export async function settleOne(engine: Engine, results: SettleResult[], group: Asking): Promise<void> {
  put(results, group, await engine.ownership.perform(group.queue, group.session, { ...NOTHING_ASKED, asked: group.asked }));
}

export interface Asking {
  readonly queue: Definition;
  readonly session: GroupSession;
  readonly asked: Asked[];
}

/** Settlements by the groups whose leases they are of; what is no receipt, or of a queue that is gone, is refused. */
export async function byGroup(engine: Engine, settlements: readonly Settlement[]): Promise<{ results: SettleResult[]; groups: Asking[] }> {
  const results = new Array<SettleResult>(settlements.length);
  const groups = new Map<GroupSession, Asking>();
  // Mostly they are of one queue and group: a wait for each would cost more than the settling.
  let last: Definition | undefined;
  let group: Asking | undefined;
  for (const [index, settlement] of settlements.entries()) {
    const receipt = receiptOf(settlement.receipt);
    if (receipt instanceof QueuescopeError) {
      results[index] = { ok: false, receipt: settlement.receipt, error: receipt };
      continue;
    }
    if (last?.id !== receipt.queue) last = await engine.catalog.byId(receipt.queue);
    const queue = last;
    if (queue === undefined) {
      results[index] = { ok: false, receipt: settlement.receipt, error: leaseLost("its queue was deleted") };
      continue;
    }
    if (group?.queue !== queue || group.session.group !== receipt.group) {
      const session = engine.session(queue, receipt.group);
      group = groups.get(session) ?? { queue, session, asked: [] };
      groups.set(session, group);
    }
    group.asked.push({ index, settlement, receipt });
  }
  return { results, groups: [...groups.values()] };
}

function receiptOf(text: string): Receipt | QueuescopeError {
  try {
    return parseReceipt(text);
  } catch (error) {
    if (error instanceof QueuescopeError) return error;
    throw error;
  }
}

/** @param answer `null`: the group is gone */
function put(results: SettleResult[], { asked }: Asking, answer: GroupAnswer | null): void {
  for (const { index, result } of answer?.settled ?? []) results[index] = result;
  if (answer !== null) return;
  for (const { index, settlement } of asked) results[index] = { ok: false, receipt: settlement.receipt, error: leaseLost("its group was deleted") };
}
