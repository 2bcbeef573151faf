import { invalidInput } from "../core/index.ts";
import type { Failure, Settlement } from "../core/index.ts";
import { failureFrom } from "./handler.ts";
import { Message } from "./message.ts";

/** A message as it was popped, or its receipt. */
export type Settleable = Message | string;

export function listed(targets: Settleable | readonly Settleable[]): readonly Settleable[] {
  return typeof targets === "object" && Symbol.iterator in targets ? targets : [targets];
}

/** The answer for the only thing that was asked of a broker. */
export function theOnly<R>(results: readonly R[]): R {
  const [result] = results;
  if (result === undefined) throw new Error("The broker answered nothing.");
  return result;
}

/** @throws invalid-input when it has no receipt */
export function receiptOf(target: unknown): string {
  if (typeof target === "string" && target !== "") return target;
  if (!(target instanceof Message)) throw invalidInput("receipt", "Only a popped message or its receipt can be settled.");
  if (target.receipt !== null) return target.receipt;
  throw invalidInput("receipt", `Message ${target.id} was popped at most once: it was completed on delivery and has no receipt to settle.`);
}

function failure(error: unknown): { readonly error?: Failure } {
  return error === undefined ? {} : { error: failureFrom(error) };
}

export const settlement = {
  ack: (target: Settleable, options: { readonly cumulative?: boolean } = {}): Settlement => {
    // In one seed system the second argument says whether it went well: never take a failure for an ack.
    if (typeof options !== "object") throw invalidInput("options", "ack takes options as its second argument, such as { cumulative: true }. Use nack(message, { error }) for a failure.");
    return { action: "ack", receipt: receiptOf(target), ...(options.cumulative === true ? { cumulative: true } : {}) };
  },
  nack: (target: Settleable, error: unknown, delay: number | undefined): Settlement => ({ action: "nack", receipt: receiptOf(target), ...failure(error), ...(delay === undefined ? {} : { delay }) }),
  release: (target: Settleable): Settlement => ({ action: "release", receipt: receiptOf(target) }),
  dead: (target: Settleable, error: unknown): Settlement => ({ action: "dead", receipt: receiptOf(target), ...failure(error) }),
};
