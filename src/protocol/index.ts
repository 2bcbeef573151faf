/** Messages between a page (the inspector's webview, or the dashboard in a browser) and its host, validated on both sides. */
import type * as z from "zod/mini";
import { deadLetterMethods } from "./dead-letters.ts";
import { debugMethods } from "./debug.ts";
import { groupMethods } from "./groups.ts";
import { messageMethods } from "./messages.ts";
import { overviewMethods } from "./overview.ts";
import { metricMethods } from "./metrics.ts";
import { popMethods } from "./pop.ts";
import { pushMethods } from "./push.ts";
import { queueMethods } from "./queue.ts";
import { traceMethods } from "./traces.ts";

export type * from "./dead-letters.ts";
export * from "./envelope.ts";
export type * from "./groups.ts";
export type * from "./messages.ts";
export type * from "./metrics.ts";
export type * from "./overview.ts";
export type * from "./pop.ts";
export type * from "./push.ts";
export type * from "./queue.ts";
export type * from "./traces.ts";

export const METHODS = { ...queueMethods, ...overviewMethods, ...messageMethods, ...deadLetterMethods, ...traceMethods, ...pushMethods, ...popMethods, ...metricMethods, ...groupMethods, ...debugMethods };

export type MethodName = keyof typeof METHODS;
export type Params<M extends MethodName> = z.infer<(typeof METHODS)[M]["params"]>;
export type Result<M extends MethodName> = z.infer<(typeof METHODS)[M]["result"]>;
export type Progress<M extends MethodName> = z.infer<(typeof METHODS)[M]["progress"]>;

export function isMethod(name: string): name is MethodName {
  return Object.hasOwn(METHODS, name);
}
