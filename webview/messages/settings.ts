import * as z from "zod/mini";
import { MESSAGE_STATES } from "../../src/core/message.ts";
import type { MessageFilter } from "../../src/protocol/index.ts";
import { useRemembered } from "../app/use-remembered.ts";

/** What the person chose to see, without the group, which is the whole page's. */
const conditions = z.object({
  state: z.optional(z.enum(MESSAGE_STATES)),
  partition: z.optional(z.string()),
  match: z.optional(z.string()),
  from: z.optional(z.number()),
  to: z.optional(z.number()),
});
export type Conditions = z.infer<typeof conditions>;

const look = z.object({
  order: z.enum(["newest", "oldest"]),
  columns: z.array(z.string()),
  /** Pixels, by column. */
  widths: z.record(z.string(), z.number()),
  histogram: z.boolean(),
});
export type Look = z.infer<typeof look>;

export const DEFAULT_COLUMNS: readonly string[] = ["entered", "id", "state", "partition", "deliveries", "data"];
const USUAL: Look = { order: "newest", columns: [...DEFAULT_COLUMNS], widths: {}, histogram: true };

export function useConditions(): readonly [Conditions, (next: Conditions) => void] {
  return useRemembered("conditions", conditions, {});
}

export function useLook(): readonly [Look, (next: Look) => void] {
  return useRemembered("look", look, USUAL);
}

/** Only what is set: the order of the fields is always the same, so that equal filters are equal texts. */
export function filterOf({ state, partition, match, from, to }: Conditions, group: string): MessageFilter {
  return {
    group,
    ...(state === undefined ? {} : { state }),
    ...(partition === undefined || partition === "" ? {} : { partition }),
    ...(match === undefined || match === "" ? {} : { match }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  };
}

export function isFiltered({ state, partition, match, from, to }: Conditions): boolean {
  return [state, partition, match, from, to].some((condition) => condition !== undefined && condition !== "");
}
