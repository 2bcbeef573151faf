import { setTimeout as sleep } from "node:timers/promises";
import { afterNumber, checkRedriveEdit, checkRedriveSecrecy, isQueuescopeError, isSealed, limitOf, QueuescopeError, recordsEvent, redriveFilter } from "../../../core/index.ts";
import type { RedriveRequest, RedriveResult } from "../../../core/index.ts";
import type { Buried } from "../buried.ts";
import type { Definition } from "../definition.ts";
import type { Engine } from "../engine.ts";
import { deadLetterId, messageId, messageNotFound, parseDeadLetterId } from "../ids.ts";
import { matchingDead, readDead } from "../inspect/dead-letters.ts";
import type { DeadMatch } from "../inspect/dead-letters.ts";
import { pipelined } from "../inspect/reading.ts";
import type { Acknowledged } from "../publisher.ts";
import { prepare, publishEach } from "../push.ts";
import type { Incoming, Ready } from "../push.ts";
import { Subjects } from "../subjects.ts";
import { eventPublication } from "../timeline.ts";
import { claim, isStillOurs, isTaken, letGo, mark, stoodStill } from "./claim.ts";
import type { Claimed } from "./claim.ts";

type Redriven = RedriveResult["redriven"][number];

/** Where dead letters go from and to. */
interface Route {
  readonly source: Definition;
  readonly target: Definition;
  readonly request: RedriveRequest;
}

const AT_ONCE = 50;
/** Milliseconds that others are waited for, and between two looks. */
const PATIENCE = 5_000;
const EVERY = 50;

/**
 * To the tail, each at most once by accident: who claims the dead letter pushes its message, under an id of the dead
 * letter's own, which a log takes once, and marks it then, for as long as it is kept.
 */
export async function redrive(engine: Engine, source: Definition, target: Definition, request: RedriveRequest): Promise<RedriveResult> {
  const limit = limitOf(request.limit, 200, 10_000);
  await checkIds(engine, source, request);
  const redriven: Redriven[] = [];
  let after: number | null = afterNumber(request.after);
  while (after !== null && redriven.length < limit) {
    const step = await redriveStep(engine, { source, target, request }, after, Math.min(AT_ONCE, limit - redriven.length));
    redriven.push(...step.redriven);
    after = step.next;
  }
  return { redriven, more: after !== null, next: after === null ? null : String(after) };
}

/** @throws message-not-found for a named one that isn't there */
async function checkIds(engine: Engine, source: Definition, { filter }: RedriveRequest): Promise<void> {
  await pipelined(filter.ids ?? [], async (id) => {
    const key = parseDeadLetterId(id);
    if (key.queue !== source.id || (await readDead(engine, source, key.seq)) === undefined) throw messageNotFound(id, "dead letter");
  });
}

async function redriveStep(engine: Engine, route: Route, after: number, limit: number): Promise<{ redriven: Redriven[]; next: number | null }> {
  const { source, target, request } = route;
  const { found, next } = await matchingDead(engine, source, redriveFilter(request), after, limit);
  checkRedriveEdit(request, found.length > 1 || next !== null || after > 0);
  checkRedriveSecrecy(source, target, found.some(({ one }) => isSealed(one.message.data)), request);
  const todo = found.filter(({ redriven }) => redriven.length === 0 || request.again === true);
  const made = await pushAgain(engine, route, todo);
  const redriven = found.map(({ one, redriven: before }): Redriven => {
    const id = made.get(one.message.seq);
    return { deadLetterId: deadLetterId(source.id, one.message.seq), messageId: id?.messageId ?? before.at(-1)?.messageId ?? "", status: id?.duplicate === false ? "redriven" : "already-redriven" };
  });
  return { redriven, next };
}

/** What dead letters became, or had become just before. */
type Made = Map<number, { readonly messageId: string; readonly duplicate: boolean }>;

/** By dead letter. @throws what the push throws, once what was pushed is marked */
async function pushAgain(engine: Engine, route: Route, todo: readonly DeadMatch[]): Promise<Made> {
  const made: Made = new Map();
  if (todo.length === 0) return made;
  const subjects = new Subjects(route.source.name);
  const undone = await engine.api.subjects(subjects.state, subjects.undone("*"));
  const ready = await prepare(engine, route.target, todo.map((match) => incoming(engine, route, match, undone.get(subjects.undone(match.one.message.seq)) ?? 0)));
  let left = todo.map((match, i): Wanted => ({ match, ready: ready[i] as Ready }));
  for (const deadline = performance.now() + PATIENCE; ; ) {
    // What was claimed is pushed before others are waited for: of two that wait for each other none would get on.
    left = await pushClaimed(engine, route, left, made);
    const [taken] = left;
    if (taken === undefined) return made;
    if (performance.now() > deadline) throw isTaken(route.source, taken.match.one.message.seq);
    await sleep(EVERY);
  }
}

