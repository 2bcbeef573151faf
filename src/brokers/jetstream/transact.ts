import { QueuescopeError } from "../../core/index.ts";
import type { PushItem, SettleResult, Settlement, TransactionResult } from "../../core/index.ts";
import { randomBytes } from "node:crypto";
import type { Engine } from "./engine.ts";
import { byGroup, put } from "./messages.ts";
import type { Asking } from "./messages.ts";
import { prepare, queueForPush, resultOf, tell } from "./push.ts";
import type { Ready } from "./push.ts";
import type { Definition } from "./definition.ts";
import type { Work } from "./ending.ts";
import type { Intent } from "./record.ts";
import { leaseLost, liveLease, settleGroup } from "./settling.ts";
import type { Settled } from "./settling.ts";

interface Batch {
  readonly queue: Definition;
  readonly ready: readonly Ready[];
  /** Of the intents, one an item. */
  readonly ids: readonly string[];
}

/**
 * Settles and pushes, all or nothing: the commit that settles also stores what is to be pushed, and it is published
 * then, by us or by whoever loads the record next, once.
 * @throws lease-lost and whatever push throws; then nothing was changed
 */
export async function transact(engine: Engine, settle: readonly Settlement[], pushes: readonly { queue: string; items: readonly PushItem[]; create: boolean }[]): Promise<TransactionResult> {
  const { results, groups } = await byGroup(engine, settle);
  for (const result of results) if (result?.ok === false) throw result.error;
  await Promise.all(groups.map((group) => checkLive(group)));
  const batches: Batch[] = [];
  for (const { queue: name, items, create } of pushes) {
    const queue = await queueForPush(engine, name, create);
    const ready = await prepare(engine, queue, items);
    batches.push({ queue, ready, ids: ready.map(() => randomBytes(9).toString("base64url")) });
  }
  const [first, ...others] = groups;
  if (first === undefined) return { settled: [], pushed: await pushAlone(engine, batches) };
  if (others.length > 0) throw new QueuescopeError("unsupported", "A transaction on NATS settles messages of one queue and group. Settle the others in transactions of their own.");
  const performed = await first.session.run({ queue: first.queue, apply: (work) => applied(work, first, batches) });
  if (performed === undefined) throw leaseLost("its group was deleted");
  put(results, first.queue, performed.value, performed);
  for (const { queue, ready } of batches) tell(engine, queue, ready);
  return { settled: results as SettleResult[], pushed: batches.map((batch) => batch.ready.map((ready, i) => resultOf(batch.queue, ready, { seq: performed.dead.get(batch.ids[i] ?? "") ?? 0, duplicate: false }))) };
}

/** Before anything is made or stored. */
async function checkLive({ queue, session, asked }: Asking): Promise<void> {
  const performed = await session.run({ queue, apply: (work) => allLive(work, asked), unsure: (live) => !live });
  if (performed?.value !== true) throw leaseLost();
}

function allLive(work: Work, asked: Asking["asked"]): boolean {
  return asked.every(({ receipt }) => liveLease(work, receipt)?.open.includes(receipt.seq) === true);
}

function applied(work: Work, { asked }: Asking, batches: readonly Batch[]): Settled[] {
  if (!allLive(work, asked)) throw leaseLost();
  const settled = settleGroup(work, asked);
  const { state, effects } = work;
  for (const { ready, ids } of batches) {
    ready.forEach(({ publication }, i) => {
      const id = ids[i] ?? "";
      state.record.intents.set(id, intentOf(publication, id));
      effects.intents.push(id);
    });
  }
  return settled;
}

function intentOf({ subject, data, headers = {} }: Ready["publication"], id: string): Intent {
  return { kind: "push", subject, headers: { "Nats-Msg-Id": `intent ${id}`.replace(" ", "="), ...headers }, data: Buffer.from(data).toString("base64") };
}

async function pushAlone(engine: Engine, batches: readonly Batch[]): Promise<TransactionResult["pushed"]> {
  const answers = await engine.publisher.publishAll(batches.flatMap(({ ready }) => ready.map(({ publication }) => publication)));
  const failed = answers.find((answer) => answer instanceof QueuescopeError);
  if (failed !== undefined) throw failed;
  let next = 0;
  return batches.map(({ queue, ready }) => {
    tell(engine, queue, ready);
    return ready.map((one) => resultOf(queue, one, answers[next++] as Exclude<(typeof answers)[number], QueuescopeError>));
  });
}
