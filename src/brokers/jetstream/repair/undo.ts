import { QueuescopeError, recordsEvent, REDRIVE_UNDONE, redriveStays, standsInTheWay } from "../../../core/index.ts";
import type { UndoneRedrive } from "../../../core/index.ts";
import { isApiError, WRONG_LAST_SEQUENCE } from "../api.ts";
import type { Buried, Redrivals } from "../buried.ts";
import type { Definition } from "../definition.ts";
import type { Engine } from "../engine.ts";
import { parsed } from "../ids.ts";
import { readDead } from "../inspect/dead-letters.ts";
import { findMessage } from "../inspect/find.ts";
import { GroupView } from "../inspect/view.ts";
import type { LogMessage } from "../message.ts";
import { HEADER } from "../message.ts";
import { overlaid } from "../overlay.ts";
import { prepare, publishEach } from "../push.ts";
import { Subjects } from "../subjects.ts";
import { eventPublication } from "../timeline.ts";
import { forget, passGone } from "./forget.ts";
import { leaveTraces } from "./remove.ts";

type Redrival = Redrivals[number];

/** A message that is to be as if it had never been pushed. */
interface Withdrawal {
  readonly queue: Definition;
  readonly message: LogMessage;
  /** Groups whose records pass over it by now. */
  readonly passing: Set<string>;
}

interface Look {
  readonly why: ReturnType<typeof standsInTheWay>;
  /** Whether the group was to get the message, and passes over it now. */
  readonly passes: boolean;
}

const TRIES = 20;

/**
 * First every group that is to get the message passes over it, each with a commit on its record, which is what decides
 * between this and a pop; then it is deleted, and the dead letter's mark with it.
 */
export async function undoRedrive(engine: Engine, source: Definition, ids: readonly string[]): Promise<UndoneRedrive[]> {
  const results: UndoneRedrive[] = [];
  // One after the other: several dead letters may stand in the same records.
  for (const id of ids) results.push(await undoOne(engine, source, id));
  return results;
}

async function undoOne(engine: Engine, source: Definition, id: string): Promise<UndoneRedrive> {
  const key = parsed(id, "d");
  const one = key?.queue === source.id ? await readDead(engine, source, key.seq) : undefined;
  if (one === undefined) return redriveStays.notThere(id);
  const redrival = (await marksOf(engine, source, one)).redrivals.at(-1);
  if (redrival === undefined) return redriveStays.notRedriven(id);
  const found = await findMessage(engine, redrival.messageId);
  if (found === undefined) return redriveStays.gone(id, redrival.messageId);
  const withdrawal: Withdrawal = { queue: found.queue, message: found.message, passing: new Set() };
  const refused = (await anyInTheWay(engine, withdrawal, false)) ?? (await anyInTheWay(engine, withdrawal, true));
  if (refused !== null) {
    await giveBack(engine, withdrawal);
    return redriveStays[refused.why](id, redrival.messageId, refused.group);
  }
  if (!(await engine.api.deleteMessage(new Subjects(withdrawal.queue.name).log, withdrawal.message.seq))) return redriveStays.gone(id, redrival.messageId);
  // A group that was made meanwhile may have been quicker.
  const late = await anyInTheWay(engine, withdrawal, true);
  if (late !== null) {
    await giveBack(engine, withdrawal);
    return redriveStays[late.why](id, redrival.messageId, late.group);
  }
  await leaveTraces(engine, withdrawal.queue, new Subjects(withdrawal.queue.name), [withdrawal.message], REDRIVE_UNDONE);
  await takeMarkBack(engine, source, one, redrival, id);
  await Promise.all([...withdrawal.passing].map((group) => passGone(engine, withdrawal.queue, group)));
  engine.changed(new Subjects(withdrawal.queue.name));
  return { deadLetterId: id, undone: true, reason: null };
}

/** @param pass whether those that have nothing against it are to pass over the message */
async function anyInTheWay(engine: Engine, { queue, message, passing }: Withdrawal, pass: boolean): Promise<{ readonly group: string; readonly why: NonNullable<Look["why"]> } | null> {
  const looked = new Set(passing);
  for (;;) {
    const names = (await engine.groupNames(queue)).filter((name) => !looked.has(name) && (message.onlyGroup === null || message.onlyGroup === name));
    if (names.length === 0) return null;
    for (const group of names) {
      const { why, passes } = await inTheWay(engine, queue, group, message, pass);
      if (why !== null) return { group, why };
      if (passes) passing.add(group);
      looked.add(group);
    }
  }
}

