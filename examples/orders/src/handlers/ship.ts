import type { HandlerContext, Message } from "queuescope";
import type { Shipment } from "../orders.ts";

/** Prints a label. The printer is out of paper for one city, which shows what a retry looks like. */
export default async function ship(message: Message<Shipment>, { trace }: HandlerContext) {
  const { order, label } = message.data;
  if (label.includes("Bremen") && message.attempt < 3) return { success: false, error: "The label printer is out of paper.", details: { printer: "north-2" } } as const;
  await trace({ eventType: "label-printed", traceName: `order-${order}`, data: { label } });
  return { success: true } as const;
}
