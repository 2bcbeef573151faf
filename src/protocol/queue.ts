import * as z from "zod/mini";
import { count, counts, instant, longText, nothing, shortText } from "./fields.ts";
import { connectionStatus } from "./envelope.ts";
import { method } from "./method.ts";

const group = z.object({
  name: shortText,
  /** `all`, `new`, or the time from which it was to see messages. */
  start: z.union([z.enum(["all", "new"]), instant]),
  paused: z.boolean(),
  /** How many more may be delivered while delivery is held; `null`: it isn't. */
  held: z.nullable(count),
  counts,
  lag: count,
  /** Milliseconds. */
  oldestReadyAge: z.nullable(z.number()),
  workers: z.array(shortText),
});
export type GroupView = z.infer<typeof group>;

export const queueView = z.object({
  name: shortText,
  paused: z.boolean(),
  createdAt: instant,
  /** The queue's options, as `queuescope queue show` prints them. */
  options: z.record(shortText, z.unknown()),
  counts,
  messages: count,
  neverDelivered: count,
  totalDeliveries: count,
  bytes: count,
  partitions: count,
  firstId: z.nullable(shortText),
  lastId: z.nullable(shortText),
  groups: z.array(group),
});
export type QueueView = z.infer<typeof queueView>;

const queueRow = z.object({ name: shortText, paused: z.boolean(), counts });
export type QueueRow = z.infer<typeof queueRow>;

/** Where the page runs, and on what. */
const surroundings = z.object({
  /** `editor`: documents open in tabs of the editor. `browser`: the page has to show everything itself. */
  surface: z.enum(["editor", "browser"]),
  connection: z.object({ id: longText, label: shortText, url: longText, broker: z.enum(["local", "jetstream", "http"]), version: shortText, readOnly: z.boolean(), limits: z.array(longText), status: connectionStatus }),
  /** Translations of the page's texts, by the English text. */
  texts: z.record(longText, longText),
});
export type Surroundings = z.infer<typeof surroundings>;

export const queueMethods = {
  /** The page's first call. */
  "page.open": method(nothing, surroundings),
  "queue.list": method(z.object({ match: z.optional(shortText), after: z.optional(shortText) }), z.object({ queues: z.array(queueRow), next: z.nullable(shortText) })),
  "queue.get": method(z.object({ queue: shortText }), queueView),
  "queue.pause": method(z.object({ queue: shortText, paused: z.boolean() }), nothing),
};
