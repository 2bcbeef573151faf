import type { HandlerContext, Message } from "queuescope";
import { type Order, shippingLabel, total } from "../orders.ts";
import { CardDeclined, charge } from "../payment.ts";

/** Charges an order, then hands it on: the ack and both pushes happen together or not at all. */
export async function handler(message: Message<Order>, { queues, trace }: HandlerContext) {
  const order = message.data;
  const cents = total(order);
  try {
    const label = shippingLabel(order);
    const receipt = await charge(order.card, cents, message.attempt);
    await trace({ eventType: "charged", traceName: `order-${order.id}`, data: { cents, receipt } });
    await queues
      .transaction()
      .ack(message)
      .queue("shipments").partition(order.customer).push({ order: order.id, label })
      .queue("invoices").push({ order: order.id, customer: order.customer, total: cents, receipt })
      .commit();
  } catch (error) {
    // No retry makes a declined card good.
    if (!(error instanceof CardDeclined)) throw error;
    await queues.dead(message, { error });
  }
}
