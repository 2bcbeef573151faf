import { checkPushItems, invalidInput, QueuescopeError, recordsEvent } from "../../../core/index.ts";
import type { Headers, Message, Payload } from "../../../core/index.ts";
import type { Definition } from "../definition.ts";
import type { Engine } from "../engine.ts";
import { messageNotFound } from "../ids.ts";
import { findMessage, read } from "../inspect/find.ts";
import { GroupView } from "../inspect/view.ts";
import { enclosed, HEADER } from "../message.ts";
import type { LogMessage } from "../message.ts";
import { overlaid } from "../overlay.ts";
import { contentsOf } from "../push.ts";
import type { GroupSession } from "../session.ts";
import { Subjects } from "../subjects.ts";
import { eventPublication } from "../timeline.ts";

export interface Change {
  readonly payload?: Payload;
  readonly headers?: Headers;
}

/**
 * Same id, same place, same attempts: the new contents are an overlay, which the groups' records then point to.
 * @throws message-not-found, leased, invalid-input
 */
export async function edit(engine: Engine, id: string, change: Change): Promise<Message> {
  if (change.payload === undefined && change.headers === undefined) throw invalidInput("payload", "An edit needs new data, new headers, or both.");
  const found = await findMessage(engine, id);
  if (found === undefined) throw messageNotFound(id);
  const { queue, message } = found;
  const overlay = await storeOverlay(engine, queue, message, change);
  if (found.scheduled) {
    const now = await findMessage(engine, id);
    // It came due in between, and may have entered without the overlay.
    if (now?.scheduled !== true) return edit(engine, id, change);
  } else {
    await pointGroups(engine, queue, message, id).catch(async (error: unknown) => {
      await engine.api.deleteMessage(new Subjects(queue.name).state, overlay);
      throw error;
    });
  }
  await conclude(engine, queue, message.seq, overlay, change);
  return read(engine, id);
}

/** Answers its sequence. Until a group's record points to it, nobody is given it. */
async function storeOverlay(engine: Engine, queue: Definition, message: LogMessage, { payload, headers }: Change): Promise<number> {
  const { crypt, publisher } = engine;
  const subjects = new Subjects(queue.name);
  const before = await overlaid(engine, subjects, message);
  const item = {
    payload: payload ?? { encoding: before.encoding, bytes: crypt.unseal(before.data) },
    headers: headers ?? before.headers(crypt.unseal),
  };
  checkPushItems([item]);
  const contents = contentsOf(engine, queue, item);
  const stored = await publisher.publish({ subject: subjects.edit(message.seq), ...enclosed({ ...contents.headers, [HEADER.edited]: String(engine.now()) }, contents.data) });
  return stored.seq;
}

/** Each group that is still to be given the message; one that is made meanwhile has seen the overlay, or is here. @throws leased */
async function pointGroups(engine: Engine, queue: Definition, message: LogMessage, id: string): Promise<void> {
  const done = new Set<string>();
  for (;;) {
    const names = (await engine.groupNames(queue)).filter((name) => !done.has(name));
    if (names.length === 0) return;
    await Promise.all(names.map((name) => point(queue, engine.session(queue, name), message, id)));
    for (const name of names) done.add(name);
  }
}

async function point(queue: Definition, session: GroupSession, message: LogMessage, id: string): Promise<void> {
  await session.run({
    queue, unsure: () => true,
    apply: ({ state, now }) => {
      const standing = new GroupView(state.name, state.record, now).of(message);
      if (standing.state === "leased") throw new QueuescopeError("leased", `The message ${id} is leased in the group ${state.name}, so it can't be edited: its handler would work on other data than is stored. Wait until it is settled, or release it first.`, { queue: queue.name });
      if (standing.state !== "completed" && !state.record.edited.has(message.seq)) state.record.edited.set(message.seq, 1);
    },
  });
}

async function conclude(engine: Engine, queue: Definition, seq: number, overlay: number, change: Change): Promise<void> {
  const { api, crypt, publisher } = engine;
  const subjects = new Subjects(queue.name);
  await api.purge(subjects.state, { filter: subjects.edit(seq), seq: overlay });
  if (recordsEvent(queue.options, "edited")) {
    const data = { data: change.payload !== undefined, headers: change.headers !== undefined };
    await publisher.publish(eventPublication(subjects, queue, crypt, { seq, type: "edited", data }, engine.now()));
  }
  engine.changed(subjects);
}
