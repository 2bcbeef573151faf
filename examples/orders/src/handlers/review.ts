import type { DeadLetterContext, DeadMessage } from "queuescope";
import type { Order } from "../orders.ts";

/** Looks at failed orders: a return discards the dead letter, a throw keeps it for a person. */
export default async function review(letter: DeadMessage<Order>, { queues }: DeadLetterContext) {
  if (letter.data.address === undefined) throw new Error(`Order ${letter.data.id} has no address: ask ${letter.data.customer}.`);
  await queues.queue("emails").push({ to: letter.data.customer, text: `Your order ${letter.data.id} was not paid: ${letter.error}` });
}
