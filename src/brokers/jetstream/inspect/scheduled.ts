import type { LogMessage } from "../message.ts";
import { dueOf } from "../timetable.ts";
import type { Chunk, Reading } from "./reading.ts";

/** Behind a scheduled message. */
export interface DuePlace {
  readonly due: number;
  readonly seq: number;
}

/** Messages of one second are sorted by their exact times, unless they are more: then as they were pushed. */
const SORTED = 200;

/** Scheduled messages behind a place by due time, some at a time. @param until only those that are due by then */
export async function* scheduledFrom(reading: Reading, place: DuePlace, until = Infinity): AsyncGenerator<LogMessage[]> {
  const counts = await bySecond(reading);
  const first = Math.floor(place.due / 1000);
  for (const second of [...counts.keys()].filter((one) => one >= first && one * 1000 <= until).sort((a, b) => a - b)) {
    const due = ({ seq, due: at }: { seq: number; due: number }): boolean => at <= until && (at > place.due || (at === place.due && seq > place.seq));
    if ((counts.get(second) ?? 0) <= SORTED) {
      yield (await sorted(reading, second)).filter((message) => due({ seq: message.seq, due: dueOf(message) }));
      continue;
    }
    for (let after = second === first ? place.seq : 0; ; ) {
      const found = await reading.chunk(reading.subjects.scheduled(second * 1000), after + 1, SORTED);
      const last = found.at(-1);
      if (last === undefined) break;
      yield found.filter((message) => dueOf(message) <= until);
      after = last.seq;
    }
  }
}

/** The same in the reverse order: those before a place, the latest due first. */
export async function* scheduledBefore(reading: Reading, place: DuePlace): AsyncGenerator<LogMessage[]> {
  const counts = await bySecond(reading);
  const first = Math.floor(place.due / 1000);
  for (const second of [...counts.keys()].filter((one) => one <= first).sort((a, b) => b - a)) {
    if ((counts.get(second) ?? 0) <= SORTED) {
      const found = (await sorted(reading, second)).reverse();
      yield found.filter((message) => dueOf(message) < place.due || (dueOf(message) === place.due && message.seq < place.seq));
      continue;
    }
    for (let top: number | null = second === first ? place.seq : Infinity; top !== null; ) {
      const { messages, to }: Chunk = await reading.below(reading.subjects.scheduled(second * 1000), top, SORTED);
      yield messages;
      top = to;
    }
  }
}

/** How many are due in each second in which some are. */
async function bySecond({ engine, subjects }: Reading): Promise<ReadonlyMap<number, number>> {
  return new Map([...(await engine.api.subjects(subjects.log, subjects.allScheduled))].map(([subject, count]) => [Number(subject.split(".").at(-1)), count]));
}

async function sorted(reading: Reading, second: number): Promise<LogMessage[]> {
  const found = await reading.chunk(reading.subjects.scheduled(second * 1000), 1, SORTED);
  return found.sort((a, b) => dueOf(a) - dueOf(b) || a.seq - b.seq);
}
