import * as z from "zod/mini";
import { count, instant, nothing, shortText } from "./fields.ts";
import { method } from "./method.ts";

/** The oldest, what comes from now on, or what entered at or after a time. */
const place = z.union([z.enum(["all", "new"]), instant]);
const named = { queue: shortText, group: shortText };

const member = z.object({
  id: shortText,
  name: shortText,
  host: shortText,
  pid: count,
  status: z.enum(["starting", "idle", "busy", "stopping", "debugging"]),
  live: z.boolean(),
  concurrency: count,
  current: z.array(shortText),
  processed: count,
  failed: count,
  startedAt: instant,
  lastHeartbeatAt: instant,
});
export type MemberRow = z.infer<typeof member>;

export const groupMethods = {
  "groups.members": method(z.object(named), z.object({ members: z.array(member) })),
  /** What a seek would do: how many messages the group would get, how many of them again, how many it hasn't settled would be passed over. */
  "groups.seekPreview": method(z.object({ ...named, to: place }), z.object({ messages: count, again: count, skipped: count, exact: z.boolean() })),
  "groups.seek": method(z.object({ ...named, to: place }), nothing),
  "groups.pause": method(z.object({ ...named, paused: z.boolean() }), nothing),
  /** Held, nothing is delivered until so many messages are let go, or all. */
  "groups.hold": method(z.object({ ...named, held: z.boolean() }), nothing),
  "groups.step": method(z.object({ ...named, count: z.int().check(z.minimum(1), z.maximum(1000)) }), nothing),
  "groups.delete": method(z.object(named), nothing),
};
