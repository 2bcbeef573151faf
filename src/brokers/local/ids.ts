import { QueuescopeError } from "../../core/index.ts";

/** Sequences of one queue: ids of its messages are `qid * SEQUENCES + seq`. */
export const SEQUENCES = 2 ** 36;

export function messageKey(qid: number, seq: number): number {
  return qid * SEQUENCES + seq;
}

/** The ids of a queue's messages are those in (first, last). */
export function messageRange(qid: number): { readonly first: number; readonly last: number } {
  return { first: qid * SEQUENCES, last: (qid + 1) * SEQUENCES - 1 };
}

export function queueOf(id: number): number {
  return Math.floor(id / SEQUENCES);
}

/** As people see it: `m3-42`. */
export function messageId(id: number): string {
  return `m${queueOf(id)}-${id % SEQUENCES}`;
}

export function deadLetterId(qid: number, did: number): string {
  return `d${qid}-${did}`;
}

/** `null` for what can't be an id of this broker. */
export function parseMessageId(text: string): number | null {
  const pair = parsePair(text, "m");
  return pair === null ? null : messageKey(pair[0], pair[1]);
}

export function parseDeadLetterId(text: string): { readonly qid: number; readonly did: number } | null {
  const pair = parsePair(text, "d");
  return pair === null ? null : { qid: pair[0], did: pair[1] };
}

function parsePair(text: string, kind: "m" | "d"): [number, number] | null {
  const match = /^([md])([1-9]\d{0,5})-([1-9]\d{0,10})$/.exec(text);
  if (match === null || match[1] !== kind) return null;
  const [qid, number] = [Number(match[2]), Number(match[3])];
  return qid < 2 ** 17 && number < SEQUENCES ? [qid, number] : null;
}

export function messageNotFound(id: string): QueuescopeError {
  if (parseDeadLetterId(id) !== null) {
    return new QueuescopeError("message-not-found", `${id} is the id of a dead letter, not of a message. Look it up among the dead letters.`);
  }
  const hint = parseMessageId(id) === null ? "Ids of messages look like m3-42." : "It may have been removed, have expired, or be past its queue's retention.";
  return new QueuescopeError("message-not-found", `There is no message ${JSON.stringify(id)}. ${hint}`);
}

export function deadLetterNotFound(id: string): QueuescopeError {
  const hint = parseDeadLetterId(id) === null ? "Ids of dead letters look like d3-7." : "It may have been discarded, or its queue deleted.";
  return new QueuescopeError("message-not-found", `There is no dead letter ${JSON.stringify(id)}. ${hint}`);
}
