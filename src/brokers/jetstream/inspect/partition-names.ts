import type { Engine } from "../engine.ts";
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

/** All partitions, or `null` when they are too many. @param anyway who began to go through all of them goes on */
export async function allNames(engine: Engine, subjects: Subjects, anyway = false): Promise<Names | null> {
  if (!anyway && (await shelfNames(engine, subjects, 0)).size * SHELVES > MANY) return null;
  return named(await engine.api.subjects(subjects.log, subjects.allPartitions));
}

/** How many there are; where they are too many to list, as one shelf tells. */
export async function countPartitions(engine: Engine, subjects: Subjects): Promise<number> {
  const all = await allNames(engine, subjects);
  return all === null ? (await shelfNames(engine, subjects, 0)).size * SHELVES : all.size;
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
