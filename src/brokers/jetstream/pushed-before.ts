import type { Instant } from "../../core/index.ts";
import type { Definition } from "./definition.ts";
import type { Engine } from "./engine.ts";
import { Log } from "./log.ts";
import type { LogMessage } from "./message.ts";
import { windowOf } from "./streams.ts";
import { Subjects } from "./subjects.ts";
import type { Where } from "./subjects.ts";

/** Milliseconds by which clocks may differ. */
const SLACK = 10_000;
const CHUNK = 1_000;

/** Whether the server may have forgotten the ids of what was pushed then. */
export function isForgotten(engine: Engine, { options }: Definition, at: Instant): boolean {
  return engine.now() - at > windowOf(options) - SLACK;
}

/**
 * The number of a message that was pushed since `at`: `undefined` when it isn't there.
 * @param subject it was pushed to; `enters`: of a scheduled one, where it went when its time had come
 */
export async function pushedBefore(engine: Engine, queue: Definition, at: Instant, subject: string, enters: Where | null, isIt: (message: LogMessage) => boolean): Promise<number | undefined> {
  const subjects = new Subjects(queue.name);
  const from = await new Log(engine.api, subjects).firstSince(at - SLACK);
  for (const filter of [subject, ...(enters === null ? [] : [enters.partition === null ? subjects.lane(enters.priority) : subjects.partition(enters.partition)])]) {
    for (let place = from; ; ) {
      const found = await engine.api.readMany(subjects.log, filter, place, CHUNK, { headersOnly: true });
      const it = found.find(isIt);
      if (it !== undefined) return it.place.alias ?? it.seq;
      const last = found.at(-1);
      if (last === undefined || found.length < CHUNK) break;
      place = last.seq + 1;
    }
  }
  return undefined;
}
