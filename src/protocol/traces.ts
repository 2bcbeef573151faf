import * as z from "zod/mini";
import { count, instant, longText, nothing, shortText } from "./fields.ts";
import { method } from "./method.ts";

const step = z.object({
  /** `unrecorded`: it waited and was worked on, but where one became the other isn't recorded. */
  kind: z.enum(["scheduled", "waiting", "leased", "retrying", "unrecorded", "dead", "completed"]),
  group: shortText,
  from: instant,
  /** `null`: it goes on, or its end isn't recorded. */
  to: z.nullable(instant),
  worker: z.nullable(shortText),
  attempt: z.nullable(count),
  /** The type of the event that ended it; `null`: none did. */
  end: z.nullable(shortText),
  error: z.nullable(longText),
  /** When the lease ends, or it is retried or due: while it goes on. */
  until: z.nullable(instant),
});
export type TraceStep = z.infer<typeof step>;

/** What a handler recorded, or what was done to the message, at one moment. */
const mark = z.object({ id: shortText, at: instant, type: shortText, group: z.nullable(shortText), worker: z.nullable(shortText), names: z.array(shortText), data: z.nullable(longText) });
export type TraceMark = z.infer<typeof mark>;

const row = z.object({
  key: shortText,
  kind: z.enum(["message", "delivery"]),
  depth: count,
  messageId: shortText,
  queue: shortText,
  group: shortText,
  service: shortText,
  because: z.nullable(z.enum(["redriven", "traceparent"])),
  steps: z.array(step),
  marks: z.array(mark),
});
export type TraceRow = z.infer<typeof row>;

const story = z.object({
  from: instant,
  to: instant,
  /** The host's: what goes on lasts until then. */
  now: instant,
  rows: z.array(row),
  slowest: z.nullable(z.object({ row: shortText, step, duration: z.number(), share: z.number() })),
  /** Of each queue: what its trace level is. */
  levels: z.array(z.object({ queue: shortText, trace: z.enum(["off", "failures", "all"]) })),
  /** More messages belong to it than are shown. */
  more: z.boolean(),
});
export type TraceStory = z.infer<typeof story>;

const traceName = z.object({ name: shortText, events: count, messages: count, lastAt: instant });
export type TraceName = z.infer<typeof traceName>;

const found = z.object({ id: shortText, at: instant, messageId: shortText, queue: shortText, type: shortText, worker: z.nullable(shortText), names: z.array(shortText), text: shortText });
export type FoundEvent = z.infer<typeof found>;

export const traceMethods = {
  /** A message's life, what it was redriven from and to. */
  "traces.message": method(z.object({ id: shortText }), story),
  /** Of all messages whose handlers recorded something under the name, in any queue. */
  "traces.name": method(z.object({ name: shortText }), story),
  "traces.names": method(z.object({ match: z.optional(shortText), after: z.optional(shortText) }), z.object({ rows: z.array(traceName), next: z.nullable(shortText) })),
  /** A page may be empty and still have a next one: each reads a bounded number. */
  "traces.find": method(z.object({ match: shortText, queue: z.optional(shortText), after: z.optional(shortText) }), z.object({ rows: z.array(found), next: z.nullable(shortText) })),
  /** Records everything from now on. */
  "traces.record": method(z.object({ queue: shortText }), nothing),
  /** In the editor: as a document. */
  "traces.open": method(z.object({ id: shortText }), nothing),
};
