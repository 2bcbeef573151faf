import { searchable, searchableHeaders } from "../../core/index.ts";
import type { DeadLetter, DeadLetterFilter, Instant } from "../../core/index.ts";
import type { Death } from "./burial.ts";
import { DEATH } from "./burial.ts";
import type { Definition } from "./definition.ts";
import { kept } from "./ending.ts";
import type { Engine } from "./engine.ts";
import { deadLetterId, messageId } from "./ids.ts";
import type { LogMessage } from "./message.ts";
import { deadGroupOf } from "./subjects.ts";
import type { Subjects } from "./subjects.ts";

/** A dead letter as the log keeps it. */
export interface Buried {
  readonly message: LogMessage;
  readonly group: string;
  readonly death: Death;
}

/** What a dead letter was redriven to, latest last: JSON on `subjects.redriven(its sequence)`. */
export type Redrivals = DeadLetter["redriven"];

/** `undefined` for what is no dead letter. */
export function buried(message: LogMessage): Buried | undefined {
  const group = deadGroupOf(message.subject);
  const death = message.header(DEATH);
  return group === null || death === undefined ? undefined : { message, group, death: JSON.parse(death) as Death };
}

export async function redrivalsOf({ api }: Engine, subjects: Subjects, dead: number): Promise<Redrivals> {
  const stored = await api.read(subjects.state, { last_by_subj: subjects.redriven(dead) });
  return stored === undefined ? [] : (JSON.parse(Buffer.from(stored.data).toString()) as Redrivals);
}

export function shownDead({ crypt }: Engine, queue: Definition, { message, group, death }: Buried, redriven: Redrivals): DeadLetter {
  const id = messageId(queue.id, death.number);
  return {
    id: deadLetterId(queue.id, message.seq),
    messageId: id,
    queue: queue.name,
    group,
    partition: death.partition,
    payload: { encoding: message.encoding, bytes: crypt.unseal(message.data) },
    headers: message.headers(crypt.unseal),
    transactionId: message.transaction ?? id,
    priority: death.priority,
    createdAt: death.createdAt,
    deadAt: death.at,
    reason: death.reason,
    attempts: death.c,
    deliveryCount: death.d,
    error: death.err === undefined ? null : kept(crypt, death.err),
    stack: death.stack === undefined ? null : kept(crypt, death.stack),
    redriven,
  };
}

/** Whether it died in the filter's group and time; its text is asked for apart, since that may need a key. */
export function diedWithin({ group, death }: Buried, filter: DeadLetterFilter): boolean {
  const within = (at: Instant): boolean => (filter.from === undefined || at >= filter.from) && (filter.to === undefined || at < filter.to);
  return (filter.group === undefined || filter.group === group) && within(death.at);
}

export function deadText(engine: Engine, queue: Definition, one: Buried): (string | null)[] {
  const { payload, headers, transactionId, error } = shownDead(engine, queue, one, []);
  return [searchable(payload.bytes), searchableHeaders(headers), transactionId, error];
}
