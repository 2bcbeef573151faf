import * as z from "zod/mini";
import { count, encoding, failure, headers, longText, nothing, shortText } from "./fields.ts";
import { longMethod, method } from "./method.ts";

/** The form as it stands: texts, as the person typed them. Empty ones are as if they weren't there. Bytes are base64. */
export const draft = z.object({
  encoding,
  data: longText,
  headers,
  partition: shortText,
  /** The caller's own id, `transactionId`. */
  id: shortText,
  /** A duration: `30s`; a number alone is seconds. */
  delay: shortText,
  /** 0 to 9. */
  priority: shortText,
  ttl: shortText,
});
export type Draft = z.infer<typeof draft>;

const pushed = z.object({ id: shortText, status: z.enum(["queued", "scheduled", "duplicate"]), transactionId: shortText, partition: z.nullable(shortText) });
export type Pushed = z.infer<typeof pushed>;

/** How far a push of many is, and how it ended. `last` are the latest ones, at most 100. */
const pushSummary = z.object({ asked: count, pushed: count, duplicates: count, last: z.array(pushed), error: z.nullable(failure) });
export type PushSummary = z.infer<typeof pushSummary>;

const templateName = z.string().check(z.minLength(1), z.maxLength(100));

export const pushMethods = {
  /** `rate` is messages a second; `null`: as fast as they are stored. Cancelled, it tells what was pushed until then. */
  "push.send": longMethod(z.object({ queue: shortText, draft, times: z.int().check(z.minimum(1), z.maximum(1_000_000)), rate: z.nullable(z.number().check(z.positive(), z.maximum(100_000))) }), pushSummary, pushSummary),
  /** The message as it would be pushed next, placeholders filled in. */
  "push.preview": method(z.object({ queue: shortText, draft }), z.object({ draft })),
  /** A message or dead letter, to be pushed again. */
  "push.copy": method(z.object({ id: shortText }), z.object({ draft })),
  /** Names of this workspace's templates; `folder` is where they are, `null` where there is no workspace. */
  "push.templates": method(nothing, z.object({ folder: z.nullable(longText), names: z.array(shortText) })),
  "push.template": method(z.object({ name: templateName }), z.object({ draft })),
  "push.saveTemplate": method(z.object({ name: templateName, draft }), nothing),
  "push.deleteTemplate": method(z.object({ name: templateName }), nothing),
};
