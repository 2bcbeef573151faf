import { checkedFilter, checkedIds, checkedPurge, checkedRedrive, checkedStart, groupName, queueName } from "../../../core/index.ts";
import type { Repair } from "../../../core/index.ts";
import type { Definition } from "../definition.ts";
import type { Engine } from "../engine.ts";
import { discard } from "./discard.ts";
import { edit } from "./edit.ts";
import { deleteGroup, hold, letGo, pauseGroup, resumeGroup, seek, step } from "./groups.ts";
import { purge } from "./purge.ts";
import { redrive } from "./redrive.ts";
import { cancel, remove } from "./remove.ts";
import { undoRedrive } from "./undo.ts";

export function repairFacet(engine: Engine): Repair {
  const { catalog } = engine;
  const onGroup = async (queue: string, group: string, act: (engine: Engine, queue: Definition, group: string) => Promise<void>): Promise<void> => {
    groupName(group);
    await act(engine, await catalog.need(queueName(queue)), group);
  };
  return {
    edit: (id, change) => edit(engine, id, change),
    remove: async (ids) => remove(engine, checkedIds(ids)),
    purge: async (queue, filter = {}) => purge(engine, await catalog.need(queueName(queue)), checkedPurge(filter)),
    async redrive(queue, request) {
      checkedRedrive(request);
      const source = await catalog.need(queueName(queue));
      return redrive(engine, source, request.to === undefined ? source : await catalog.need(request.to), request);
    },
    undoRedrive: async (queue, ids) => undoRedrive(engine, await catalog.need(queueName(queue)), checkedIds(ids)),
    discard: async (queue, filter) => discard(engine, await catalog.need(queueName(queue)), checkedFilter(filter)),
    async seek(queue, group, to) {
      const start = checkedStart(to);
      await onGroup(queue, group, (_, found, name) => seek(engine, found, name, start));
    },
    cancel: async (ids) => cancel(engine, checkedIds(ids)),
    pauseGroup: (queue, group) => onGroup(queue, group, pauseGroup),
    resumeGroup: (queue, group) => onGroup(queue, group, resumeGroup),
    deleteGroup: (queue, group) => onGroup(queue, group, deleteGroup),
    hold: (queue, group) => onGroup(queue, group, hold),
    step: (queue, group, count) => onGroup(queue, group, (_, found, name) => step(engine, found, name, count)),
    letGo: (queue, group) => onGroup(queue, group, letGo),
  };
}
