import { DEFAULT_GROUP, DEFAULT_OPTIONS, invalidInput, mergeOptions, objectOf, queueName } from "../../core/index.ts";
import type { QueueInfo, Queues } from "../../core/index.ts";
import { groupCounts } from "./counts.ts";
import type { Definition } from "./definition.ts";
import type { Engine } from "./engine.ts";
import { viewOf } from "./inspect/view.ts";
import { pageLimit } from "../../core/index.ts";
import { Subjects } from "./subjects.ts";

export function queuesFacet(engine: Engine): Queues {
  const { catalog } = engine;
  return {
    async create(name, options = {}) {
      objectOf(options, "options");
      if (mergeOptions(DEFAULT_OPTIONS, options).encryptionEnabled) needKey(engine);
      return info(engine, await catalog.create(queueName(name), options));
    },

    async configure(name, options) {
      objectOf(options, "options");
      mergeOptions(DEFAULT_OPTIONS, options);
      const before = await catalog.need(queueName(name));
      const merged = mergeOptions(before.options, options);
      if (merged.encryptionEnabled !== before.options.encryptionEnabled) await checkEmpty(engine, name);
      if (merged.encryptionEnabled) needKey(engine);
      const after = await catalog.change(name, (current) => ({ ...current, options: mergeOptions(current.options, options) }));
      if (after.options.dedupWindowSeconds !== before.options.dedupWindowSeconds) await engine.streams.configure(new Subjects(name), after.options);
      engine.changed(new Subjects(name));
      return info(engine, after);
    },

    async list(request = {}) {
      objectOf(request, "request");
      const limit = pageLimit(request);
      const match = request.match?.toLowerCase();
      const found = (await catalog.all()).filter(({ name, options }) =>
        (request.after === undefined || name > request.after) && (match === undefined || name.toLowerCase().includes(match)) &&
        (request.namespace === undefined || options.namespace === request.namespace) && (request.task === undefined || options.task === request.task));
      const items = await Promise.all(found.slice(0, limit).map((queue) => info(engine, queue)));
      return { items, next: found.length > limit ? (items.at(-1)?.name ?? null) : null };
    },

    get: async (name) => info(engine, await catalog.need(queueName(name))),

    async delete(name) {
      await catalog.need(queueName(name));
      await catalog.delete(name);
      engine.changed(new Subjects(name));
    },

    pause: (name) => setPaused(engine, queueName(name), true),
    resume: (name) => setPaused(engine, queueName(name), false),
  };
}

async function info(engine: Engine, queue: Definition): Promise<QueueInfo> {
  const { states } = await groupCounts(engine, queue, await viewOf(engine, queue, DEFAULT_GROUP));
  return { name: queue.name, options: queue.options, paused: queue.paused, createdAt: queue.createdAt, counts: states };
}

function needKey({ crypt }: Engine): void {
  crypt.seal(new Uint8Array(), true);
}

async function checkEmpty({ api }: Engine, name: string): Promise<void> {
  const subjects = new Subjects(name);
  const [messages, scheduled] = await Promise.all([api.countFrom(subjects.log, subjects.messages, { seq: 1 }), api.countFrom(subjects.log, subjects.allScheduled, { seq: 1 })]);
  const held = messages + scheduled;
  if (held > 0) throw invalidInput("encryptionEnabled", `encryptionEnabled can be changed only while the queue is empty, but ${name} holds ${held} messages. Purge them, or use another queue.`);
}

/** In the record of every group too: a pop reads that in any case, and so can't miss it. */
async function setPaused(engine: Engine, name: string, paused: boolean): Promise<void> {
  const queue = await engine.catalog.change(name, (before) => (before.paused === paused ? before : { ...before, paused }));
  await Promise.all((await engine.groupNames(queue)).map(async (group) => {
    await engine.session(queue, group).run({ queue, apply: ({ state: { record } }) => { if (record.head.stopped !== paused) record.change({ stopped: paused }); }, unsure: () => true });
  }));
  engine.changed(new Subjects(name));
}
