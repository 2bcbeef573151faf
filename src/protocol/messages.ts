import * as z from "zod/mini";
import { count, headers, instant, shortText, longText, state } from "./fields.ts";
import { method } from "./method.ts";

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

export const messageMethods = {
  "messages.browse": method(
    z.object({ queue: shortText, filter: messageFilter, after: z.optional(shortText), limit: count }),
    z.object({ rows: z.array(messageRow), next: z.nullable(shortText) }),
  ),
};
