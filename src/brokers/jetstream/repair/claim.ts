import { QueuescopeError } from "../../../core/index.ts";
import type { Instant } from "../../../core/index.ts";
import { isApiError, WRONG_LAST_SEQUENCE } from "../api.ts";
import { redrivalsOf } from "../buried.ts";
import type { Redrivals } from "../buried.ts";
import type { Definition } from "../definition.ts";
import type { Engine } from "../engine.ts";
import { deadLetterId, messageId } from "../ids.ts";
import type { Publication } from "../publisher.ts";
import { pushedBefore } from "../pushed-before.ts";
import { Subjects } from "../subjects.ts";

/** Milliseconds after which whoever claimed a dead letter has pushed, or never will. */
const CLAIMED = 30_000;
/** Who claims pushes sooner than this: the rest is for clocks that differ. */
const PUSHES_WITHIN = 15_000;
const TRIES = 20;

/** Somebody is redriving a dead letter, or was when it ended: JSON on `subjects.claimed(its sequence)`. */
interface Stored {
  /** The queue's id. */
  readonly to: string;
  readonly subject: string;
  /** The id under which the log takes it once: another one for each redrive of a dead letter. */
  readonly once: string;
  readonly at: Instant;
}

/** What is to be pushed of a dead letter. */
export interface Wish {
  readonly dead: number;
  /** What it had been redriven to when it was looked at. */
  readonly before: Redrivals;
  readonly publication: Publication;
}

/** Others leave the dead letter alone until `by`, of `performance.now()`. */
export interface Claimed {
  readonly seq: number;
  readonly by: number;
}

/**
 * Before a dead letter is pushed again: of several processes one does, to whichever queues they would.
 * @returns the message that another process made of it meanwhile, or a claim; `null` while another one has it
 */
export async function claim(engine: Engine, source: Definition, target: Definition, { dead, before, publication: { subject, headers } }: Wish): Promise<Claimed | string | null> {
  const subjects = new Subjects(source.name);
  const once = headers?.["Nats-Msg-Id"] ?? "";
  const theirs = await read(engine, subjects, dead);
  // Where both would push the same message to the same queue, its log takes it once.
  const same = theirs?.once === once && theirs.to === target.id;
  const own = theirs === undefined || same || (await isOver(engine, source, dead, theirs))
    ? await store(engine, subjects, dead, { to: target.id, subject, once, at: engine.now() }, theirs?.seq ?? 0)
    : null;
  // Whoever had it before marked what it made before it let go.
  const made = (await redrivalsOf(engine, subjects, dead)).find(({ messageId: id }) => !before.some((one) => one.messageId === id));
  if (made === undefined) return own;
  if (own !== null) await letGo(engine, source, own);
  return made.messageId;
}

export function isTaken(source: Definition, dead: number): QueuescopeError {
  return new QueuescopeError("busy", `The dead letter ${deadLetterId(source.id, dead)} is being redriven by another process. Try again in half a minute, should that have ended.`);
}

/** Not when it was claimed so long ago that others may have done so since. */
export function isStillOurs({ by }: Claimed): boolean {
  return performance.now() <= by;
}

export function stoodStill(): QueuescopeError {
  return new QueuescopeError("busy", "This process stood still while it redrove dead letters, so that others may do so now. Nothing of these was pushed: try again.");
}

/** It is pushed and marked, or won't be: others needn't wait. */
export async function letGo({ api }: Engine, source: Definition, { seq }: Claimed): Promise<void> {
  await api.deleteMessage(new Subjects(source.name).state, seq);
}

/** Whoever claimed it is gone, and hasn't pushed. Where it has, that is marked now, and found at the next look. */
async function isOver(engine: Engine, source: Definition, dead: number, { to, subject, once, at }: Stored): Promise<boolean> {
  if (engine.now() - at < CLAIMED) return false;
  const target = await engine.catalog.byId(to);
  const number = target === undefined ? undefined : await pushedBefore(engine, target, at, subject, null, (message) => message.header("Nats-Msg-Id") === once);
  if (target === undefined || number === undefined) return true;
  return !(await mark(engine, source, target, dead, messageId(target.id, number)));
}

async function read({ api }: Engine, subjects: Subjects, dead: number): Promise<(Stored & { readonly seq: number }) | undefined> {
  const stored = await api.read(subjects.state, { last_by_subj: subjects.claimed(dead) });
  return stored === undefined ? undefined : { ...(JSON.parse(Buffer.from(stored.data).toString()) as Stored), seq: stored.seq };
}

/** `null` when somebody else was first. */
async function store({ publisher }: Engine, subjects: Subjects, dead: number, claim: Stored, after: number): Promise<Claimed | null> {
  const by = performance.now() + PUSHES_WITHIN;
  const [result] = await publisher.publishAll([{ subject: subjects.claimed(dead), data: JSON.stringify(claim), headers: { "Nats-Expected-Last-Subject-Sequence": String(after) } }]);
  if (result instanceof QueuescopeError && !isApiError(result, WRONG_LAST_SEQUENCE)) throw result;
  return result === undefined || result instanceof QueuescopeError ? null : { seq: result.seq, by };
}

/** Adds the message to what the dead letter was redriven to; `false` when another process has. */
export async function mark(engine: Engine, source: Definition, target: Definition, dead: number, id: string): Promise<boolean> {
  const { api, publisher } = engine;
  const subjects = new Subjects(source.name);
  const subject = subjects.redriven(dead);
  for (let tries = 0; tries < TRIES; tries++) {
    const stored = await api.read(subjects.state, { last_by_subj: subject });
    const before = stored === undefined ? [] : (JSON.parse(Buffer.from(stored.data).toString()) as Redrivals);
    if (before.some((one) => one.messageId === id)) return false;
    const data = JSON.stringify([...before, { queue: target.name, messageId: id, at: engine.now() }]);
    const [result] = await publisher.publishAll([{ subject, data, headers: { "Nats-Expected-Last-Subject-Sequence": String(stored?.seq ?? 0) } }]);
    if (!(result instanceof QueuescopeError)) return true;
    if (!isApiError(result, WRONG_LAST_SEQUENCE)) throw result;
  }
  throw new QueuescopeError("busy", `The dead letter ${deadLetterId(source.id, dead)} was redriven to ${id}, but is changed by others all the time and couldn't be marked. Look before you redrive it again.`);
}
