import { randomBytes } from "node:crypto";
import { QueuescopeError } from "../../core/index.ts";
import type { PushItem, PushResult, SettleResult, Settlement, TransactionResult } from "../../core/index.ts";
import type { Definition } from "./definition.ts";
import type { Work } from "./ending.ts";
import type { Engine } from "./engine.ts";
import { withDeadLetter } from "./group-call.ts";
import { HEADER } from "./message.ts";
import { byGroup, settleOne } from "./messages.ts";
import type { Asking } from "./messages.ts";
import type { Acknowledged } from "./publisher.ts";
import { prepare, publishReady, queueForPush, resultOf, tell } from "./push.ts";
import type { Ready } from "./push.ts";
import type { Intent } from "./record.ts";
import { leaseLost, liveLease, settleGroup } from "./settling.ts";
import type { Settled } from "./settling.ts";

/** Milliseconds that the leases of other groups have at least, from when a transaction begins. */
const TIME = 60_000;

interface Wish {
  readonly queue: string;
  readonly items: readonly PushItem[];
  readonly create: boolean;
}

interface Batch {
  readonly queue: Definition;
  readonly ready: readonly Ready[];
  /** Of the intents, one an item. */
  readonly ids: readonly string[];
}

/**
 * Settles and pushes, all or nothing: the commit that settles in the first group also stores what is to be settled in
 * the others and what is to be pushed. That is done then, by us or by whoever loads the record next, once.
 * @throws lease-lost and whatever push throws; then nothing was changed
 */
export async function transact(engine: Engine, settle: readonly Settlement[], pushes: readonly Wish[]): Promise<TransactionResult> {
  const { results, groups } = await byGroup(engine, settle);
  for (const result of results as (SettleResult | undefined)[]) if (result?.ok === false) throw result.error;
  await Promise.all(groups.map(checkLive));
  const batches = await prepareAll(engine, pushes);
  const [first, ...others] = groups;
  if (first === undefined) return { settled: [], pushed: await pushAlone(engine, batches) };
  await Promise.all(others.map(holdLeases));
  const later = others.map((group) => ({ group, id: newIntent() }));
  const performed = await first.session.run({ queue: first.queue, apply: (work) => applied(work, first, batches, later) });
  if (performed === undefined) throw leaseLost("its group was deleted");
  for (const one of performed.value) results[one.index] = withDeadLetter(first.queue, one, performed);
  await Promise.all(others.map((group) => settleOne(engine, results, group)));
  if (later.length > 0) await first.session.run({ queue: first.queue, apply: ({ state }) => { for (const { id } of later) state.record.intents.delete(id); } });
  for (const { queue, ready } of batches) tell(engine, queue, ready);
  return { settled: results, pushed: batches.map((batch) => pushedOf(batch, performed.done)) };
}

function newIntent(): string {
  return randomBytes(9).toString("base64url");
}

/** Before anything is made or stored. */
async function checkLive({ queue, session, asked }: Asking): Promise<void> {
  const performed = await session.run({ queue, apply: (work) => allLive(work, asked), unsure: (live) => !live });
  if (performed === undefined || !performed.value) throw leaseLost();
}

/** Each receipt is of a live lease, and given once. */
function allLive(work: Work, asked: Asking["asked"]): boolean {
  const once = new Set(asked.map(({ receipt: { token, seq } }) => `${token} ${seq}`));
  return once.size === asked.length && asked.every(({ receipt }) => liveLease(work, receipt)?.open.includes(receipt.seq) ?? false);
}

/** They must not run out between the commit and their settling. */
async function holdLeases({ queue, session, asked }: Asking): Promise<void> {
  const performed = await session.run({
    queue, unsure: (live) => !live,
    apply: (work) => {
      if (!allLive(work, asked)) return false;
      const { state, now } = work;
      for (const { receipt } of asked) {
        const lease = liveLease(work, receipt);
        if (lease === undefined || lease.ends >= now + TIME) continue;
        const part = receipt.partition === null ? undefined : state.record.parts.get(receipt.partition);
        if (receipt.partition !== null && part?.lease !== undefined) state.setPart(receipt.partition, { ...part, lease: { ...part.lease, ends: now + TIME } });
        else state.setLease(lease.token, { ...lease, ends: now + TIME });
      }
      return true;
    },
  });
  if (performed === undefined || !performed.value) throw leaseLost();
}

/** Everything is checked before the first missing queue is made. */
async function prepareAll(engine: Engine, pushes: readonly Wish[]): Promise<Batch[]> {
  const found = await Promise.all(pushes.map(({ queue, create }) => (create ? engine.catalog.find(queue) : engine.catalog.need(queue))));
  const batches = new Map<number, Batch>();
  const add = async (i: number, queue: Definition): Promise<void> => {
    const ready = await prepare(engine, queue, pushes[i]?.items ?? []);
    batches.set(i, { queue, ready, ids: ready.map(newIntent) });
  };
  for (const [i, queue] of found.entries()) if (queue !== undefined) await add(i, queue);
  for (const [i, { queue, create }] of pushes.entries()) if (!batches.has(i)) await add(i, await queueForPush(engine, queue, create));
  return pushes.flatMap((_, i) => batches.get(i) ?? []);
}

function applied(work: Work, { asked }: Asking, batches: readonly Batch[], later: readonly { group: Asking; id: string }[]): Settled[] {
  if (!allLive(work, asked)) throw leaseLost();
  const settled = settleGroup(work, asked);
  const { state, effects } = work;
  for (const { group, id } of later) {
    state.record.intents.set(id, { kind: "settle", queue: group.queue.id, group: group.session.group, settlements: group.asked.map(({ settlement }) => settlement) });
  }
  for (const { queue, ready, ids } of batches) {
    ready.forEach(({ publication }, i) => {
      const id = ids[i] ?? "";
      state.record.intents.set(id, intentOf(queue, publication, id));
      effects.intents.push(id);
    });
  }
  return settled;
}

function intentOf({ id: queue }: Definition, { subject, data, headers = {} }: Ready["publication"], id: string): Intent {
  return { kind: "push", queue, subject, headers: { "Nats-Msg-Id": `intent=${id}`, ...headers, [HEADER.intent]: id }, data: Buffer.from(data).toString("base64") };
}

function pushedOf({ queue, ready, ids }: Batch, done: ReadonlyMap<string, Acknowledged>): PushResult[] {
  return ready.map((one, i) => {
    const answer = done.get(ids[i] ?? "");
    if (answer === undefined) throw new QueuescopeError("unavailable", `The transaction is stored, and its messages for ${queue.name} are pushed when NATS answers again.`);
    return resultOf(queue, one, answer);
  });
}

async function pushAlone(engine: Engine, batches: readonly Batch[]): Promise<PushResult[][]> {
  const pushed: PushResult[][] = [];
  for (const { queue, ready } of batches) pushed.push(await publishReady(engine, queue, ready));
  return pushed;
}
