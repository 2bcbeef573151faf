import { randomBytes } from "node:crypto";
import { leaseLost, QueuescopeError } from "../../core/index.ts";
import type { Instant, PushItem, PushResult, SettleResult, Settlement, TransactionResult } from "../../core/index.ts";
import type { Definition } from "./definition.ts";
import { allLive, bind, settleBound } from "./bonds.ts";
import type { Work } from "./ending.ts";
import type { Engine } from "./engine.ts";
import { withDeadLetter } from "./group-call.ts";
import { HEADER } from "./message.ts";
import { byGroup } from "./messages.ts";
import type { Asking } from "./messages.ts";
import type { Acknowledged } from "./publisher.ts";
import { prepare, publishReady, queueForPush, resultOf, tell } from "./push.ts";
import type { Ready } from "./push.ts";
import type { Intent } from "./record.ts";
import { settleGroup } from "./settling.ts";
import type { Settled } from "./settling.ts";

/** Milliseconds that a transaction has from when it binds the leases of other groups until it is stored. */
const TIME = 50_000;
/** By which clocks may differ: what becomes of it is decided so much later. */
const SLACK = 10_000;

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
  const later = others.map((group) => ({ group, id: newIntent() }));
  const end = engine.now() + TIME;
  await Promise.all(later.map(({ group, id }) => bind(group, { queue: first.queue.id, group: first.session.group, intent: id, until: end + SLACK })));
  const performed = await first.session.run({
    queue: first.queue,
    apply: (work) => {
      // Leases of the others may end from then on.
      if (later.length > 0 && work.now > end) throw new QueuescopeError("busy", "The transaction took too long to be stored. Nothing was settled or pushed: try again.");
      return applied(work, first, batches, later);
    },
  });
  if (performed === undefined) throw leaseLost("its group was deleted");
  for (const one of performed.value) results[one.index] = withDeadLetter(first.queue, one, performed);
  await Promise.all(later.map(({ group, id }) => settleBound(engine, results, group, id)));
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
      state.record.intents.set(id, intentOf(queue, publication, id, work.now));
      effects.intents.push(id);
    });
  }
  return settled;
}

function intentOf({ id: queue }: Definition, { subject, data, headers = {} }: Ready["publication"], id: string, at: Instant): Intent {
  return { kind: "push", at, queue, subject, headers: { "Nats-Msg-Id": `intent=${id}`, ...headers, [HEADER.intent]: id }, data: Buffer.from(data).toString("base64") };
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
