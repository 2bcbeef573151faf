import * as z from "zod/mini";
import { content, count, failure, headers, instant, longText, nothing, shortText } from "./fields.ts";
import { method, longMethod } from "./method.ts";

export const deadFilter = z.object({
  group: z.optional(shortText),
  match: z.optional(shortText),
  /** Died at or after, before. */
  from: z.optional(instant),
  to: z.optional(instant),
  redriven: z.optional(z.boolean()),
});
export type DeadFilter = z.infer<typeof deadFilter>;

/** What an action is for: named ones, those of one kind of error, or all that match. */
export const deadSelection = z.object({
  ids: z.optional(z.array(shortText).check(z.maxLength(10_000))),
  filter: deadFilter,
  /** Of an error, see src/core/fingerprint.ts; "" is that of none. */
  fingerprint: z.optional(shortText),
});
export type DeadSelection = z.infer<typeof deadSelection>;

const deadGroup = z.object({
  fingerprint: shortText,
  /** The first line of the latest one's error; `null`: none of them has one. */
  error: z.nullable(longText),
  count,
  /** Not redriven. */
  waiting: count,
  firstAt: instant,
  lastAt: instant,
  /** The consumer groups they died in. */
  groups: z.array(shortText),
  partitions: count,
});
export type DeadGroup = z.infer<typeof deadGroup>;

const redrivenTo = z.object({ queue: shortText, messageId: shortText, at: instant });

const deadRow = z.object({
  id: shortText,
  messageId: shortText,
  group: shortText,
  partition: z.nullable(shortText),
  deadAt: instant,
  attempts: count,
  /** The first line. */
  error: z.nullable(longText),
  /** Of the payload: one line, at most 300 characters. */
  preview: shortText,
  redriven: z.array(redrivenTo),
});
export type DeadRow = z.infer<typeof deadRow>;

export const deadDetail = z.object({
  ...deadRow.shape,
  queue: shortText,
  reason: z.enum(["retries-exhausted", "rejected", "lease-expired"]),
  deliveryCount: count,
  createdAt: instant,
  transactionId: shortText,
  priority: count,
  headers,
  /** Whole, the stack below it. */
  error: z.nullable(longText),
  stack: z.nullable(longText),
  /** The beginning of the payload where it is `truncated`. */
  content,
  truncated: z.boolean(),
  size: count,
  /** The message that died is still stored. */
  messageExists: z.boolean(),
  /** Of those it was redriven to, the ones that are still stored. */
  existing: z.array(shortText),
  /** What its message was redriven from, as far as that is known. */
  redrivenFrom: z.nullable(z.object({ queue: shortText, deadLetterId: shortText, messageId: shortText })),
});
export type DeadDetail = z.infer<typeof deadDetail>;

const redriveSummary = z.object({
  queue: shortText,
  count,
  /** The first of them, at most 10,000: what an undo takes. */
  redriven: z.array(z.object({ deadLetterId: shortText, messageId: shortText })),
  /** Had been redriven before, and were left alone. */
  before: count,
  /** Why it ended before all were; `null`: it didn't. */
  stopped: z.nullable(failure),
});
export type RedriveSummary = z.infer<typeof redriveSummary>;

const selected = z.object({ queue: shortText, selection: deadSelection });

export const deadLetterMethods = {
  /** Of the first `most` that match, oldest first. */
  "deadLetters.groups": method(
    z.object({ queue: shortText, filter: deadFilter, most: z.int().check(z.minimum(1), z.maximum(1_000_000)) }),
    z.object({ groups: z.array(deadGroup), scanned: count, more: z.boolean() }),
  ),
  /** A page may be empty and still have a next one: each reads a bounded number. */
  "deadLetters.list": method(
    z.object({ queue: shortText, selection: deadSelection, after: z.optional(shortText), limit: count }),
    z.object({ rows: z.array(deadRow), next: z.nullable(shortText) }),
  ),
  "deadLetters.get": method(z.object({ id: shortText }), deadDetail),
  /** What an action would be for: counted, not capped. `asOf` keeps out what dies while a person thinks about it. */
  "deadLetters.count": longMethod(selected, z.object({ count, redriven: count, asOf: instant }), z.object({ scanned: count })),
  "deadLetters.redrive": longMethod(
    z.object({
      queue: shortText,
      selection: deadSelection,
      to: z.optional(shortText),
      /** `null`: none. */
      partition: z.optional(z.nullable(shortText)),
      allGroups: z.boolean(),
      again: z.boolean(),
      plaintext: z.boolean(),
      /** Messages a second. */
      rate: z.nullable(z.number().check(z.positive(), z.maximum(100_000))),
      /** Edited first: the document that `deadLetters.document` gave. */
      document: z.optional(longText),
    }),
    redriveSummary,
    z.object({ done: count }),
  ),
  "deadLetters.undo": method(
    z.object({ queue: shortText, ids: z.array(shortText).check(z.maxLength(10_000)) }),
    z.object({ undone: count, kept: z.array(z.object({ deadLetterId: shortText, reason: longText })) }),
  ),
  "deadLetters.discard": longMethod(selected, z.object({ discarded: count, stopped: z.nullable(failure) }), z.object({ done: count })),
  /** Data and headers as they are edited. */
  "deadLetters.document": method(z.object({ id: shortText }), z.object({ text: longText })),
  /** The same of a message that it was redriven to; `null` when that isn't stored any more. */
  "deadLetters.compare": method(z.object({ id: shortText, messageId: shortText }), z.object({ left: longText, right: z.nullable(longText) })),
  /** In the editor: shown there. */
  "deadLetters.open": method(z.object({ queue: shortText, id: shortText, how: z.enum(["open", "edit"]) }), nothing),
  "deadLetters.openDifference": method(z.object({ id: shortText, messageId: shortText, group: shortText }), nothing),
};
