import { isQueuescopeError, QueuescopeError } from "../../core/index.ts";
import { settleBound } from "./bonds.ts";
import { bury } from "./burial.ts";
import type { Definition } from "./definition.ts";
import type { Effects } from "./effects.ts";
import { leaseOf, putLease } from "./ending.ts";
import type { Engine } from "./engine.ts";
import { HEADER } from "./message.ts";
import type { LogMessage } from "./message.ts";
import { byGroup } from "./messages.ts";
import type { Acknowledged } from "./publisher.ts";
import { publishOnce } from "./push.ts";
import { isForgotten, pushedBefore } from "./pushed-before.ts";
import type { Bond, Intent } from "./record.ts";
import type { GroupSession } from "./session.ts";
import { isOfPartition } from "./subjects.ts";
import type { Where } from "./subjects.ts";
import { eventPublication } from "./timeline.ts";

type Push = Extract<Intent, { kind: "push" }>;

/** Does what a stored commit leaves to be done. Answers what became of dead letters and pushes, by their intents. */
export async function followUp(engine: Engine, session: GroupSession, effects: Effects): Promise<ReadonlyMap<string, Acknowledged>> {
  const done = await finishIntents(engine, session, effects.queue, effects.intents);
  await removeOver(engine, session, effects);
  await storeEvents(engine, session, effects, done);
  return done;
}

/** Whoever loads a record with intents does the same: they are harmless when done twice. */
export async function finishIntents(engine: Engine, session: GroupSession, queue: Definition, ids: readonly string[]): Promise<Map<string, Acknowledged>> {
  const done = new Map<string, Acknowledged>();
  if (ids.length === 0) return done;
  const intents = await session.intents(queue, ids);
  await Promise.all(inOrder(intents).map(async (line) => {
    for (const [id, intent] of line) {
      const result = await finish(engine, session, queue, id, intent);
      if (result !== undefined) done.set(id, result);
    }
  }));
  // Who comes after a crash does them again; nobody has to wait for this.
  session.run({ queue, apply: ({ state }) => { for (const id of intents.keys()) state.record.intents.delete(id); } })
    .catch((error: unknown) => { if (!isQueuescopeError(error, "lease-lost")) engine.onError(error); });
  return done;
}

/** What is pushed to one partition goes one by one: behind one that fails none is stored. All else at once. */
function inOrder(intents: ReadonlyMap<string, Intent>): [string, Intent][][] {
  const lines = Map.groupBy(intents, ([id, intent]) => (intent.kind === "push" && isOfPartition(intent.subject) ? intent.subject : id));
  return [...lines.values()];
}

async function finish(engine: Engine, session: GroupSession, queue: Definition, id: string, intent: Intent): Promise<Acknowledged | undefined> {
  switch (intent.kind) {
    case "dead": {
      const seq = await bury(engine, session, id, intent);
      return seq === undefined ? undefined : { seq, duplicate: false };
    }
    case "push":
      return pushLater(engine, await engine.catalog.byId(intent.queue), id, intent);
    case "settle":
      await settleLater(engine, id, intent);
      return undefined;
    case "bonds":
      await loosen(engine, session, queue, intent);
      return undefined;
  }
}

/** What a transaction pushes. A queue that was deleted takes nothing any more. */
async function pushLater(engine: Engine, queue: Definition | undefined, id: string, { at, subject, headers, data }: Push): Promise<Acknowledged | undefined> {
  try {
    if (queue === undefined) throw new QueuescopeError("queue-not-found", "The queue that a transaction pushed to was deleted before its message was stored.");
    const there = isForgotten(engine, queue, at) ? await pushedBefore(engine, queue, at, subject, entersAt(headers), (message) => message.header(HEADER.intent) === id) : undefined;
    if (there !== undefined) return { seq: there, duplicate: false };
    return await publishOnce(engine, queue, { subject, headers, data: Buffer.from(data, "base64") });
  } catch (error) {
    if (!isQueuescopeError(error, "queue-not-found")) throw error;
    engine.onError(error);
    return undefined;
  }
}

