/** Messages between a page (the inspector's webview, or the dashboard in a browser) and its host, validated on both sides. */
import type * as z from "zod/mini";
import { deadLetterMethods } from "./dead-letters.ts";
import { messageMethods } from "./messages.ts";
import { popMethods } from "./pop.ts";
import { pushMethods } from "./push.ts";
import { queueMethods } from "./queue.ts";

export type * from "./dead-letters.ts";
export * from "./envelope.ts";
export type * from "./messages.ts";
export type * from "./pop.ts";
export type * from "./push.ts";
export type * from "./queue.ts";

export const METHODS = { ...queueMethods, ...messageMethods, ...deadLetterMethods, ...pushMethods, ...popMethods };

export type MethodName = keyof typeof METHODS;
export type Params<M extends MethodName> = z.infer<(typeof METHODS)[M]["params"]>;
export type Result<M extends MethodName> = z.infer<(typeof METHODS)[M]["result"]>;
export type Progress<M extends MethodName> = z.infer<(typeof METHODS)[M]["progress"]>;

export function isMethod(name: string): name is MethodName {
  return Object.hasOwn(METHODS, name);
}