async function inTheWay(engine: Engine, queue: Definition, group: string, message: LogMessage, pass: boolean): Promise<Look> {
  const performed = await engine.session(queue, group).run({
    queue,
    unsure: () => true,
    apply: (work) => {
      const { name, record } = work.state;
      // As a call that was cut short left it.
      if (record.skip.has(message.seq)) return { why: null, passes: true };
      const view = new GroupView(name, record, work.now);
      const passed = (record.head.seeks ?? 0) > 0 && message.seq <= record.head.from;
      const standing = view.of(message);
      const why = standsInTheWay({ ...standing, passed });
      const passes = why === null && pass && standing.state !== "completed";
      if (passes) forget(work, [message], false);
      return { why, passes };
    },
  });
  return performed?.value ?? { why: null, passes: false };
}

/** One group was quicker: those that pass over the message already get it as one of their own. */
async function giveBack(engine: Engine, { queue, message, passing }: Withdrawal): Promise<void> {
  if (passing.size === 0) return;
  const { crypt } = engine;
  const { partition, priority } = message.place;
  const now = await overlaid(engine, new Subjects(queue.name), message);
  const ready = await prepare(engine, queue, [...passing].map((group) => ({
    payload: { encoding: now.encoding, bytes: crypt.unseal(now.data) },
    headers: now.headers(crypt.unseal),
    transactionId: message.transaction ?? undefined,
    ...(partition !== null ? { partition } : { priority }),
    onlyGroup: group,
    origin: message.header(HEADER.origin),
    once: `undo ${queue.id}-${message.seq} ${group}`,
  })));
  const failure = (await publishEach(engine, queue, ready)).find((result) => result instanceof QueuescopeError);
  if (failure !== undefined) throw failure;
}

interface Marks {
  readonly redrivals: Redrivals;
  readonly seq: number;
}

async function marksOf({ api }: Engine, source: Definition, { message }: Buried): Promise<Marks> {
  const subjects = new Subjects(source.name);
  const stored = await api.read(subjects.state, { last_by_subj: subjects.redriven(message.seq) });
  return stored === undefined ? { redrivals: [], seq: 0 } : { redrivals: JSON.parse(Buffer.from(stored.data).toString()) as Redrivals, seq: stored.seq };
}

/** Counts it too: the next redrive must not be taken for the one that was undone. */
async function takeMarkBack(engine: Engine, source: Definition, one: Buried, redrival: Redrival, id: string): Promise<void> {
  const { api, publisher, crypt } = engine;
  const subjects = new Subjects(source.name);
  const subject = subjects.redriven(one.message.seq);
  await publisher.publish({ subject: subjects.undone(one.message.seq), data: redrival.messageId });
  for (let tries = 0; ; tries++) {
    const { redrivals, seq } = await marksOf(engine, source, one);
    const rest = redrivals.filter(({ messageId }) => messageId !== redrival.messageId);
    if (rest.length === redrivals.length) break;
    const [result] = await publisher.publishAll([{ subject, data: JSON.stringify(rest), headers: { "Nats-Expected-Last-Subject-Sequence": String(seq) } }]);
    if (result !== undefined && !(result instanceof QueuescopeError)) {
      // Without a mark it counts as never redriven; one that was set meanwhile stays.
      if (rest.length === 0) await api.purge(subjects.state, { filter: subject, seq: result.seq + 1 });
      break;
    }
    if (result !== undefined && !isApiError(result, WRONG_LAST_SEQUENCE)) throw result;
    if (tries === TRIES) throw new QueuescopeError("busy", `The message ${redrival.messageId} was taken back, but the mark of ${id} is changed by others all the time. Redrive it with again, or try to undo that once more.`);
  }
  if (!recordsEvent(source.options, "undone")) return;
  const event = { seq: one.death.seq, type: "undone", group: one.group, data: { deadLetterId: id, to: { queue: redrival.queue, messageId: redrival.messageId } } };
  const [told] = await publisher.publishAll([eventPublication(subjects, source, crypt, event, engine.now())]);
  // The timeline misses a line; what it tells of is done.
  if (told instanceof QueuescopeError) engine.onError(told);
}
