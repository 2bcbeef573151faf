import { setTimeout as sleep } from "node:timers/promises";

export class CardDeclined extends Error {
  override readonly name = "CardDeclined";
}

export class GatewayTimeout extends Error {
  override readonly name = "GatewayTimeout";
}

/** Stands for a payment gateway: it declines cards that end in 0002, and answers those that end in 0119 only at the second attempt. */
export async function charge(card: string, cents: number, attempt: number): Promise<string> {
  await sleep(20);
  if (card.endsWith("0002")) throw new CardDeclined(`The card ending in ${card.slice(-4)} was declined for ${(cents / 100).toFixed(2)}.`);
  if (card.endsWith("0119") && attempt === 1) throw new GatewayTimeout("The payment gateway didn't answer within 20 ms.");
  return `receipt-${card.slice(-4)}-${cents}`;
}
