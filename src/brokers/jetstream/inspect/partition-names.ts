import type { Engine } from "../engine.ts";
import type { StreamState } from "../api.ts";
import { placeOf, SHELVES } from "../subjects.ts";
import type { Subjects } from "../subjects.ts";

/** More partitions than this aren't listed in one call, but shelf by shelf. */
const MANY = 50_000;

/** Partitions with how many messages they hold. */
export type Names = ReadonlyMap<string, number>;

/** Those of one shelf, a 64th of all: they fall on shelves by a hash, so that one tells how many there are. */
export async function shelfNames({ api }: Engine, subjects: Subjects, shelf: number): Promise<Names> {
  return named(await api.subjects(subjects.log, subjects.partitions(shelf)));
}

/** The server knows at once how many subjects there are, of whichever kind. */
export function mayBeMany({ num_subjects = 0 }: StreamState): boolean {
  return num_subjects > MANY;
}

/** All partitions, or `null` when they are too many. @param anyway who began to go through all of them goes on */
export async function allNames(engine: Engine, subjects: Subjects, anyway = false): Promise<Names | null> {
  const found = await allOrCount(engine, subjects, anyway);
  return typeof found === "number" ? null : found;
}

/** How many there are; where they are too many to list, as one shelf tells. */
export async function countPartitions(engine: Engine, subjects: Subjects): Promise<number> {
  const found = await allOrCount(engine, subjects, false);
  return typeof found === "number" ? found : found.size;
}

async function allOrCount(engine: Engine, subjects: Subjects, anyway: boolean): Promise<Names | number> {
  const { state } = await engine.api.streamInfo(subjects.log);
  if (!anyway && mayBeMany(state)) {
    const count = (await shelfNames(engine, subjects, 0)).size * SHELVES;
    if (count > MANY) return count;
  }
  return named(await engine.api.subjects(subjects.log, subjects.allPartitions));
}

/** A message that was scheduled stands on a subject of its own. */
function named(counts: ReadonlyMap<string, number>): Names {
  const found = new Map<string, number>();
  for (const [subject, count] of counts) {
    const { partition } = placeOf(subject);
    if (partition !== null) found.set(partition, (found.get(partition) ?? 0) + count);
  }
  return found;
}
