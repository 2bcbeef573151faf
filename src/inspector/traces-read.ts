import { type Broker, isQueuescopeError, type Message, type TraceEvent } from "../core/index.ts";
import { type Life, lifeOf } from "./traces-life.ts";

/** Events read of one message, and of one name. */
const MOST_EVENTS = 1_000;
/** Messages of one story. */
const MOST_MESSAGES = 100;
/** Groups whose view of a message is read. */
const MOST_GROUPS = 20;
/** Messages read at the same time. */
const AT_ONCE = 10;

export interface Lives {
  readonly lives: readonly Life[];
  /** There are more than these. */
  readonly more: boolean;
}

/** A message, and whatever it was redriven from and to. @throws message-not-found */
export async function messageLives(broker: Broker, id: string): Promise<Lives> {
  return livesOf(broker, [id], await readLife(broker, id));
}

/** The messages that have events of this name, in any queue, and what they were redriven from and to. */
export async function namedLives(broker: Broker, name: string): Promise<Lives> {
  const events = await pages((after) => broker.inspect.traces({ name, ...(after === undefined ? {} : { after }) }));
  return livesOf(broker, [...new Set(events.items.map(({ messageId }) => messageId))], undefined, events.more);
}

async function livesOf(broker: Broker, ids: readonly string[], first: Life | undefined, moreNamed = false): Promise<Lives> {
  const known = new Map<string, Life | null>(first === undefined ? [] : [[first.id, first]]);
  let more = moreNamed;
  for (let wanted = ids; wanted.length > 0; ) {
    const unread = wanted.filter((id) => !known.has(id));
    const room = unread.slice(0, Math.max(0, MOST_MESSAGES - known.size));
    more ||= room.length < unread.length;
    for (let at = 0; at < room.length; at += AT_ONCE) {
      const some = room.slice(at, at + AT_ONCE);
      const lives = await Promise.all(some.map((id) => unlessGone(readLife(broker, id))));
      for (const [i, id] of some.entries()) known.set(id, lives[i] ?? null);
    }
    const links = [...known.values()].flatMap((life) => (life === null ? [] : [...life.redrivenTo, ...(life.redrivenFrom === null ? [] : [life.redrivenFrom])]));
    wanted = [...new Set(links.map(({ messageId }) => messageId))].filter((id) => !known.has(id));
    if (known.size >= MOST_MESSAGES) return { lives: present(known), more: more || wanted.length > 0 };
  }
  return { lives: present(known), more };
}

function present(known: ReadonlyMap<string, Life | null>): Life[] {
  return [...known.values()].filter((life) => life !== null);
}

/** @throws message-not-found */
async function readLife(broker: Broker, id: string): Promise<Life> {
  const { items: events } = await pages((after) => broker.inspect.traces({ messageId: id, ...(after === undefined ? {} : { after }) }));
  const life = lifeOf(events, await standings(broker, id, events));
  if (life === null) throw new Error(`the message ${id} has a timeline without an event`);
  return life;
}

/** How it stands in each group that there is or was; nothing when it isn't stored any more. */
async function standings(broker: Broker, id: string, events: readonly TraceEvent[]): Promise<Message[]> {
  const queue = events[0]?.queue ?? "";
  const groups = await unlessGone(broker.inspect.groups(queue));
  const names = [...new Set([...events.flatMap(({ group }) => group ?? []), ...(groups ?? []).map(({ name }) => name)])];
  const messages = await Promise.all((names.length === 0 ? ["default"] : names).slice(0, MOST_GROUPS).map((group) => unlessGone(broker.inspect.read(id, group))));
  return messages.filter((message) => message !== null);
}

async function pages(read: (after: string | undefined) => Promise<{ readonly items: readonly TraceEvent[]; readonly next: string | null }>): Promise<{ readonly items: TraceEvent[]; readonly more: boolean }> {
  const items: TraceEvent[] = [];
  for (let after: string | undefined; ; ) {
    const page = await read(after);
    items.push(...page.items);
    if (page.next === null) return { items, more: false };
    if (items.length >= MOST_EVENTS) return { items, more: true };
    after = page.next;
  }
}

/** `null` for what was removed meanwhile, or long ago. */
async function unlessGone<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked;
  } catch (error) {
    if (isQueuescopeError(error, "message-not-found") || isQueuescopeError(error, "queue-not-found")) return null;
    throw error;
  }
}
