import type { QueueOptions } from "./options.ts";

export type BuiltInEvent = "leased" | "acked" | "nacked" | "released" | "expired" | "dead" | "redriven" | "undone" | "edited" | "dropped" | "removed";

/** Recorded at each level: what ends a message without its handler, or changes it. */
const ALWAYS: readonly BuiltInEvent[] = ["dropped", "removed", "edited", "redriven", "undone"];
const FAILURES: readonly BuiltInEvent[] = [...ALWAYS, "nacked", "expired", "dead"];

/** Whether a queue with these options records such events. */
export function recordsEvent({ trace }: Pick<QueueOptions, "trace">, type: BuiltInEvent): boolean {
  return trace === "all" || (trace === "failures" ? FAILURES : ALWAYS).includes(type);
}
