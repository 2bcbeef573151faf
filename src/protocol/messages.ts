import * as z from "zod/mini";
import { content, count, encoding, headers, instant, longText, nothing, shortText, state } from "./fields.ts";
import { longMethod, method } from "./method.ts";

/** A line of the table: a beginning of the payload, never the whole. */
export const messageRow = z.object({
  id: shortText,
  partition: z.nullable(shortText),
  state,
  priority: count,
  transactionId: shortText,
  createdAt: instant,
  /** When it becomes due, is retried, or its lease ends. */
  until: z.nullable(instant),
  deliveryCount: count,
  charges: count,
  worker: z.nullable(shortText),
  lastError: z.nullable(longText),
  headers,
  /** One line, at most 300 characters. */
  preview: shortText,
  /** Of the payload, in bytes. */
  size: count,
});
export type MessageRow = z.infer<typeof messageRow>;

export const messageFilter = z.object({
  group: z.optional(shortText),
  partition: z.optional(shortText),
  state: z.optional(state),
  match: z.optional(shortText),
  from: z.optional(instant),
  to: z.optional(instant),
});
export type MessageFilter = z.infer<typeof messageFilter>;

const order = z.enum(["newest", "oldest"]);
export type Order = z.infer<typeof order>;

const rows = z.array(messageRow);
const limit = z.int().check(z.minimum(1), z.maximum(1000));
const ids = z.array(shortText).check(z.maxLength(1000));
/** Behind which message a reader of what enters stands; `null`: before the first. */
const cursor = z.nullable(shortText);

const standing = z.object({ group: shortText, state, charges: count, deliveryCount: count, until: z.nullable(instant), worker: z.nullable(shortText), lastError: z.nullable(longText) });
/** What happened to a message, with the error and its stack where it failed. */
const attempt = z.object({ type: shortText, at: instant, group: z.nullable(shortText), worker: z.nullable(shortText), attempt: z.nullable(count), error: z.nullable(longText), stack: z.nullable(longText) });
const link = z.object({ queue: shortText, messageId: shortText, deadLetterId: shortText });

export const messageDetail = z.object({
  row: messageRow,
  queue: shortText,
  group: shortText,
  /** The beginning of the payload where it is `truncated`. */
  content,
  truncated: z.boolean(),
  expiresAt: z.nullable(instant),
  editedAt: z.nullable(instant),
  /** For the first groups of the queue, the one asked for among them. */
  standings: z.array(standing),
  moreGroups: z.boolean(),
  attempts: z.array(attempt),
  redrivenFrom: z.nullable(link),
  redrivenTo: z.array(link),
});
export type MessageDetail = z.infer<typeof messageDetail>;
export type MessageAttempt = z.infer<typeof attempt>;

const imported = z.object({ imported: count, duplicates: count, finished: count, expired: count });

export const messageMethods = {
  /**
   * `partial`: this call read its share before the page was full; `next` goes on, and `reached` is when the message there entered.
   * `read`: how many messages it may have looked at.
   */
  "messages.browse": method(
    z.object({ queue: shortText, filter: messageFilter, order: z.optional(order), after: z.optional(shortText), limit }),
    z.object({ rows, next: z.nullable(shortText), partial: z.boolean(), read: count, reached: z.nullable(instant) }),
  ),
  /** How those rows are now; what is missing is gone. `after` is the row above the first of them, where they stand together. */
  "messages.rows": method(z.object({ queue: shortText, filter: messageFilter, order, after: z.optional(shortText), ids }), z.object({ rows })),
  /** The first message that entered at that time or after. */
  "messages.at": method(z.object({ queue: shortText, group: shortText, at: instant }), z.object({ id: z.nullable(shortText) })),

  /** Where the latest message is: what enters from now on is behind it. */
  "messages.latest": method(z.object({ queue: shortText }), z.object({ cursor })),
  /** What entered behind the cursor; waits for it up to `wait` milliseconds. `more`: ask again at once. */
  "messages.tail": method(z.object({ queue: shortText, filter: messageFilter, cursor, limit, wait: z.int().check(z.minimum(0), z.maximum(60_000)) }), z.object({ rows, cursor, more: z.boolean() })),
  /** How many entered behind the cursor, as far as one call reads. */
  "messages.newer": method(z.object({ queue: shortText, filter: messageFilter, cursor }), z.object({ count, cursor, more: z.boolean() })),

  "messages.get": method(z.object({ id: shortText, group: shortText }), messageDetail),
  /** All of the payload. */
  "messages.content": method(z.object({ id: shortText }), z.object({ content })),
  /** How many entered in each of equal spans of the time; without `from` and `to` from the first message there is to the last. */
  "messages.histogram": method(z.object({ queue: shortText, from: z.optional(instant), to: z.optional(instant), buckets: z.int().check(z.minimum(1), z.maximum(1000)) }), z.object({ from: instant, to: instant, counts: z.array(count) })),

  "messages.remove": method(z.object({ ids }), z.object({ removed: count })),
  "messages.cancel": method(z.object({ ids }), z.object({ cancelled: count })),
  /** Bytes stand as base64. */
  "messages.edit": method(z.object({ id: shortText, encoding, text: longText, headers }), nothing),

  /** In a tab of the editor; refused where there is none. */
  "messages.open": method(z.object({ id: shortText, group: shortText }), nothing),
  "messages.openEdit": method(z.object({ id: shortText }), nothing),
  "messages.compare": method(z.object({ left: shortText, right: shortText, group: shortText }), nothing),

  /** The payload as a file. `name` is `null` when the person chose none. */
  "messages.download": method(z.object({ id: shortText }), z.object({ name: z.nullable(longText) })),
  /** All that match, as NDJSON. */
  "messages.export": longMethod(z.object({ queue: shortText, filter: messageFilter, plaintext: z.boolean() }), z.object({ name: z.nullable(longText), count }), z.object({ count })),
  /** `all`: also messages that were completed or dead when they were exported. */
  "messages.import": longMethod(z.object({ queue: shortText, all: z.boolean() }), z.object({ name: z.nullable(longText), counts: imported }), z.object({ phase: z.enum(["reading", "pushing"]), done: count, total: z.nullable(count) })),
};
