import * as z from "zod/mini";
import { count, shortText } from "./fields.ts";
import { method } from "./method.ts";

const queueLag = z.object({
  queue: shortText,
  groups: count,
  /** Dead letters of all groups. */
  dead: count,
  /** The group that is furthest behind; `null` where there is no group. */
  worst: z.nullable(z.object({ group: shortText, lag: count, oldestReadyAge: z.nullable(z.number()) })),
});
export type QueueLag = z.infer<typeof queueLag>;

export const overviewMethods = {
  /** What a list of queues shows beside their counts. One that is gone meanwhile is left out. */
  "queue.lags": method(z.object({ queues: z.array(shortText).check(z.maxLength(100)) }), z.object({ lags: z.array(queueLag) })),
};
