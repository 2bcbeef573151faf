import { limitOf } from "../../../core/index.ts";
import type { DeadLetterFilter } from "../../../core/index.ts";
import type { Buried } from "../buried.ts";
import type { Definition } from "../definition.ts";
import type { Engine } from "../engine.ts";
import { matchingDead } from "../inspect/dead-letters.ts";
import type { DeadMatches } from "../inspect/dead-letters.ts";
import { pipelined } from "../inspect/reading.ts";
import { Subjects } from "../subjects.ts";

const AT_ONCE = 200;

export async function discard(engine: Engine, queue: Definition, filter: DeadLetterFilter & { readonly limit?: number }): Promise<{ discarded: number; more: boolean }> {
  const limit = limitOf(filter.limit, 1_000, 10_000);
  let discarded = 0;
  let after: number | null = 0;
  while (after !== null && discarded < limit) {
    const step: DeadMatches = await matchingDead(engine, queue, filter, after, Math.min(AT_ONCE, limit - discarded));
    const gone = await pipelined(step.found, ({ one }) => discardOne(engine, queue, one));
    discarded += gone.filter(Boolean).length;
    after = step.next;
  }
  engine.changed(new Subjects(queue.name));
  return { discarded, more: after !== null };
}

/** Its timeline goes with it, unless its message or another dead letter of it is left. */
async function discardOne({ api }: Engine, queue: Definition, { message, death }: Buried): Promise<boolean> {
  const subjects = new Subjects(queue.name);
  if (!(await api.deleteMessage(subjects.log, message.seq))) return false;
  await Promise.all([subjects.redriven(message.seq), subjects.undone(message.seq), subjects.claimed(message.seq)].map((filter) => api.purge(subjects.state, { filter })));
  const [there, other] = await Promise.all([api.read(subjects.log, { seq: death.seq }), api.read(subjects.log, { last_by_subj: subjects.deadOf("*", death.seq) })]);
  if (there !== undefined || other !== undefined) return true;
  await api.purge(subjects.log, { filter: subjects.timeline(death.seq) });
  if (death.number === death.seq) return true;
  await Promise.all([api.purge(subjects.log, { filter: subjects.timeline(death.number) }), api.purge(subjects.state, { filter: subjects.fired(death.number) })]);
  return true;
}
