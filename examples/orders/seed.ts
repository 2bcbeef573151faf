/** Fills the queues of this folder with real content: real orders, really handled, some of which really fail. */
import { readFileSync } from "node:fs";
import { connect, type Connection } from "queuescope";
import { handler as charge } from "./src/handlers/charge.ts";
import ship from "./src/handlers/ship.ts";
import statistics from "./src/handlers/statistics.ts";
import type { Order, Shipment } from "./src/orders.ts";

const CITIES = ["Lisbon", "Bremen", "Turin", "Lyon", "Graz"];
const PRODUCTS = [
  { product: "teapot", price: 3_450 },
  { product: "notebook", price: 790 },
  { product: "lamp", price: 12_900 },
];
const GOOD_CARD = "4242 4242 4242 4242";
const DECLINED_CARD = "4000 0000 0000 0002";
const SLOW_CARD = "4000 0000 0000 0119";

function order(n: number, change: Partial<Order> = {}): Order {
  const item = PRODUCTS[n % PRODUCTS.length]!;
  return {
    id: String(1000 + n),
    customer: `customer-${(n % 7) + 1}`,
    lines: [{ ...item, quantity: (n % 4) + 1 }],
    card: n % 5 === 0 ? SLOW_CARD : GOOD_CARD,
    address: { street: `Mill Lane ${n}`, city: CITIES[n % CITIES.length]! },
    ...change,
  };
}

const without = ({ address: _address, ...rest }: Order): Order => rest;
const pushed = (data: Order) => ({ data, partition: data.customer, transactionId: `order-${data.id}`, headers: { source: "shop" } });

/** The options of queuescope.json. */
async function createQueues(queues: Connection): Promise<void> {
  const file = JSON.parse(readFileSync(new URL("queuescope.json", import.meta.url), "utf8"));
  for (const [name, options] of Object.entries(file.queues as Record<string, object>)) await queues.queue(name).config(options).create();
}

async function seed(queues: Connection): Promise<void> {
  await createQueues(queues);
  const orders = queues.queue<Order>("orders");

  // Yesterday's orders: most are paid, some fail for good.
  const first = Array.from({ length: 24 }, (_, n) => order(n));
  const failing = [order(24, { card: DECLINED_CARD }), without(order(25)), order(26, { card: DECLINED_CARD }), without(order(27))];
  await orders.push([...first, ...failing].map(pushed));
  // Retries come quickly while this runs.
  await orders.config({ retryDelay: "10ms" }).create();
  await orders.concurrency(4).idle("500ms").consume(charge);
  await createQueues(queues);

  // Another group has seen a part of them, and the first parcels are on their way.
  await orders.group("statistics").batch(10).limit(20).idle("500ms").consume(statistics);
  await queues.queue<Shipment>("shipments").limit(9).idle("500ms").consume(ship);

  // Today's orders wait for a worker; some are for later.
  await orders.push(Array.from({ length: 12 }, (_, n) => pushed(order(30 + n))));
  await orders.push([pushed(without(order(50))), pushed(order(51, { card: DECLINED_CARD }))]);
  await orders.push([
    { ...pushed(order(60)), delay: "1h" },
    { ...pushed(order(61)), delay: "1d" },
    { ...pushed(order(62)), delay: "7d" },
  ]);
}

const queues = await connect({ cwd: import.meta.dirname });
try {
  await seed(queues);
} finally {
  await queues.close();
}