/** Those that can be had. @returns those that another process has */
async function pushClaimed(engine: Engine, route: Route, wanted: readonly Wanted[], made: Made): Promise<Wanted[]> {
  const claims = await pipelined(wanted, (one) => claimed(engine, route, one));
  for (const { one, claim: got } of claims) if (typeof got === "string") made.set(one.message.seq, { messageId: got, duplicate: true });
  const own = claims.flatMap(({ claim: got, ...one }) => (typeof got === "string" || got === null || got instanceof QueuescopeError ? [] : [{ ...one, claim: got }]));
  const results = own.length === 0 ? [] : await pushOwn(engine, route, own, made);
  const failure = [...results, ...claims.map(({ claim: got }) => got)].find((result) => result instanceof QueuescopeError);
  if (failure !== undefined) throw failure;
  return wanted.filter((_, i) => claims[i]?.claim === null);
}

async function pushOwn(engine: Engine, route: Route, own: readonly Own[], made: Made): Promise<(Acknowledged | QueuescopeError | undefined)[]> {
  const { source, target } = route;
  const results = own.every(({ claim: got }) => isStillOurs(got)) ? await publishEach(engine, target, own.map(({ ready }) => ready)) : own.map(stoodStill);
  await pipelined(own.map((one, i) => ({ ...one, result: results[i] })), async ({ one, claim: got, result }) => {
    if (result !== undefined && !(result instanceof QueuescopeError)) {
      const id = messageId(target.id, result.seq);
      made.set(one.message.seq, { messageId: id, duplicate: result.duplicate });
      await mark(engine, source, target, one.message.seq, id);
    }
    // Where it may be stored, whoever comes next looks for it.
    if (!isQueuescopeError(result, "unavailable")) await letGo(engine, source, got);
  });
  await tell(engine, route, own.flatMap(({ one }, i) => {
    const result = results[i];
    return result === undefined || result instanceof QueuescopeError || result.duplicate ? [] : [{ one, result }];
  }));
  return results;
}

interface Wanted {
  readonly match: DeadMatch;
  readonly ready: Ready;
}

interface Chosen {
  readonly one: Buried;
  readonly ready: Ready;
  /** Or what another process has made of it, or `null` while one has it, or why it can't be had. */
  readonly claim: Claimed | string | null | QueuescopeError;
}

interface Own extends Chosen {
  readonly claim: Claimed;
}

async function claimed(engine: Engine, { source, target }: Route, { match: { one, redriven }, ready }: Wanted): Promise<Chosen> {
  try {
    return { one, ready, claim: await claim(engine, source, target, { dead: one.message.seq, before: redriven, publication: ready.publication }) };
  } catch (error) {
    // The others of the call are redriven all the same.
    if (error instanceof QueuescopeError) return { one, ready, claim: error };
    throw error;
  }
}

/** Keeps all of the original; the transaction id too, without asking whether it was pushed before. */
function incoming({ crypt }: Engine, { source, target, request }: Route, { one: { message, death, group }, redriven }: DeadMatch, undone: number): Incoming {
  const partition = request.partition === undefined ? death.partition : request.partition;
  const id = deadLetterId(source.id, message.seq);
  return {
    payload: request.payload ?? { encoding: message.encoding, bytes: crypt.unseal(message.data) },
    headers: request.headers ?? message.headers(crypt.unseal),
    transactionId: message.transaction ?? undefined,
    ...(partition !== null ? { partition } : target.options.ordered ? {} : { priority: death.priority }),
    onlyGroup: source.id === target.id && request.allGroups !== true ? group : undefined,
    origin: JSON.stringify({ queue: source.name, deadLetterId: id, messageId: messageId(source.id, death.number) }),
    once: `redrive ${id} ${redriven.length}${undone === 0 ? "" : ` ${undone}`}`,
  };
}

/** Links both ways, and the groups' counts. */
async function tell(engine: Engine, { source, target }: Route, pushed: readonly { readonly one: Buried; readonly result: Acknowledged }[]): Promise<void> {
  const { publisher, crypt } = engine;
  const [from, to] = [new Subjects(source.name), new Subjects(target.name)];
  const at = engine.now();
  const events = pushed.flatMap(({ one: { message, death, group }, result: { seq } }) => {
    const dead = deadLetterId(source.id, message.seq);
    const original = { seq: death.seq, type: "redriven", group, data: { deadLetterId: dead, to: { queue: target.name, messageId: messageId(target.id, seq) } } };
    const made = { seq, type: "redriven", data: { deadLetterId: dead, from: { queue: source.name, messageId: messageId(source.id, death.number) } } };
    return [
      ...(recordsEvent(source.options, "redriven") ? [eventPublication(from, source, crypt, original, at)] : []),
      ...(recordsEvent(target.options, "redriven") ? [eventPublication(to, target, crypt, made, at)] : []),
    ];
  });
  const failed = (await publisher.publishAll(events)).find((result) => result instanceof QueuescopeError);
  // A timeline misses a line; what it tells of is stored.
  if (failed !== undefined) engine.onError(failed);
  const groups = new Map<string, number>();
  for (const { one: { group } } of pushed) groups.set(group, (groups.get(group) ?? 0) + 1);
  await Promise.all([...groups].map(([group, redriven]) => engine.session(source, group).run({ queue: source, apply: ({ state }) => { state.record.count({ redriven }); } })));
}
