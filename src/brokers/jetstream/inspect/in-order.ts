import { badAfter, isQueuescopeError, SCAN_BYTES, SCAN_LIMIT } from "../../../core/index.ts";
import type { Definition } from "../definition.ts";
import type { Engine } from "../engine.ts";
import type { LogMessage } from "../message.ts";
import { Subjects } from "../subjects.ts";
import { pipelined } from "./reading.ts";

/** A message of one of several queues. */
export interface Placed {
  readonly queue: Definition;
  readonly message: LogMessage;
}

/** Of the message behind which a reading goes on. */
export interface Place {
  readonly stamp: string;
  readonly queue: string;
  readonly seq: number;
}

/** Least that is read of each queue, so that a call comes further. */
const LEAST = 20;

/**
 * Messages of several queues in the order in which the server took them: of each a share of what one call may read.
 * @param filter of a queue's log
 */
export async function inOrder(engine: Engine, queues: readonly Definition[], filter: (subjects: Subjects) => string, after: Place | null): Promise<{ readonly found: readonly Placed[]; readonly more: boolean }> {
  const share = Math.max(LEAST, Math.floor(SCAN_LIMIT / Math.max(1, queues.length)));
  const bytes = Math.floor(SCAN_BYTES / Math.max(1, Math.min(queues.length, LEAST)));
  const chunks = await pipelined(queues, async (queue) => {
    const { messages, more } = await read(engine, new Subjects(queue.name), filter, after, share, bytes);
    return { queue, messages, end: more ? messages.at(-1)?.stamp : undefined };
  });
  const ends = chunks.flatMap(({ end }) => (end === undefined ? [] : [end])).sort(byStamp);
  const known = ends[0];
  const found = chunks
    .flatMap(({ queue, messages }) => messages.map((message) => ({ queue, message })))
    .filter((placed) => (after === null || byPlace(placeOf(placed), after) > 0) && (known === undefined || byStamp(placed.message.stamp, known) <= 0))
    .sort((a, b) => byPlace(placeOf(a), placeOf(b)));
  return { found, more: known !== undefined };
}

/** A queue that was deleted meanwhile has none. */
async function read({ api }: Engine, subjects: Subjects, filter: (subjects: Subjects) => string, after: Place | null, most: number, bytes: number): Promise<{ readonly messages: LogMessage[]; readonly more: boolean }> {
  try {
    return await api.readSome(subjects.log, filter(subjects), after?.stamp ?? 1, most, { bytes });
  } catch (error) {
    if (isQueuescopeError(error, "queue-not-found")) return { messages: [], more: false };
    throw error;
  }
}

export function placeOf({ queue, message }: Placed): Place {
  return { stamp: message.stamp, queue: queue.id, seq: message.seq };
}

function byPlace(a: Place, b: Place): number {
  return byStamp(a.stamp, b.stamp) || (a.queue < b.queue ? -1 : a.queue > b.queue ? 1 : 0) || a.seq - b.seq;
}

function byStamp(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}

export function placeText({ stamp, queue, seq }: Place): string {
  return `${stamp}.${queue}.${seq}`;
}

/** @throws invalid-input for what no page gave */
export function parsedPlace(after: unknown): Place | null {
  if (after === undefined) return null;
  const match = typeof after === "string" ? /^(\d{10,20})\.([a-z0-9]{8})\.(\d{1,15})$/.exec(after) : null;
  if (match === null) throw badAfter(after);
  return { stamp: match[1] ?? "", queue: match[2] ?? "", seq: Number(match[3]) };
}
