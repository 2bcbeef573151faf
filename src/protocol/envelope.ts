import * as z from "zod/mini";
import { longText, shortText } from "./fields.ts";

/** What the page sends. Every call has an id of its own, which its answer bears. */
export const toHost = z.discriminatedUnion("type", [
  z.object({ type: z.literal("call"), id: z.int(), method: shortText, params: z.unknown() }),
  z.object({ type: z.literal("cancel"), id: z.int() }),
]);
export type ToHost = z.infer<typeof toHost>;

/** How the connection stands. `lost` is tried again by itself. */
export const connectionStatus = z.object({ state: z.enum(["open", "connecting", "lost", "failed", "disconnected"]), reason: z.nullable(longText) });
export type ConnectionStatus = z.infer<typeof connectionStatus>;

/** What the host says unasked: something changed in the broker; the connection did; show something (a link elsewhere was followed). */
export const hostEvent = z.discriminatedUnion("name", [
  z.object({ name: z.literal("changed") }),
  z.object({ name: z.literal("connection"), status: connectionStatus }),
  z.object({ name: z.literal("show"), queue: shortText, tab: z.optional(shortText), id: z.optional(shortText) }),
  z.object({ name: z.literal("download"), url: shortText }),
  z.object({ name: z.literal("upload"), url: shortText }),
]);
export type HostEvent = z.infer<typeof hostEvent>;

export const callError = z.object({ code: shortText, message: longText, field: z.optional(shortText) });
export type CallError = z.infer<typeof callError>;

export const toPage = z.discriminatedUnion("type", [
  z.object({ type: z.literal("result"), id: z.int(), value: z.unknown() }),
  z.object({ type: z.literal("error"), id: z.int(), error: callError }),
  z.object({ type: z.literal("progress"), id: z.int(), value: z.unknown() }),
  z.object({ type: z.literal("event"), event: hostEvent }),
]);
export type ToPage = z.infer<typeof toPage>;
