import { QueuescopeError } from "../../core/index.ts";
import type { DeadReason, Instant } from "../../core/index.ts";
import { isApiError, WRONG_LAST_SEQUENCE } from "./api.ts";
import type { Engine } from "./engine.ts";
import { enclosed, HEADER } from "./message.ts";
import type { LogMessage } from "./message.ts";
import { overlaid } from "./overlay.ts";
import type { Intent } from "./record.ts";
import type { GroupSession } from "./session.ts";

/** What a dead letter says besides its message, as JSON in one header. */
export interface Death {
  /** Of the message: where it stood, and the number that people know. */
  readonly seq: number;
  readonly number: number;
  readonly partition: string | null;
  readonly priority: number;
  readonly createdAt: Instant;
  readonly at: Instant;
  readonly reason: DeadReason;
  readonly c: number;
  readonly d: number;
  /** After `=` as they are, after `!` encrypted. */
  readonly err?: string;
  readonly stack?: string;
}

export const DEATH = "Qs-Dead";

/** Stores a dead letter with everything of its message, so that it outlives it; once, however often this is called. */
export async function bury(engine: Engine, session: GroupSession, id: string, intent: Extract<Intent, { kind: "dead" }>): Promise<number | undefined> {
  const found = await session.log.message(intent.seq);
  // Somebody removed it meanwhile: there is nothing left to keep.
  if (found === undefined) return undefined;
  const message = await overlaid(engine, session.subjects, found);
  const subject = session.subjects.dead(session.group, intent.seq, id);
  const headers = { ...headersOf(message), [DEATH]: JSON.stringify(deathOf(message, intent)), "Nats-Expected-Last-Subject-Sequence": "0" };
  const [result] = await engine.publisher.publishAll([{ subject, ...enclosed(headers, message.data) }]);
  if (!(result instanceof QueuescopeError)) return result?.seq;
  if (!isApiError(result, WRONG_LAST_SEQUENCE)) throw result;
  return (await engine.api.read(session.subjects.log, { last_by_subj: subject }))?.seq;
}

function headersOf(message: LogMessage): Record<string, string> {
  const kept = message.headerNames.filter((name) => !name.startsWith("Nats-") && name !== HEADER.expires && name !== HEADER.at && name !== HEADER.onlyGroup);
  return Object.fromEntries(kept.map((name) => [name, message.header(name) ?? ""]));
}

function deathOf(message: LogMessage, { seq, at, reason, c, d, err, stack }: Extract<Intent, { kind: "dead" }>): Death {
  const { partition, priority, alias } = message.place;
  const told = { ...(err === undefined ? {} : { err }), ...(stack === undefined ? {} : { stack }) };
  return { seq, at, reason, c, d, ...told, number: alias ?? message.seq, partition, priority, createdAt: message.at };
}
