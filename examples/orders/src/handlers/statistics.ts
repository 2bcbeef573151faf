import type { Message } from "queuescope";
import { type Order, total } from "../orders.ts";

/** A second group on the same queue: it sees every order, whatever becomes of its payment. */
export default async function statistics(messages: readonly Message<Order>[]) {
  const cents = messages.reduce((sum, { data }) => sum + total(data), 0);
  console.log(`${messages.length} orders worth ${(cents / 100).toFixed(2)}`);
}
