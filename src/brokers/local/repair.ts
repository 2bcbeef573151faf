import { checkedFilter, checkedIds, checkedPurge, checkedRedrive, checkedStart, groupName } from "../../core/index.ts";
import type { Repair } from "../../core/index.ts";
import { change } from "./context.ts";
import type { Local } from "./context.ts";
import { discard } from "./discard.ts";
import { edit } from "./edit.ts";
import type { LiveQueue } from "./live.ts";
import { cancel, purge, remove } from "./purge.ts";
import { redrive } from "./redrive.ts";
import { deleteGroup, hold, letGo, pauseGroup, resumeGroup, seek, step } from "./seek.ts";
import type { WriteTx } from "./tx.ts";
import { undoRedrive } from "./undo.ts";

export function repairFacet(local: Local): Repair {
  const onGroup = async (queue: string, group: string, act: (tx: WriteTx, queue: LiveQueue, group: string) => void): Promise<void> => {
    groupName(group);
    await change(local, ({ tx }) => { act(tx, tx.live.queue(queue), group); });
  };
  return {
    edit: (id, edited) => change(local, (work) => edit(work, id, edited)),
    remove: async (ids) => remove(local, checkedIds(ids)),
    purge: async (queue, filter = {}) => purge(local, queue, checkedPurge(filter)),
    async redrive(queue, request) {
      checkedRedrive(request);
      return redrive(local, queue, request);
    },
    undoRedrive: async (queue, ids) => undoRedrive(local, queue, checkedIds(ids)),
    discard: async (queue, filter) => discard(local, queue, checkedFilter(filter)),
    async seek(queue, group, to) {
      const start = checkedStart(to);
      await onGroup(queue, group, (tx, row, name) => { seek(tx, row, name, start); });
    },
    cancel: async (ids) => cancel(local, checkedIds(ids)),
    pauseGroup: (queue, group) => onGroup(queue, group, pauseGroup),
    resumeGroup: (queue, group) => onGroup(queue, group, resumeGroup),
    deleteGroup: (queue, group) => onGroup(queue, group, deleteGroup),
    hold: (queue, group) => onGroup(queue, group, hold),
    step: (queue, group, count) => onGroup(queue, group, (tx, row, name) => { step(tx, row, name, count); }),
    letGo: (queue, group) => onGroup(queue, group, letGo),
  };
}
