import * as z from "zod/mini";
import { count, failure, instant, longText, shortText } from "./fields.ts";
import { messageRow } from "./messages.ts";
import { method } from "./method.ts";

/** A message that a person popped: here, in another tab, or in the sidebar. */
const popped = z.object({ receipt: shortText, group: shortText, leaseExpiresAt: instant, attempt: count, message: messageRow });
export type PoppedView = z.infer<typeof popped>;

const settled = z.object({ receipt: shortText, messageId: z.nullable(shortText), outcome: z.nullable(z.enum(["completed", "retrying", "released", "dead", "dropped", "renewed"])), error: z.nullable(failure) });
export type SettledView = z.infer<typeof settled>;

const receipts = z.array(shortText).check(z.minLength(1), z.maxLength(10_000));

export const popMethods = {
  /** What a pop would give: takes nothing. */
  "pop.peek": method(z.object({ queue: shortText, group: shortText, partition: z.optional(shortText), limit: count }), z.object({ rows: z.array(messageRow) })),
  "pop.list": method(z.object({ queue: shortText }), z.object({ popped: z.array(popped) })),
  /** Leases; `lease` in milliseconds, else the queue's leaseTime. `start` is where a group that is new begins. */
  "pop.take": method(
    z.object({ queue: shortText, group: shortText, partition: z.optional(shortText), batch: z.int().check(z.minimum(1), z.maximum(1000)), lease: z.optional(count), start: z.optional(z.enum(["all", "new"])) }),
    z.object({ taken: count }),
  ),
  "pop.settle": method(
    z.object({ receipts, action: z.enum(["ack", "nack", "release", "dead"]), error: z.optional(longText), delay: z.optional(count) }),
    z.object({ results: z.array(settled) }),
  ),
  "pop.renew": method(z.object({ receipts, lease: z.optional(count) }), z.object({ results: z.array(settled) })),
};
