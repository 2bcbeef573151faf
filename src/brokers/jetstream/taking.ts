import type { Wanted } from "../../core/index.ts";
import { prioritiesOf } from "./definition.ts";
import { Eligibility } from "./eligible.ts";
import { expire } from "./ending.ts";
import type { Work } from "./ending.ts";
import { Front } from "./front.ts";
import { Named } from "./named.ts";
import type { Reader } from "./reader.ts";
import type { GroupRecord } from "./record.ts";
import { Selection } from "./selection.ts";
import type { Taken } from "./selection.ts";
import type { Shelves } from "./shelves.ts";

/** What a pop reads from. */
export interface Source {
  reader(priority: number): Reader;
  readonly shelves: Shelves;
}

/** What has to be read before the pop can go on. */
export interface Missing {
  /** By partition: behind which message, and up to which the group has come. */
  readonly partitions: Map<string, { readonly after: number; readonly tail: number }>;
  readonly messages: Set<number>;
}

/** What one pop found. */
export interface Found {
  readonly taken: readonly Taken[];
  readonly missing: Missing;
  /** Whether messages at the front of the log were passed or taken. */
  readonly moved: boolean;
}

/** Whether it is time to pass over what was taken out of turn. */
export function isCrowded(record: GroupRecord, room: number): boolean {
  return record.bytes > room / 4;
}

/**
 * One pop on its way through a group's messages.
 * @param exhausted partitions of which the log had no more than the shelves, with how far the group had come then
 */
export function take(work: Work, source: Source, wanted: Wanted<number>, exhausted: ReadonlyMap<string, number>): Found {
  const { state, queue } = work;
  expire(work);
  state.look(work.now);
  const selection = new Selection(work, wanted, exhausted);
  const eligibility = new Eligibility(work);
  const named = new Named(work, wanted, source, selection, eligibility);
  const front = new Front(work, source, selection, eligibility);
  const { paused, stopped } = state.record.head;
  if (!paused && !stopped && !queue.paused && selection.room > 0) {
    if (wanted.message !== null) named.takeMessage(wanted.message);
    else if (wanted.partition !== null) takeNamed(work, named, front, wanted.partition);
    else takeAny(work, wanted, selection, named, front);
    selection.finish();
    front.finish();
  }
  return { taken: selection.taken, missing: named.missing, moved: front.moved };
}

function takeNamed({ state, room }: Work, named: Named, front: Front, partition: string): void {
  if (isCrowded(state.record, room)) front.passSeen();
  named.takePartition(partition);
}

function takeAny({ queue }: Work, { onlyNew }: Wanted<number>, selection: Selection, named: Named, front: Front): void {
  for (const priority of prioritiesOf(queue)) {
    if (!onlyNew) named.takeReturned(priority);
    if (priority === 0) named.takeWaiting();
    if (selection.room > 0) front.take(priority);
    if (priority === 0 && queue.options.windowBuffer > 0) named.takeWaiting();
    if (selection.room <= 0) return;
  }
}
