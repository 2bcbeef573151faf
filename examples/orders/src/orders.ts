/** What travels through the queues. */
export interface Order {
  readonly id: string;
  readonly customer: string;
  readonly lines: readonly OrderLine[];
  readonly card: string;
  /** Left out by an old version of the shop when the customer picks the order up. */
  readonly address?: Address;
}

export interface OrderLine {
  readonly product: string;
  readonly quantity: number;
  /** In cents. */
  readonly price: number;
}

export interface Address {
  readonly street: string;
  readonly city: string;
}

export interface Shipment {
  readonly order: string;
  readonly label: string;
}

export interface Invoice {
  readonly order: string;
  readonly customer: string;
  /** In cents. */
  readonly total: number;
  readonly receipt: string;
}

export function total(order: Order): number {
  return order.lines.reduce((sum, line) => sum + line.quantity * line.price, 0);
}

/** What is printed on the parcel. */
export function shippingLabel(order: Order): string {
  // Wrong on purpose: an order without an address fails here, and ends in the dead letters.
  const { street, city } = order.address!;
  return `${order.customer}, ${street}, ${city}`;
}
