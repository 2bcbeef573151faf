import type { UndoneRedrive } from "./port/repair.ts";

/** Why a redrive isn't undone, in the same words on every broker. */
export const redriveStays = {
  notThere: (id: string): UndoneRedrive => stays(id, `There is no dead letter ${JSON.stringify(id)} in this queue. It may have been discarded.`),
  notRedriven: (id: string): UndoneRedrive => stays(id, `${id} wasn't redriven, or that was undone before.`),
  gone: (id: string, message: string): UndoneRedrive => stays(id, `The message ${message}, which ${id} was redriven to, isn't there any more: it was worked off, has expired, or was removed.`),
  delivered: (id: string, message: string, group: string): UndoneRedrive => stays(id, `The message ${message}, which ${id} was redriven to, was delivered to the group ${JSON.stringify(group)} already.`),
  leased: (id: string, message: string, group: string): UndoneRedrive => stays(id, `The message ${message}, which ${id} was redriven to, is leased in the group ${JSON.stringify(group)}.`),
  unknown: (id: string, message: string, group: string): UndoneRedrive => stays(id, `The group ${JSON.stringify(group)} was moved past the message ${message}, which ${id} was redriven to, so whether it was delivered before isn't known.`),
} as const;

export type RedriveStays = keyof typeof redriveStays;

function stays(deadLetterId: string, reason: string): UndoneRedrive {
  return { deadLetterId, undone: false, reason };
}

/** What a message's timeline says of it. */
export const REDRIVE_UNDONE = { event: "removed", reason: "Its redrive was undone." } as const;

/** What stands in a group's way of giving a message back that it was never to have been given; `null`: nothing. */
export function standsInTheWay({ state, deliveries, passed }: { readonly state: string; readonly deliveries: number; readonly passed: boolean }): "leased" | "delivered" | "unknown" | null {
  if (state === "leased") return "leased";
  if (deliveries > 0) return "delivered";
  return passed ? "unknown" : null;
}
