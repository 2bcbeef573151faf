import { QueuescopeError } from "../../core/index.ts";
import { aheadOf, heldBy } from "./counts.ts";
import { prioritiesOf } from "./definition.ts";
import type { Definition } from "./definition.ts";
import type { Engine } from "./engine.ts";
import { viewOf } from "./inspect/view.ts";
import type { GroupView } from "./inspect/view.ts";
import type { LogMessage } from "./message.ts";
import type { Publication } from "./publisher.ts";
import { removeMessages } from "./repair/remove.ts";
import { Subjects } from "./subjects.ts";

const CHUNK = 200;
/** No message has this id: what is to come after it is refused, unless it is a duplicate, which every server finds out before. */
const NEVER = "=never";

/** Before a push to a queue with a limit. @throws queue-full */
export async function makeRoom(engine: Engine, queue: Definition, pushes: readonly { readonly publication: Publication }[]): Promise<void> {
  const { maxSize, overflow } = queue.options;
  const views = await Promise.all((await engine.groupNames(queue)).map((name) => viewOf(engine, queue, name)));
  const there = await undone(engine, queue, views);
  if (there + pushes.length <= maxSize) return;
  const entering = pushes.length - (await duplicates(engine, pushes));
  if (there + entering <= maxSize) return;
  if (overflow === "drop-oldest" && (await dropOldest(engine, queue, views, { entering, over: there + entering - maxSize }))) return;
  const help = overflow === "drop-oldest" ? "Not enough of those in it can be dropped: they are leased or scheduled, or the push alone is larger." : "Consume some, raise maxSize, or set overflow to drop-oldest.";
  throw new QueuescopeError("queue-full", `The queue ${queue.name} is full: ${there} of at most ${maxSize} messages wait (maxSize), and ${entering} more don't fit. Nothing of this push was stored. ${help}`, { queue: queue.name });
}

/** Messages that some group hasn't completed, those of the group that is furthest behind; and scheduled ones. */
async function undone(engine: Engine, queue: Definition, views: readonly GroupView[]): Promise<number> {
  const subjects = new Subjects(queue.name);
  const scheduled = engine.api.countFrom(subjects.log, subjects.allScheduled, { seq: 1 });
  if (views.length === 0) return (await aheadOf(engine, queue, () => 0)) + (await scheduled);
  const lags = await Promise.all(views.map(async (view) => {
    const { leased, retrying, waiting } = heldBy(view, view.now);
    return leased + retrying + waiting + (await aheadOf(engine, queue, (priority) => view.at(priority)));
  }));
  return Math.max(...lags) + (await scheduled);
}

/** How many of them the stream has already, and wouldn't store again. */
async function duplicates({ publisher }: Engine, pushes: readonly { readonly publication: Publication }[]): Promise<number> {
  const named = pushes.flatMap(({ publication }) => (publication.headers?.["Nats-Msg-Id"] === undefined ? [] : [publication]));
  const answers = await publisher.publishAll(named.map((one) => ({ ...one, headers: { ...one.headers, "Nats-Expected-Last-Msg-Id": NEVER } })));
  return answers.filter((answer) => !(answer instanceof QueuescopeError) && answer.duplicate).length;
}

/** Drops the oldest messages that nobody leases; none, and `false`, when they are too few. */
async function dropOldest(engine: Engine, queue: Definition, views: readonly GroupView[], { entering, over }: { readonly entering: number; readonly over: number }): Promise<boolean> {
  if (entering > queue.options.maxSize) return false;
  const subjects = new Subjects(queue.name);
  const leased = new Set(views.flatMap((view) => view.leased()));
  const canDrop = (message: LogMessage): boolean => !leased.has(message.seq) && (views.length === 0 || views.some((view) => view.of(message).state !== "completed"));
  const oldest: LogMessage[] = [];
  let after = Math.min(...views.map((view) => view.floor(prioritiesOf(queue))), Infinity);
  if (after === Infinity) after = 0;
  while (oldest.length < over) {
    const found = await engine.api.readMany(subjects.log, subjects.messages, after + 1, CHUNK, { headersOnly: true });
    const last = found.at(-1);
    if (last === undefined) return false;
    oldest.push(...found.filter(canDrop).slice(0, over - oldest.length));
    after = last.seq;
  }
  await removeMessages(engine, queue, oldest, { event: "dropped", reason: "The queue was full (overflow: drop-oldest)." });
  return true;
}
