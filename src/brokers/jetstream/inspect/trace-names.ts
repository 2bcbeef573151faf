import { pageLimit, slicePage, textMatch } from "../../../core/index.ts";
import type { Page, PageRequest, TraceNameInfo } from "../../../core/index.ts";
import type { Definition } from "../definition.ts";
import type { Engine } from "../engine.ts";
import { markOf, Subjects } from "../subjects.ts";
import type { StoredEvent } from "../timeline.ts";
import { pipelined } from "./reading.ts";

interface Counted {
  events: number;
  messages: number;
  readonly queues: Definition[];
}

/** By the subjects of the marks: none of them is read, but the last one of each name shown. */
export async function traceNames(engine: Engine, request: PageRequest & { readonly match?: string | undefined }): Promise<Page<TraceNameInfo>> {
  const limit = pageLimit(request);
  const has = request.match === undefined ? null : textMatch(request.match);
  const names = new Map<string, Counted>();
  await pipelined(await engine.catalog.all(), async (queue) => { await count(engine, queue, names); });
  const sorted = [...names.keys()].filter((name) => (request.after === undefined || name > request.after) && (has === null || has(name))).sort();
  const { items, next } = slicePage(sorted, limit, (name) => name);
  return { next, items: await pipelined(items, (name) => infoOf(engine, name, names.get(name) ?? { events: 0, messages: 0, queues: [] })) };
}

async function count({ api }: Engine, queue: Definition, names: Map<string, Counted>): Promise<void> {
  const subjects = new Subjects(queue.name);
  for (const [subject, events] of await api.subjects(subjects.log, subjects.allTimelines)) {
    const { name } = markOf(subject);
    if (name === null) continue;
    const known = names.get(name) ?? { events: 0, messages: 0, queues: [] };
    names.set(name, known);
    known.events += events;
    known.messages += 1;
    if (!known.queues.includes(queue)) known.queues.push(queue);
  }
}

async function infoOf({ api }: Engine, name: string, { events, messages, queues }: Counted): Promise<TraceNameInfo> {
  const times = await Promise.all(queues.map(async (queue) => {
    const subjects = new Subjects(queue.name);
    const mark = await api.read(subjects.log, { last_by_subj: subjects.named(name, "*") });
    const event = mark === undefined ? undefined : await api.read(subjects.log, { seq: Number(Buffer.from(mark.data).toString()) });
    return event === undefined ? 0 : (JSON.parse(Buffer.from(event.data).toString()) as StoredEvent).at;
  }));
  return { name, events, messages, lastAt: Math.max(0, ...times) };
}