/** Of a scheduled message: where it goes when its time has come. */
function entersAt(headers: Push["headers"]): Where | null {
  const place = headers[HEADER.place];
  return place === undefined ? null : (JSON.parse(place) as Where);
}

/** What a transaction settles in another group. Where it was done already, its receipts are stale. */
async function settleLater(engine: Engine, id: string, { settlements }: Extract<Intent, { kind: "settle" }>): Promise<void> {
  const { results, groups } = await byGroup(engine, settlements);
  await Promise.all(groups.map((group) => settleBound(engine, results, group, id)));
}

/** A lease ran out that transactions of other groups may have settled: what is stored is done now. Then it ends as any other. */
async function loosen(engine: Engine, session: GroupSession, queue: Definition, { partition, token }: Extract<Intent, { kind: "bonds" }>): Promise<void> {
  const found = await session.run({ queue, apply: ({ state }) => leaseOf(state, partition, token)?.bonds ?? [] });
  const known = found?.value ?? [];
  for (const bond of known) await settleBond(engine, bond);
  await session.run({
    queue,
    apply: ({ state }) => {
      const lease = leaseOf(state, partition, token);
      if (lease?.bonds !== undefined) putLease(state, partition, lease, lease.bonds.filter(({ intent }) => !known.some((bond) => bond.intent === intent)));
    },
  });
}

/** Where nothing is found the transaction was given up, or is finished. */
async function settleBond(engine: Engine, { queue: id, group, intent }: Bond): Promise<void> {
  const queue = await engine.catalog.byId(id);
  if (queue === undefined) return;
  const session = engine.session(queue, group);
  const stored = await session.run({ queue, apply: ({ state }) => state.record.intents.has(intent), unsure: (there) => !there });
  if (stored?.value === true) await finishIntents(engine, session, queue, [intent]);
}

/** Messages that are over go from the log, but for those that another group works on: these it may still finish. */
async function removeOver(engine: Engine, session: GroupSession, { queue, over, events }: Effects): Promise<void> {
  if (over.length === 0) return;
  const others = (await engine.groupNames(queue)).filter((name) => name !== session.group);
  const leased = new Set<number>();
  for (const name of others) for (const seq of await engine.session(queue, name).leasedNow(queue)) leased.add(seq);
  const wait = queue.options.maxWaitTimeSeconds;
  // The longest wait counts, leased or not.
  const goes = (message: LogMessage): boolean => !leased.has(message.seq) || (wait > 0 && message.at <= engine.now() - wait);
  const gone = over.filter(goes);
  await Promise.all(gone.map(({ seq }) => engine.api.deleteMessage(session.subjects.log, seq)));
  for (const { seq } of gone) events.push({ type: "expired", seq, own: true, data: { reason: "It waited longer than its ttl, or the queue's limits, allow." } });
}

async function storeEvents(engine: Engine, session: GroupSession, { queue, events }: Effects, done: ReadonlyMap<string, Acknowledged>): Promise<void> {
  const at = engine.now();
  const named = events.map((event) => {
    const intent = event.data?.["intent"];
    if (typeof intent !== "string") return event;
    const data = Object.fromEntries(Object.entries(event.data ?? {}).filter(([name]) => name !== "intent"));
    const dead = done.get(intent);
    return { ...event, data: dead === undefined ? data : { ...data, deadLetterId: `${queue.id}-d${dead.seq}` } };
  });
  const results = await engine.publisher.publishAll(named.map((event) => eventPublication(session.subjects, queue, engine.crypt, event, at)));
  const failed = results.find((result) => result instanceof QueuescopeError);
  // The timeline misses a line; what it tells of is stored.
  if (failed !== undefined) engine.onError(failed);
}
