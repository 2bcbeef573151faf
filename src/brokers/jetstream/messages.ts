import { checkSettlements, checkTraceInput, flagOf, invalidInput, isQueuescopeError, leaseTime, listOf, objectOf, queueName, QueuescopeError, waitTime, wanted } from "../../core/index.ts";
import type { Delivery, Messages, PopRequest, RenewResult, SettleResult, Settlement, Wanted } from "../../core/index.ts";
import { checkPushItems } from "../../core/index.ts";
import type { Definition } from "./definition.ts";
import type { Work } from "./ending.ts";
import type { Engine } from "./engine.ts";
import { parseMessageId } from "./ids.ts";
import type { Id } from "./ids.ts";
import { Popping } from "./pop.ts";
import { pushInto, queueForPush } from "./push.ts";
import { parseReceipt } from "./receipts.ts";
import type { Receipt } from "./receipts.ts";
import { renewAll } from "./renew.ts";
import type { GroupSession, Performed } from "./session.ts";
import { leaseLost, settleGroup } from "./settling.ts";
import type { Asked, Settled } from "./settling.ts";
import { trace } from "./traces.ts";
import { transact } from "./transact.ts";
import { Waker } from "./wait.ts";

export function messagesFacet(engine: Engine): Messages {
  const popOnce = async (queue: Definition, want: Wanted<Id>): Promise<Delivery[]> => {
    const popping = await poppingOf(engine, queue, want);
    if (popping === null) return [];
    await popping.prepare(queue);
    return popping.pop(queue);
  };

  const pop = async (name: string, request: PopRequest, want: Wanted<Id>): Promise<Delivery[]> => {
    const deadline = performance.now() + waitTime(request);
    for (;;) {
      const queue = await engine.catalog.need(name);
      const session = engine.session(queue, want.group);
      const waker = new Waker(session);
      try {
        const deliveries = await popOnce(queue, want);
        if (deliveries.length > 0 || performance.now() >= deadline || request.signal?.aborted === true) return deliveries;
        await waker.wait(engine, queue, deadline, request.signal);
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

/** `null` when the one message asked for is none of this queue's. */
async function poppingOf(engine: Engine, queue: Definition, want: Wanted<Id>): Promise<Popping | null> {
  const session = engine.session(queue, want.group);
  if (want.message === null) return new Popping(engine, session, { ...want, message: null });
  if (want.message.queue !== queue.id) return null;
  return new Popping(engine, session, { ...want, message: await session.log.placeOf(want.message.seq) });
}

/** One result a settlement, in order. */
async function settleAll(engine: Engine, settlements: readonly Settlement[]): Promise<SettleResult[]> {
  const { results, groups } = await byGroup(engine, settlements);
  await Promise.all(groups.map((group) => settleOne(results, group)));
  return results;
}

/** Settles and pops in one commit, where they are of one group. */
async function together(engine: Engine, settlements: readonly Settlement[], queue: Definition, want: Wanted<Id>): Promise<{ settled: SettleResult[]; deliveries: Delivery[] }> {
  const { results, groups } = await byGroup(engine, settlements);
  const popping = await poppingOf(engine, queue, want);
  // A pop that can't be fails before anything is settled.
  await popping?.prepare(queue);
  const own = popping === null ? undefined : groups.find(({ session }) => session === popping.session);
  await Promise.all(groups.filter((group) => group !== own).map((group) => settleOne(results, group)));
  if (popping === null) return { settled: results, deliveries: [] };
  const asked = own?.asked ?? [];
  const both = (work: Work) => ({ settled: settleGroup(work, asked), take: popping.take(work) });
  const performing = popping.session.run({ queue, apply: both, unsure: ({ settled, take }) => refusesAny(settled) || take.taken.length === 0 });
  // What other groups settled is stored, and its caller must hear so.
  const performed = own === undefined ? await performing.catch(() => undefined) : await performing;
  if (performed === undefined) {
    refuseAll(results, asked);
    return { settled: results, deliveries: [] };
  }
  put(results, queue, performed.value.settled, performed);
  const { take } = performed.value;
  const deliveries = take.taken.length > 0 ? popping.deliver(queue, take) : popping.fetch(queue, take.missing).then((more) => (more ? popping.pop(queue) : []), () => []);
  return { settled: results, deliveries: await deliveries.catch(() => []) };
}

export async function settleOne(results: SettleResult[], { queue, session, asked }: Asking): Promise<void> {
  const performed = await session.run({ queue, apply: (work) => settleGroup(work, asked), unsure: refusesAny });
  if (performed === undefined) refuseAll(results, asked);
  else put(results, queue, performed.value, performed);
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
  for (const [index, settlement] of settlements.entries()) {
    const receipt = receiptOf(settlement.receipt);
    if (receipt instanceof QueuescopeError) {
      results[index] = { ok: false, receipt: settlement.receipt, error: receipt };
      continue;
    }
    const queue = await engine.catalog.byId(receipt.queue);
    if (queue === undefined) {
      results[index] = { ok: false, receipt: settlement.receipt, error: leaseLost("its queue was deleted") };
      continue;
    }
    const session = engine.session(queue, receipt.group);
    const group = groups.get(session) ?? { queue, session, asked: [] };
    groups.set(session, group);
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

export function refusesAny(settled: readonly Settled[]): boolean {
  return settled.some(({ result }) => !result.ok);
}

export function put(results: SettleResult[], queue: Definition, settled: readonly Settled[], { done }: Performed<unknown>): void {
  for (const { index, result, intent } of settled) {
    const seq = intent === undefined ? undefined : done.get(intent)?.seq;
    results[index] = result.ok && seq !== undefined ? { ...result, deadLetterId: `${queue.id}-d${seq}` } : result;
  }
}

function refuseAll(results: SettleResult[], asked: readonly Asked[]): void {
  for (const { index, settlement } of asked) results[index] = { ok: false, receipt: settlement.receipt, error: leaseLost("its group was deleted") };
}
