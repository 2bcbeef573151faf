import { type Broker, firstLine, isQueuescopeError, QueuescopeError, type QueueInfo, type TraceEvent } from "../core/index.ts";
import type { FoundEvent, TraceRow, TraceStory } from "../protocol/index.ts";
import type { Handlers } from "./handlers.ts";
import { errorOf } from "./traces-life.ts";
import { type Lives, messageLives, namedLives } from "./traces-read.ts";
import { storyOf, type StoryRow } from "./traces-story.ts";

/** Of what a handler recorded with one event. */
const MOST_DATA = 20_000;
/** Of the line that stands for an event. */
const LINE_LENGTH = 300;

export const traceHandlers = {
  "traces.message": async ({ id }, { broker }) => shownStory(broker, await messageLives(broker, id)),

  "traces.name": async ({ name }, { broker }) => shownStory(broker, await namedLives(broker, name)),

  "traces.names": async ({ match, after }, { broker }) => {
    const { items, next } = await broker.inspect.traceNames({ match, ...(after === undefined ? {} : { after }) });
    return { rows: items.map((name) => ({ ...name })), next };
  },

  "traces.find": async ({ match, queue, after }, { broker }) => {
    const { items, next } = await broker.inspect.traces({ match, ...(queue === undefined ? {} : { queue }), ...(after === undefined ? {} : { after }) });
    return { rows: items.map(foundEvent), next };
  },

  "traces.record": async ({ queue }, { broker }) => {
    await broker.queues.configure(queue, { trace: "all" });
    return {};
  },

  "traces.open": async ({ id }, { host }) => {
    if (host.editor === null) throw new QueuescopeError("unsupported", "There is no editor here: the page shows it itself.");
    await host.editor.openTrace(id);
    return {};
  },
} satisfies Handlers<"traces.message" | "traces.name" | "traces.names" | "traces.find" | "traces.record" | "traces.open">;

async function shownStory(broker: Broker, { lives, more }: Lives): Promise<TraceStory> {
  const now = Date.now();
  const { from, to, rows, slowest } = storyOf(lives, now);
  const infos = await Promise.all([...new Set(lives.map(({ queue }) => queue))].map((queue) => infoOf(broker, queue)));
  return { from, to, now, rows: rows.map(shownRow), slowest: slowest === null ? null : { ...slowest, step: { ...slowest.step } }, levels: infos.flatMap((info) => (info === null ? [] : [{ queue: info.name, trace: info.options.trace }])), more };
}

async function infoOf(broker: Broker, queue: string): Promise<QueueInfo | null> {
  try {
    return await broker.queues.get(queue);
  } catch (error) {
    if (isQueuescopeError(error, "queue-not-found")) return null;
    throw error;
  }
}

function shownRow({ steps, marks, ...row }: StoryRow): TraceRow {
  return { ...row, steps: steps.map((step) => ({ ...step })), marks: marks.map(({ id, at, type, group, worker, names, data }) => ({ id, at, type, group, worker, names: [...names], data: data?.slice(0, MOST_DATA) ?? null })) };
}

function foundEvent(event: TraceEvent): FoundEvent {
  const { id, at, messageId, queue, type, worker, names, data } = event;
  const error = errorOf(event);
  return { id, at, messageId, queue, type, worker, names: [...names], text: (error === null ? (data ?? "") : firstLine(error)).slice(0, LINE_LENGTH) };
}
