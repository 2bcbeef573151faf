import type { Instant } from "../../../core/index.ts";
import { prioritiesOf } from "../definition.ts";
import type { Definition } from "../definition.ts";
import { expire } from "../ending.ts";
import type { Engine } from "../engine.ts";
import { GroupView } from "../inspect/view.ts";
import { Log } from "../log.ts";
import { LogMessage } from "../message.ts";
import { removeMessages } from "../repair/remove.ts";
import { Subjects } from "../subjects.ts";

/** Messages that one look goes through, and that it removes one by one. */
const LOOKED_AT = 500;

export interface Retired {
  readonly removed: number;
  /** Behind which message to go on; 0: all were looked at. */
  readonly place: number;
  /** When the next one may be past its time, as far as is known. */
  readonly due: Instant;
}

type Reason = "expired" | "waited" | "retention" | "completed";

const REMOVALS = {
  expired: { event: "expired", reason: "Its ttl was over." },
  waited: { event: "dropped", reason: "It waited longer than the queue lets messages wait (maxWaitTimeSeconds)." },
  retention: { event: "dropped", reason: "It was older than the queue keeps messages (retentionSeconds)." },
  completed: null,
} as const satisfies Readonly<Record<Reason, unknown>>;

/** A group, and the oldest message that still has to become a dead letter. */
interface Standing {
  readonly view: GroupView;
  readonly pending: number;
}

/** Removes messages past their time, some hundred at a time; those that all groups have completed by the thousand. */
export async function retire(engine: Engine, queue: Definition, after: number): Promise<Retired> {
  const subjects = new Subjects(queue.name);
  const oldest = await nextOf(engine, subjects.log, subjects.messages, 1);
  if (oldest === undefined) return { removed: 0, place: 0, due: Infinity };
  const due = dueBy(queue, oldest);
  if (due > engine.now() && queue.expires === undefined) return { removed: 0, place: 0, due };
  const standings = await standingsOf(engine, queue);
  const purged = await purgeCompleted(engine, queue, subjects, standings, oldest);
  const step = await retireSome(engine, queue, subjects, standings.map(({ view }) => view), after);
  return { ...step, removed: step.removed + purged };
}

/** Leases that ran out are ended too: so that a poison message dies, and counts tell the truth, even when nobody pops any more. */
async function standingsOf(engine: Engine, queue: Definition): Promise<Standing[]> {
  const found = await Promise.all((await engine.groupNames(queue)).map(async (name) => {
    const performed = await engine.session(queue, name).run({
      queue, unsure: () => true,
      apply: (work): Standing => {
        expire(work);
        const { record } = work.state;
        const pending = [...record.intents.values()].flatMap((intent) => (intent.kind === "dead" ? [intent.seq] : []));
        return { view: new GroupView(name, record, work.now), pending: Math.min(Infinity, ...pending) };
      },
    });
    return performed === undefined ? [] : [performed.value];
  }));
  return found.flat();
}

/** Below the first message that some group needs. */
async function purgeCompleted(engine: Engine, queue: Definition, subjects: Subjects, standings: readonly Standing[], oldest: LogMessage): Promise<number> {
  const { completedRetentionSeconds: age } = queue.options;
  if (age === 0 || standings.length === 0 || oldest.at > engine.now() - age) return 0;
  const needed = await Promise.all(standings.map((standing) => firstNeeded(engine, queue, subjects, standing)));
  const old = await new Log(engine.api, subjects).firstSince(engine.now() - age + 1);
  const below = Math.min(old, ...needed);
  if (below <= oldest.seq) return 0;
  const purged = await engine.api.purge(subjects.log, { filter: subjects.messages, seq: below });
  if (purged > 0) engine.changed(subjects);
  return purged;
}

async function firstNeeded(engine: Engine, queue: Definition, subjects: Subjects, { view, pending }: Standing): Promise<number> {
  const ahead = await Promise.all(prioritiesOf(queue).map(async (priority) => (await nextOf(engine, subjects.log, subjects.lane(priority), view.at(priority) + 1))?.seq ?? Infinity));
  const inParts = [...view.parts.values()].flatMap(({ pos, tail, lease }) => (pos < tail || lease !== undefined ? [pos + 1] : []));
  const alone = [...view.back.keys(), ...[...view.leases.values()].flatMap(({ open }) => open)];
  return [...ahead, ...inParts, ...alone].reduce((first, seq) => Math.min(first, seq), pending);
}

async function retireSome(engine: Engine, queue: Definition, subjects: Subjects, views: readonly GroupView[], after: number): Promise<Retired> {
  const found = await engine.api.readMany(subjects.log, subjects.messages, after + 1, LOOKED_AT, { headersOnly: true });
  const now = engine.now();
  const reasons = found.map((message) => ({ message, reason: reasonFor(queue, views, message, now) }));
  let removed = 0;
  for (const [reason, removal] of Object.entries(REMOVALS)) {
    const messages = reasons.flatMap((one) => (one.reason === reason ? [one.message] : []));
    removed += (await removeMessages(engine, queue, messages, removal)).length;
  }
  const stay = reasons.filter(({ reason }) => reason === null).map(({ message }) => message);
  // Entry times hardly go back: behind a young one there is nothing old. What has a ttl may be anywhere.
  const last = found.at(-1);
  const end = last === undefined || found.length < LOOKED_AT || (queue.expires === undefined && dueBy(queue, last) > now);
  return { removed, place: end ? 0 : last.seq, due: Math.min(Infinity, ...stay.map((message) => dueBy(queue, message))) };
}

function reasonFor({ options }: Definition, views: readonly GroupView[], message: LogMessage, now: Instant): Reason | null {
  const older = (ms: number): boolean => ms > 0 && message.at <= now - ms;
  const expired = message.expires !== null && message.expires <= now;
  if (!expired && !older(options.maxWaitTimeSeconds) && !older(options.retentionSeconds)) return null;
  const states = views.map((view) => view.of(message).state);
  const completed = states.length > 0 && states.every((state) => state === "completed");
  if (older(options.maxWaitTimeSeconds) && !completed) return "waited";
  if (states.includes("leased")) return null;
  if (completed) return expired || older(options.retentionSeconds) ? "completed" : null;
  return expired ? "expired" : older(options.retentionSeconds) ? "retention" : null;
}

/** When a message may be past its time, whatever has become of it. */
function dueBy({ options }: Definition, { at, expires }: LogMessage): Instant {
  const limits = [options.retentionSeconds, options.completedRetentionSeconds, options.maxWaitTimeSeconds].filter((ms) => ms > 0);
  return Math.min(expires ?? Infinity, ...limits.map((ms) => at + ms));
}

async function nextOf({ api }: Engine, stream: string, filter: string, seq: number): Promise<LogMessage | undefined> {
  const stored = await api.read(stream, { seq, next_by_subj: filter });
  return stored === undefined ? undefined : LogMessage.ofStored(stored);
}
